"""What to do after an error, in one line: the command that tells more, and the runbook's page."""

from __future__ import annotations

import re

from signalq_billing import errors
from signalq_billing.errors import (
    ActivityIncomplete,
    BillingMisconfigured,
    BillingUnavailable,
    DependenciesUnavailable,
    Held,
    OutcomeUnknown,
    PeriodNotOver,
    SignalqBillingError,
    SourceInvalid,
    SourceUnavailable,
    StorageUnavailable,
    UsageError,
)

_DOCTOR = "`signalq-billing doctor` tells which service is wrong; nothing is lost, the command can be repeated"
_STEPS: tuple[tuple[type[SignalqBillingError], str], ...] = (
    (ActivityIncomplete, "wait until the replica is complete; `signalq-billing doctor` tells how far it is"),
    (BillingMisconfigured, "`signalq-billing doctor`; mend the connection billing_orders and repeat the command"),
    (OutcomeUnknown, "`signalq-billing reconcile` asks billing-orders; make no order by hand meanwhile"),
    (Held, "`signalq-billing status` says what is held and why"),
    (PeriodNotOver, ""),
    (StorageUnavailable, _DOCTOR),
    (SourceUnavailable, _DOCTOR),
    (BillingUnavailable, _DOCTOR),
    (DependenciesUnavailable, _DOCTOR),
    (SourceInvalid, "correct source.yaml or the table; `signalq-billing doctor` looks at both"),
)


def next_step(error: SignalqBillingError) -> str:
    """One line, or nothing where the message itself says what would be right."""
    if isinstance(error, UsageError | PeriodNotOver) or type(error).__module__ != errors.__name__:
        return ""
    step = next((text for kind, text in _STEPS if isinstance(error, kind)), "")
    page = f"docs/runbook/{page_of(type(error))}"
    return f"{step} ({page})" if step else page


def page_of(kind: type[SignalqBillingError]) -> str:
    """The page of the runbook about an error."""
    return re.sub(r"(?<!^)([A-Z])", r"-\1", kind.__name__).lower() + ".md"
