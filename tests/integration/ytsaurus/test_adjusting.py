"""`adjust` end to end: late rows and corrected configs, from a cluster through PostgreSQL to billing-orders."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.adjustment import Step
from signalq_billing.domain.config import Limits, ParkConfig
from signalq_billing.domain.guards import Guards
from signalq_billing.errors import DependenciesUnavailable, SignalqBillingError, SourceInvalid, UsageError
from signalq_billing.services.adjust import PeriodAdjusted, last_periods
from tests.integration.payments import submitter
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.desk import LATE, Desk, paid_desk
from tests.integration.ytsaurus.paid_week import NOW, PARK, WEEK, WEEKLY, at, event

D = Decimal


@pytest.fixture
def desk(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    return paid_desk(engine, cluster, billing)


def test_late_rows_are_paid_once_however_often_it_is_asked(desk: Desk) -> None:
    desk.add(*LATE)
    first = desk.adjusts()
    assert [(park.step, park.difference, park.ordered) for park in first.parks] == [
        (Step.STORED, D("12.50"), D("12.50"))
    ]
    assert first.orders.created == 1
    for _ in range(2):
        assert desk.adjusts_one().step is Step.NOTHING
    assert desk.amounts() == [(1, "35.50", "0.00"), (2, "12.50", "0.00")]
    assert desk.verify().as_stored


def test_a_dry_run_tells_the_same_and_does_nothing(desk: Desk) -> None:
    desk.add(*LATE)
    told = desk.adjusts_one(dry_run=True)
    assert (told.step, told.difference, told.ordered, told.payout_id) == (Step.STORED, D("12.50"), D("12.50"), None)
    assert (len(desk.payouts.payouts()), len(desk.amounts())) == (1, 1)


def test_less_is_taken_back_from_the_next_period_and_never_below_zero(desk: Desk) -> None:
    desk.add(event("cam-good", "offline", at(18, "22:30:01")))
    done = desk.adjusts_one()
    assert (done.step, done.ordered) == (Step.STORED, 0)
    assert done.debt == -done.difference == D("15.50")
    assert desk.verify().as_stored
    desk.add(event("cam-good", "offline", at(17, "10:00:01")))
    assert desk.adjusts_one().debt == D("35.50")  # one day is below min_active_days
    assert desk.verify().as_stored
    assert desk.amounts() == [(1, "35.50", "0.00")]


def test_the_park_is_recomputed_by_the_config_that_is_in_force_now(desk: Desk) -> None:
    assert desk.adjusts_one().step is Step.NOTHING
    corrected = replace(desk.config, effective_from=dt.date(2026, 11, 16))
    assert corrected.terms is not None
    desk.applies(replace(corrected, terms=replace(corrected.terms, limits=Limits(device_max=D(40), device_min=D(40)))))
    done = desk.adjusts_one()
    assert (done.difference, desk.amounts()[1:]) == (D("4.50"), [(2, "4.50", "0.00")])
    (origin,) = [each.origin for each in desk.payouts.records(WEEK.cadence, WEEK.name) if each.progress.revision == 2]
    assert origin.config.effective_from == dt.date(2026, 11, 16)
    assert desk.verify().as_stored


def test_a_park_that_no_config_pays_any_more_is_left_to_a_person(desk: Desk) -> None:
    desk.applies(ParkConfig(PARK, dt.date(2026, 11, 16), WEEKLY.name, None))
    desk.add(*LATE)
    done = desk.adjusts()
    assert [(park.step, park.difference) for park in done.problems] == [(Step.PROBLEM, 0)]
    assert "no config in force pays it" in done.problems[0].why
    assert len(desk.payouts.payouts()) == 1


def test_rows_that_are_gone_from_the_source_take_nothing_back(desk: Desk) -> None:
    desk.cluster.client.remove(desk.source.table)
    desk.cluster.status_history([event("cam-clock", "online", at(23, "04:30"), "park-other")])
    with pytest.raises(SourceInvalid, match="rows are gone"):
        desk.adjusts()
    assert desk.cluster.left_over() == []
    assert desk.adjusts_one(rows_may_be_gone=True).debt == D("35.50")


def test_a_period_that_cannot_be_trusted_keeps_no_other_period_waiting(desk: Desk) -> None:
    desk.cluster.client.remove(desk.source.table)
    desk.cluster.status_history([event("cam-clock", "online", at(23, "04:30"), "park-other")])
    done = list(desk.adjuster().adjust_window([WEEK, *last_periods(WEEKLY, NOW, 2)[:1]], now=NOW))
    assert ["rows are gone" in each.refused for each in done] == [True, False]
    assert list(desk.adjuster().adjust_window([WEEK], ["park-x"], now=NOW)) == [PeriodAdjusted(WEEK)]


def test_nothing_is_stored_while_billing_orders_is_down(desk: Desk) -> None:
    desk.add(*LATE)
    desk.billing.stop()
    with pytest.raises(DependenciesUnavailable, match="billing-orders"):
        desk.adjusts()
    assert len(desk.payouts.payouts()) == 1
    assert desk.adjusts_one(dry_run=True).difference == D("12.50")
    desk.billing.restart()
    assert desk.adjusts().orders.created == 1


def test_an_adjustment_whose_order_was_not_created_is_sent_by_the_next(desk: Desk) -> None:
    desk.add(*LATE)
    stopped = submitter(desk.engine, desk.billing, guards=Guards(kill_switch=True))
    made = replace(desk.adjuster(), submitter=stopped)
    with pytest.raises(SignalqBillingError, match="kill_switch"):
        made.adjust(WEEK, now=NOW)
    assert len(desk.amounts()) == 1
    done = desk.adjusts()
    assert (done.parks[0].step, done.orders.created) == (Step.KEPT, 1)
    assert desk.amounts()[1:] == [(2, "12.50", "0.00")]


def test_a_period_nothing_is_stored_for_is_not_even_read(desk: Desk) -> None:
    before = WEEKLY.preceding(WEEK)
    assert before is not None
    assert desk.adjusts(before).snapshot is None
    with pytest.raises(UsageError, match="no payout of park park-x is stored"):
        desk.adjusts(WEEK, "park-x")


def test_the_last_periods_are_the_complete_ones_oldest_first() -> None:
    assert [each.name.isoformat() for each in last_periods(WEEKLY, NOW, 3)] == [
        "2026-11-02",
        "2026-11-09",
        "2026-11-16",
    ]
    assert len(last_periods(WEEKLY, NOW, 1000)) == 46
