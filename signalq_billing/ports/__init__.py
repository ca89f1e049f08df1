"""What the services need from the outside, as few Protocols as they get by with. Adapters implement them; nothing
here names a technology."""

from signalq_billing.ports.activity import ActivitySource
from signalq_billing.ports.adjustments import Adjustments
from signalq_billing.ports.billing import BillingOrders, OrderBooks
from signalq_billing.ports.clock import Clock
from signalq_billing.ports.configs import ConfigStore
from signalq_billing.ports.metrics import Metrics
from signalq_billing.ports.pages import PayoutPages
from signalq_billing.ports.payouts import PayoutStore, StoredPayout

__all__ = [
    "ActivitySource",
    "Adjustments",
    "BillingOrders",
    "Clock",
    "ConfigStore",
    "Metrics",
    "OrderBooks",
    "PayoutPages",
    "PayoutStore",
    "StoredPayout",
]
