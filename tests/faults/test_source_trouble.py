"""YTsaurus failing at every call of a run and in the middle of its answers, a replica that lags, clocks that are wrong,
configs that change on the way: whoever cannot be computed rightly is paid nothing, and rightly later."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yt.packages.requests as http
from sqlalchemy import Engine

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.ytsaurus.query import Patience
from signalq_billing.devstack.billing_orders import process
from signalq_billing.devstack.billing_orders.books import Books
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.devstack.ytsaurus.process import Handle, start
from signalq_billing.domain.config import ParkConfig, Scope
from signalq_billing.errors import ActivityIncomplete, SignalqBillingError, SourceInvalid, SourceUnavailable
from signalq_billing.services.compute import compute_and_store
from signalq_billing.services.extract import extract_and_save
from signalq_billing.services.run import Runner
from tests.faults.invariants import Stored, broken
from tests.faults.test_crashes import EVERYTHING
from tests.integration.payments import money_accepted, submitter
from tests.integration.ytsaurus.conftest import TOKEN, Cluster, connect
from tests.integration.ytsaurus.paid_week import EVENTS, NOW, WEEK, PaidWeek

pytestmark = pytest.mark.timeout(900)
PAID = Decimal("29.99")
HASTY = Patience(time_limit=20, first_poll=0.02, longest_poll=0.1, unreachable=0.2)


@pytest.fixture(scope="module")
def handle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    running = start(tmp_path_factory.mktemp("yt"), TOKEN)
    yield running
    running.stop()


class Week:
    """A week with real rows on a cluster, and everything that pays it."""

    def __init__(self, engine: Engine, handle: Handle, billing: BillingOrdersProcess) -> None:
        self.cluster = Cluster(handle, connect(handle))
        self.week = PaidWeek(engine, self.cluster)
        self.engine, self.billing, self.store = engine, billing, PostgresPayoutStore(engine)

    def run(self, now: dt.datetime = NOW, announce: Callable[[str], None] = lambda _: None) -> None:
        runner = Runner(
            source=self.week.source, activity=self.cluster.adapter(HASTY, bad_row_share=self.week.source.bad_row_share),
            payouts=self.store, billing=self.billing_orders, submitter=submitter(self.engine, self.billing),
            metrics=NoMetrics(), actor="run", announce=announce,
        )  # fmt: skip
        runner.run(WEEK, [self.week.config], all_parks=True, now=now)

    @property
    def billing_orders(self) -> Any:  # noqa: ANN401
        return submitter(self.engine, self.billing).sender.billing

    @property
    def problems(self) -> list[str]:
        books = Books(self.billing.data_dir)
        try:
            return broken(Stored.read(self.engine), books.everything())
        finally:
            books.close()

    def is_paid_after(self) -> None:
        """Whatever happened before: a run now pays, once."""
        self.cluster.handle.faults.clear()
        assert money_accepted(self.billing) in (Decimal(0), PAID)
        self.run()
        assert money_accepted(self.billing) == PAID
        assert self.problems == []


@pytest.fixture
def week(engine: Engine, handle: Handle, tmp_path: Path) -> Iterator[Week]:
    billing = process.start(tmp_path / "billing", "secret-token")
    yield Week(engine, handle, billing)
    handle.faults.clear()
    billing.stop()


@pytest.fixture
def at_call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Do something just before call number n to the cluster (0: never); tells all calls that were made. However often
    a query is asked for its state in a row, that is one call: how often depends on how fast it is."""
    send = http.Session.send

    def install(number: int = 0, happens: Callable[[], None] = lambda: None) -> list[str]:
        calls: list[str] = []

        def counted(session: http.Session, request: Any, **options: Any) -> Any:  # noqa: ANN401
            name = request.url.partition("/api/")[2].partition("?")[0]
            if not (calls and calls[-1] == name == "v4/get_query"):
                calls.append(name)
                if len(calls) == number:
                    happens()
            return send(session, request, **options)

        monkeypatch.setattr(http.Session, "send", counted)
        return calls

    return install


