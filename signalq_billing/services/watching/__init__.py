"""What an operator should be told, found by looking: late and forgotten periods, what is held or stuck, a source that
lags or is dirty, services that are down. Reads only."""

from signalq_billing.services.watching.findings import Findings, Limits, Plan, Stored
from signalq_billing.services.watching.watcher import Watcher

__all__ = ["Findings", "Limits", "Plan", "Stored", "Watcher"]
