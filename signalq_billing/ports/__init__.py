"""What the services need from the outside, as few Protocols as they get by with. Adapters implement them; nothing
here names a technology."""

from signalq_billing.ports.activity import ActivitySource
from signalq_billing.ports.adjustments import Adjustments
from signalq_billing.ports.alerts import Notifier, Notifiers, Tellings
from signalq_billing.ports.billing import BillingOrders, OrderBooks
from signalq_billing.ports.clock import Clock
from signalq_billing.ports.configs import ConfigStore
from signalq_billing.ports.holders import Holders
from signalq_billing.ports.metrics import Metrics
from signalq_billing.ports.pages import PayoutPages
from signalq_billing.ports.payouts import PayoutStore, StoredPayout
from signalq_billing.ports.standings import Standings
from signalq_billing.ports.watching import Extraction, OpenPayout, StoredWork, UnknownOrder

__all__ = [
    "ActivitySource",
    "Adjustments",
    "BillingOrders",
    "Clock",
    "ConfigStore",
    "Extraction",
    "Holders",
    "Metrics",
    "Notifier",
    "Notifiers",
    "OpenPayout",
    "OrderBooks",
    "PayoutPages",
    "PayoutStore",
    "Standings",
    "StoredPayout",
    "StoredWork",
    "Tellings",
    "UnknownOrder",
]