@pytest.mark.parametrize("share", range(2))
def test_a_cluster_that_goes_away_at_any_call_of_a_run_pays_nobody_and_later_everybody(
    week: Week, at_call: Callable[..., list[str]], share: int
) -> None:
    calls = at_call()
    computed(week, extracted(week))
    points = list(range(1 + share, len(calls) + 1, 2))
    for number in points if EVERYTHING else points[:: max(len(points) // 3, 1)]:
        made = at_call(number, week.cluster.handle.faults.down)
        with pytest.raises(SourceUnavailable):
            computed(week, extracted(week))
        assert len(made) >= number
        week.cluster.handle.faults.clear()
    at_call()
    assert money_accepted(week.billing) == 0
    week.is_paid_after()


STREAMS: list[dict[str, Any]] = [
    {"kind": "cut", "after_bytes": 0},
    {"kind": "cut", "after_bytes": 900},
    {"kind": "cut", "after_bytes": 900, "orderly": True},
    {"kind": "trailer", "after_bytes": 900, "code": 716, "message": "gone"},
]


@pytest.mark.parametrize("fault", STREAMS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_an_answer_that_breaks_off_is_never_taken_for_all_there_is(week: Week, fault: dict[str, Any]) -> None:
    week.cluster.handle.faults.set({**fault, "command": "read_table", "times": 2})
    week.run()
    assert money_accepted(week.billing) == PAID
    week.is_paid_after()


def test_a_replica_that_stands_still_pays_nobody_until_it_moves_on(week: Week) -> None:
    week.cluster.client.remove(week.week.source.table)
    early = [row for row in EVENTS if row["status_at"] < WEEK.end.timestamp() * 1e6]
    week.cluster.status_history(early)
    week.cluster.handle.faults.freeze(week.week.source.table)
    week.week.add(*EVENTS)
    with pytest.raises(ActivityIncomplete, match="missing is not idle"):
        week.run()
    assert money_accepted(week.billing) == 0
    week.is_paid_after()


@pytest.mark.parametrize("wrong", [dt.timedelta(days=-3650), dt.timedelta(days=-2), dt.timedelta(hours=-3)])
def test_a_clock_that_is_behind_pays_nobody(week: Week, wrong: dt.timedelta) -> None:
    with pytest.raises(SignalqBillingError):
        week.run(now=NOW + wrong)
    assert money_accepted(week.billing) == 0
    week.is_paid_after()


def test_a_clock_that_is_years_ahead_pays_the_same(week: Week) -> None:
    week.run(now=NOW + dt.timedelta(days=3650))
    assert money_accepted(week.billing) == PAID
    week.is_paid_after()


def test_a_clock_that_jumps_back_during_a_run_pays_once(week: Week) -> None:
    week.run()
    for wrong in (dt.timedelta(days=-30), dt.timedelta(days=400)):
        try:
            week.run(now=NOW + wrong)
        except SignalqBillingError:
            assert wrong < dt.timedelta(0)
    assert money_accepted(week.billing) == PAID
    week.is_paid_after()


def changed(config: ParkConfig, **terms: Any) -> ParkConfig:  # noqa: ANN401
    assert config.terms is not None
    return replace(config, terms=replace(config.terms, **terms))


def test_activity_rules_that_change_after_the_extraction_are_not_computed_with(week: Week) -> None:
    snapshot_id = extracted(week)
    assert week.week.config.terms is not None
    activity = replace(week.week.config.terms.activity, active_statuses=("online", "busy"))
    week.week.configs.apply([changed(week.week.config, activity=activity)], "ann")
    with pytest.raises(SourceInvalid, match="extract again"):
        computed(week, snapshot_id)
    assert week.store.payouts() == []
    week.week.config = current(week)
    week.run()
    assert week.problems == []
    assert money_accepted(week.billing) == week.store.payouts()[0].total


def test_a_price_that_changes_after_the_extraction_is_what_is_paid(week: Week) -> None:
    snapshot_id = extracted(week)
    assert week.week.config.terms is not None
    charge = replace(week.week.config.terms.charge, scope=Scope.PARK)
    week.week.configs.apply([changed(week.week.config, charge=charge)], "ann")
    computed(week, snapshot_id)
    submitter(week.engine, week.billing).submit(week.store.payouts())
    assert week.problems == []
    assert money_accepted(week.billing) == week.store.payouts()[0].total


def test_a_price_that_changes_between_compute_and_submit_waits_for_the_next_computation(week: Week) -> None:
    computed(week, extracted(week))
    before = week.store.payouts()[0]
    assert week.week.config.terms is not None
    charge = replace(week.week.config.terms.charge, scope=Scope.PARK)
    week.week.configs.apply([changed(week.week.config, charge=charge)], "ann")
    submitter(week.engine, week.billing).submit(week.store.payouts())
    week.week.config = current(week)
    week.run()
    (after,) = week.store.payouts()
    assert (after.total, money_accepted(week.billing)) == (before.total, before.total)
    assert week.problems == []


def extracted(week: Week) -> int:
    """The task `extract`, with the configs as they are applied now."""
    return extract_and_save(
        WEEK, [current(week)], source=week.week.source,
        activity=week.cluster.adapter(bad_row_share=week.week.source.bad_row_share), payouts=week.store,
        metrics=NoMetrics(), now=NOW, actor="run",
    )  # fmt: skip


def computed(week: Week, snapshot_id: int) -> None:
    """The task `compute`, with the configs as they are applied now."""
    snapshot = week.store.snapshot(snapshot_id)
    adapter = week.cluster.adapter(HASTY)
    compute_and_store(snapshot, snapshot_id, [current(week)], activity=adapter, payouts=week.store, actor="run")


def current(week: Week) -> ParkConfig:
    (config,) = week.week.configs.current()
    return config
