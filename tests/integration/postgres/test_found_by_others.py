"""What a comparison or a stopped run found stays an alert, for every machine, until its like finds it over."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.tellings import PostgresTellings
from signalq_billing.domain.alert import Alert, AlertKind
from signalq_billing.domain.discrepancy import ComparedPeriod, OwnOrder, missing_there
from signalq_billing.domain.period import UTC
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.telling import Patience
from signalq_billing.errors import BadRowsExceeded
from signalq_billing.services.comparing import Comparison
from signalq_billing.services.watching.discrepancies import discrepancies
from signalq_billing.services.watching.source import stopped_by_bad_rows
from tests.integration.postgres.factories import WEEK, World, snapshot
from tests.integration.postgres.test_watching import Guard

NOW = dt.datetime.now(UTC)
CREATED = OwnOrder("ref-1", "park-1", 1, None, Decimal("80.00"), "RUB", PaymentProgress.CREATED, "doc-1")
MISSING = ComparedPeriod(WEEK.cadence, WEEK.name, discrepancies=(missing_there(CREATED, "it does not have it"),))


@pytest.fixture
def guard(engine: Engine) -> Guard:
    return Guard(World(engine))


def noted(guard: Guard, alert: Alert) -> None:
    """Seen by somebody who could tell nobody of it."""
    tellings = PostgresTellings(guard.world.engine)
    claim = tellings.claim(alert, Patience())
    assert claim is not None
    tellings.give_back(claim)


def test_what_a_comparison_found_is_told_until_one_finds_nothing(guard: Guard) -> None:
    (alert,) = discrepancies(Comparison((MISSING,)), (), NOW).alerts
    assert alert.title == "discrepancy: 1 order differs between here and billing-orders (1 missing_there)"
    assert alert.money == {"RUB": Decimal("80.00")}
    noted(guard, alert)
    assert guard.found(NOW)[AlertKind.DISCREPANCY] == alert
    assert not guard.look(NOW).covers(alert.key)
    unsure = ComparedPeriod(WEEK.cadence, WEEK.name, not_compared="billing-orders is down")
    assert not discrepancies(Comparison((unsure,)), (), NOW).covers(alert.key)
    assert discrepancies(Comparison((ComparedPeriod(WEEK.cadence, WEEK.name),)), (), NOW).covers(alert.key)


def test_a_run_stopped_by_bad_rows_is_told_until_an_extraction_goes_through(guard: Guard) -> None:
    said = "200 rows are unusable.\nBy reason: null_park_id 200.\nMend the source. Examples:\n  null_park_id: x"
    alert = stopped_by_bad_rows(WEEK, BadRowsExceeded(said), NOW - dt.timedelta(hours=1))
    assert alert.waiting == ("By reason: null_park_id 200.", "null_park_id: x")
    noted(guard, alert)
    assert guard.found(NOW)[AlertKind.BAD_ROWS] == alert
    assert not guard.look(NOW).covers(alert.key)
    guard.world.payouts.save_snapshot(snapshot(), "run-2")
    assert guard.look(NOW).covers(alert.key)
    assert alert.key not in {each.key for each in guard.look(NOW).alerts}
