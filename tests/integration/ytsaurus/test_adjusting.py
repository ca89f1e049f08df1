"""`adjust` end to end: late rows and corrected configs, from a cluster through PostgreSQL to billing-orders."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
from signalq_billing.cli import adjust as adjust_command
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.explain_document import explanation_document
from signalq_billing.cli.explain_text import explanation_text
from signalq_billing.devstack.billing_orders import process
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.adjustment import Adjusted, Step
from signalq_billing.domain.config import Limits, ParkConfig
from signalq_billing.domain.configs import ServiceConfig
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.period import Period
from signalq_billing.errors import DependenciesUnavailable, Refused, SignalqBillingError, SourceInvalid, UsageError
from signalq_billing.services.adjust import Adjuster, PeriodAdjusted, last_periods
from tests.integration.payments import ImpatientClock, submitter
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.paid_week import NOW, PARK, WEEK, WEEKLY, PaidWeek, at, config, event

D = Decimal
LATE = [event("cam-good", "online", at(21, "10:00")), event("cam-good", "offline", at(21, "11:00"))]


class Desk(PaidWeek):
    """The week of one park, paid through a real billing-orders; what an operator does about it afterwards."""

    billing: BillingOrdersProcess

    def adjuster(self) -> Adjuster:
        return Adjuster(
            cadences={WEEKLY.name: WEEKLY},
            source=self.source,
            activity=self.cluster.adapter(bad_row_share=self.source.bad_row_share),
            payouts=self.payouts,
            adjustments=PostgresAdjustments(self.engine),
            configs=self.configs,
            billing=connect(self.billing.base_url, self.billing.token, 5.0),
            submitter=submitter(self.engine, self.billing),
            metrics=NoMetrics(),
            actor="adjust",
            announce=lambda _: None,
        )

    def send(self) -> None:
        submitter(self.engine, self.billing).submit(self.payouts.payouts())

    def adjusts(self, period: Period = WEEK, *parks: str, **options: Any) -> PeriodAdjusted:  # noqa: ANN401
        done = self.adjuster().adjust(period, parks, now=NOW, **options)
        assert self.cluster.left_over() == []
        return done

    def adjusts_one(self, **options: Any) -> Adjusted:  # noqa: ANN401
        (park,) = self.adjusts(**options).parks
        return park

    def amounts(self) -> list[tuple[int, str, str]]:
        """(revision, amount, carried) of every order that billing-orders has."""
        payloads = [order["payload"] for order in self.billing.books()["orders"]]
        return [(each["revision"], each["amount"], each["carried"]) for each in payloads]

    def applies(self, changed: ParkConfig) -> None:
        self.configs.apply([changed], "ada@ops")


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[BillingOrdersProcess]:
    running = process.start(tmp_path / "billing", "secret-token")
    yield running
    running.stop()


@pytest.fixture
def desk(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    """35.50 RUB for cam-good, created."""
    made = Desk(engine, cluster, config(limits=Limits()))
    made.billing = billing
    made.pay()
    made.send()
    return made


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


@pytest.fixture
def rejected(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    """A week that billing-orders refused to pay."""
    made = Desk(engine, cluster, config(limits=Limits()))
    made.billing = billing
    made.pay()
    billing.faults.fail(422)
    made.send()
    billing.faults.clear()
    (payout,) = made.payouts.payouts()
    assert payout.hold_reason
    return made


def reform(desk: Desk, **options: Any) -> PeriodAdjusted:  # noqa: ANN401
    return desk.adjuster().reform(WEEK, PARK, by="ada", note="new account", now=NOW, **options)


def test_a_rejected_payout_is_formed_anew_and_paid_under_another_key(rejected: Desk) -> None:
    assert rejected.adjusts_one().step is Step.LEFT
    assert reform(rejected, dry_run=True).parks[0].ordered == D("35.50")
    assert not rejected.payouts.payouts()[0].retired
    done = reform(rejected)
    assert (done.parks[0].retired, done.orders.created) == (1, 1)
    assert rejected.amounts() == [(2, "35.50", "0.00")]
    again = submitter(rejected.engine, rejected.billing).submit(rejected.payouts.payouts())
    assert (again.already_created, again.held, again.problems) == (1, 0, [])
    assert rejected.verify().as_stored
    rejected.add(*LATE)
    assert rejected.adjusts_one().revision == 3
    assert rejected.amounts()[1:] == [(3, "12.50", "0.00")]
    with pytest.raises(Refused, match="no payout of it is held"):
        reform(rejected)


def test_a_payout_that_billing_orders_has_is_never_formed_anew(rejected: Desk) -> None:
    (payout,) = rejected.payouts.payouts()
    (row,) = [dict(each) for each in _rows(rejected.engine, "SELECT payload FROM payout_order")]
    payload = json.loads(bytes(row["payload"]))
    connection = rejected.billing._remote._session
    answer = connection.post(
        f"{rejected.billing.base_url}/v1/orders",
        json=payload,
        headers={"X-Idempotency-Token": payload["external_ref"]},
        timeout=5,
    )
    assert answer.status_code == 200
    with pytest.raises(Refused, match="billing-orders has weekly_msk:2026-11-16"):
        reform(rejected)
    assert not payout.retired


def test_a_payout_is_not_formed_anew_while_billing_orders_cannot_be_asked(rejected: Desk) -> None:
    rejected.billing.stop()
    with pytest.raises(Refused, match="could not be asked"):
        reform(rejected)


def test_a_payout_that_was_never_rejected_is_not_formed_anew(desk: Desk) -> None:
    with pytest.raises(Refused, match="no payout of it is held"):
        reform(desk)


def _rows(engine: Engine, sql: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql(sql).mappings())


class Shell:
    """The command line of an operator whose connections lead to the desk's services."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        made = desk.adjuster()
        settings = ServiceConfig(cadences={WEEKLY.name: WEEKLY}, source=desk.source, guards=Guards(), warnings=())
        parts = {"engine": desk.engine, "config": settings, "activity": made.activity, "billing": made.billing}
        for name, part in {**parts, "submitter": made.submitter, "clock": ImpatientClock()}.items():
            monkeypatch.setattr(Wiring, name, part)
        self.app = typer.Typer()
        adjust_command.mount(self.app)

    def types(self, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(self.app, list(words))
        if isinstance(result.exception, SignalqBillingError):
            return result.exception.exit_code, str(result.exception)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout


@pytest.fixture
def shell(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(desk, monkeypatch)


def test_the_command_line_shows_what_was_paid_what_is_due_and_what_happens(desk: Desk, shell: Shell) -> None:
    desk.add(*LATE)
    code, out = shell.types("-c", "weekly_msk", "-p", "2026-11-16", "--dry-run")
    assert code == 0
    assert "35.50" in out
    assert "48.00" in out
    assert "revision 2: order of 12.50" in out
    assert "dry run: nothing was stored or sent" in out
    code, out = shell.types("-c", "weekly_msk", "--window", "2", "--json")
    assert code == 0
    first, second = json.loads(out)["periods"]
    assert first["parks"] == []
    (park,) = second["parks"]
    assert (park["step"], park["paid"], park["recomputed"], park["difference"]) == ("stored", "35.50", "48.00", "12.50")
    assert second["orders"] == {"created": 1, "held": 0, "pending": 0}
    assert "1 of 1 parks were paid what a recompute pays" in shell.types("-c", "weekly_msk", "-p", "2026-11-16")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("-c", "weekly_msk"),
        ("-c", "weekly_msk", "-p", "2026-11-16", "--window", "2"),
        ("-c", "weekly_msk", "--window", "2", "--reform", PARK),
        ("-c", "weekly_msk", "-p", "2026-11-16", "--reform", PARK, "--by", "ada"),
        ("-c", "weekly", "-p", "2026-11-16"),
    ],
)
def test_what_cannot_be_meant_is_bad_usage(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell.types(*words)[0] == 2


def test_what_needs_a_person_shows_in_the_exit_code(desk: Desk, shell: Shell) -> None:
    desk.applies(ParkConfig(PARK, dt.date(2026, 11, 16), WEEKLY.name, None))
    code, out = shell.types("-c", "weekly_msk", "-p", "2026-11-16")
    assert code == 1
    assert "NOT ADJUSTED: no config in force pays it" in " ".join(out.split())


def test_a_rejected_payout_is_formed_anew_from_the_command_line(
    rejected: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(rejected, monkeypatch)
    left = shell.types("-c", "weekly_msk", "-p", "2026-11-16")
    assert left[0] == 3
    named = ("--by", "Ann Lee", "--note", "new account")
    code, out = shell.types("-c", "weekly_msk", "-p", "2026-11-16", "--reform", PARK, *named)
    assert code == 0
    assert "the keys of revision 1 are retired for ever; revision 2: order of 35.50" in " ".join(out.split())
    assert rejected.amounts() == [(2, "35.50", "0.00")]


def test_an_explanation_sums_up_the_revisions_and_tells_what_each_of_them_paid(desk: Desk) -> None:
    desk.add(*LATE)
    desk.adjusts()
    told = desk.explain("cam-good", intervals=False)
    text = " ".join(explanation_text(told).split())
    assert "earned 48.00 RUB (35.50 by revision 1, 12.50 by revision 2)" in text
    assert "! " not in text  # the arithmetic shown is that of all revisions together
    assert "Revision 2: 12.50 RUB for the park, 12.50 RUB for this device." in text
    document = explanation_document(told)
    assert (document["amount"], document["payout"]["total"], document["payout"]["stored_total"]) == ("48.00",) * 3
    assert [(each["revision"], each["amount"]) for each in document["orders"]] == [(1, "35.50"), (2, "12.50")]
    assert [len(each["attempts"]) for each in document["orders"]] == [1, 1]


def test_an_explanation_of_a_device_that_is_gone_says_that_it_was_taken_back(desk: Desk) -> None:
    desk.cluster.client.remove(desk.source.table)
    desk.cluster.status_history([event("cam-clock", "online", at(23, "04:30"), "park-other")])
    desk.adjusts(rows_may_be_gone=True)
    told = desk.explain("cam-good", intervals=False)
    text = " ".join(explanation_text(told).split())
    assert "earned nothing" in text
    assert "it was taken back" in text
    assert "! " not in text  # the arithmetic shown is that of all revisions together
    assert explanation_document(told)["amount"] == "0.00"
