"""Before anything is computed: who answers, and whether waiting would help."""

import datetime as dt
from typing import Any

import pytest

from signalq_billing.domain.source import Source
from signalq_billing.errors import (
    ActivityIncomplete,
    BillingMisconfigured,
    BillingUnavailable,
    DependenciesUnavailable,
    MigrationsMissing,
    SignalqBillingError,
    SourceInvalid,
    SourceUnavailable,
)
from signalq_billing.services.checking import check_dependencies, check_watermark
from tests.unit.domain.builders import period

SOURCE = Source("//t", "//r")


class Answering:
    """A service that answers, or fails in its own way."""

    def __init__(self, error: SignalqBillingError | None = None) -> None:
        self._error = error

    def ping(self) -> None:
        if self._error:
            raise self._error


def check(**failing: Answering) -> None:
    services: dict[str, Any] = {"activity": Answering(), "payouts": Answering(), "billing": Answering(), **failing}
    check_dependencies(**services)


def test_every_service_that_is_down_is_named() -> None:
    with pytest.raises(DependenciesUnavailable, match=r"(?s)YTsaurus: no proxy.*billing-orders: no answer"):
        check(activity=Answering(SourceUnavailable("no proxy")), billing=Answering(BillingUnavailable("no answer")))


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("billing", BillingMisconfigured("401")),
        ("activity", SourceInvalid("no column")),
        ("payouts", MigrationsMissing("old")),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(service: str, error: SignalqBillingError) -> None:
    with pytest.raises(type(error)):
        check(**{service: Answering(error)})


def test_the_replica_has_to_pass_the_periods_end_and_its_lag_allowance() -> None:
    needed = period().end + dt.timedelta(minutes=15)
    check_watermark(period(), needed, SOURCE)
    for late in (needed - dt.timedelta(microseconds=1), None):
        with pytest.raises(ActivityIncomplete, match="missing is not idle"):
            check_watermark(period(), late, SOURCE)
