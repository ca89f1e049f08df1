"""What a look at the real database finds: late and forgotten periods, holds, unknown outcomes, and no history."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.tellings import PostgresTellings
from signalq_billing.adapters.postgres.watching import PostgresStoredWork
from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.alert import Alert, AlertKind
from signalq_billing.domain.alert_text import Places, alert_text
from signalq_billing.domain.order import Created, Unavailable, Unknown
from signalq_billing.domain.period import UTC, Cadence, Every
from signalq_billing.domain.source import Source
from signalq_billing.domain.telling import Patience
from signalq_billing.errors import SourceUnavailable
from signalq_billing.services.watching import Findings, Limits, Plan, Stored, Watcher
from tests.integration.postgres.factories import WEEK, World, config, payout, snapshot

WEEKLY = Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
DUE = WEEK.end + dt.timedelta(minutes=15, hours=3)
LATE = DUE + dt.timedelta(hours=2, minutes=10)
HOUR = dt.timedelta(hours=1)


@dataclass
class Guard:
    """A watcher over a real database; services answer and the replica is complete unless a test says otherwise."""

    world: World
    limits: Limits = field(default_factory=Limits)
    down: dict[str, str] = field(default_factory=dict)
    lag: dt.timedelta = dt.timedelta(minutes=1)
    plan: Plan = field(
        default_factory=lambda: Plan(
            {WEEKLY.name: WEEKLY}, Source("//home/signalq/status_history", result_directory="//home/r")
        )
    )

    @property
    def stored(self) -> Stored:
        engine = self.world.engine
        return Stored(PostgresStoredWork(engine), self.world.payouts, self.world.configs, PostgresTellings(engine))

    def watcher(self) -> Watcher:
        names = ("PostgreSQL", "YTsaurus", "billing-orders")
        services = {name: lambda name=name: self._answer(name) for name in names}
        return Watcher(services, lambda now: now - self.lag, lambda: self.plan, lambda: self.stored, self.limits)

    def _answer(self, name: str) -> None:
        if name in self.down:
            raise SourceUnavailable(self.down[name])

    def look(self, now: dt.datetime = LATE) -> Findings:
        return self.watcher().look(now)

    def found(self, now: dt.datetime = LATE) -> dict[AlertKind, Alert]:
        return {alert.kind: alert for alert in self.look(now).alerts}

    def missed(self, now: dt.datetime = DUE) -> list[Alert]:
        run = "its run scheduled__1 in Airflow is running"
        return list(self.watcher().late(WEEKLY.name, period_start=WEEK.start, now=now, runs=(run,)).alerts)

    def applied(self, *parks: str, before: dt.timedelta = dt.timedelta(days=6)) -> None:
        """Apply configs of parks, as if that had been `before` the week's end."""
        self.world.configs.apply([config(park) for park in parks], "tests")
        at = WEEK.end - before
        self.world.rows("ALTER TABLE config_version DISABLE TRIGGER config_version_stays")
        self.world.rows("UPDATE config_version SET applied_at = %s", at)
        self.world.rows("ALTER TABLE config_version ENABLE TRIGGER config_version_stays")

    def stored_at(self, at: dt.datetime) -> None:
        self.world.rows("UPDATE payout SET created_at = %s", at)

    def tell(self, alert: Alert) -> None:
        claim = self.stored.tellings.claim(alert, Patience())
        assert claim is not None
        self.stored.tellings.told(claim)


@pytest.fixture
def guard(engine: Engine) -> Guard:
    made = Guard(World(engine))
    clean = snapshot(WEEKLY.starting(dt.date(2026, 1, 5)), bad_rows=BadRows())
    made.world._snapshot_id = made.world.payouts.save_snapshot(clean, "run-1")
    return made


def text(alert: Alert, now: dt.datetime = LATE) -> str:
    return alert_text(alert, now, Places())


def test_nothing_is_wrong_where_nothing_is_due(guard: Guard) -> None:
    guard.applied("park-1")
    assert guard.found(DUE - dt.timedelta(seconds=1)) == {}


def test_a_period_nobody_began_is_told_with_what_the_one_before_paid(guard: Guard) -> None:
    before = WEEKLY.preceding(WEEK)
    assert before is not None
    guard.world.store(payout("park-1", period=before))
    guard.world.rows("UPDATE payout_order SET payment_progress = 'created', doc_id = 'd'")
    guard.applied("park-2", "park-3")
    alert = guard.found()[AlertKind.NOT_STARTED]
    assert alert.title == "not started: weekly_msk 2026-11-16: nobody began to pay 3 parks, 2 h 10 min late"
    assert "3 of 3 parks: park-1, park-2, park-3; 2026-11-09 paid them 30.50 RUB" in text(alert)
    assert "unpause signalq_payouts_weekly_msk" in text(alert)
    assert alert.since == DUE


def test_payouts_that_are_not_created_are_late_with_their_money_and_errors(guard: Guard) -> None:
    guard.world.store(payout("park-1"), payout("park-2", {"cam-1": "100.00"}))
    guard.applied("park-1", "park-2", "park-3")
    guard.stored_at(WEEK.end)
    for park in ("park-1", "park-2"):
        claim = guard.world.claim(guard.world.order(park).order_id)
        guard.world.payouts.record(claim, Unavailable("HTTP 503: try later", definite=True), "w")
    alert = guard.found()[AlertKind.LATE]
    assert alert.title == "late: weekly_msk 2026-11-16: 130.50 RUB of 3 parks not paid, 2 h 10 min late"
    assert alert.money == {"RUB": Decimal("130.50")}
    assert "not created: 2 payouts, 130.50 RUB: park-2 100.00 RUB, park-1 30.50 RUB" in text(alert)
    assert "not computed: 1 of 3 parks: park-3" in text(alert)
    assert "2 payouts: HTTP 503: try later" in text(alert)
    assert alert.page == "/signalq/period?cadence=weekly_msk&period=2026-11-16"


def test_a_period_that_is_paid_or_held_is_not_late(guard: Guard) -> None:
    guard.world.store(payout("park-1"), payout("park-2"), payout("park-3", {"cam-1": "0"}))
    guard.applied("park-1", "park-2", "park-3")
    guard.stored_at(WEEK.end)
    guard.world.payouts.record(guard.world.claim(guard.world.order("park-1").order_id), Created("doc-1"), "w")
    guard.world.payouts.hold(guard.world.progress("park-2").payout_id, "looks wrong", "ann")
    assert guard.found() == {}
    assert guard.missed() == []


def test_a_service_that_is_down_and_a_replica_that_lags_are_the_reason_and_alerts_of_their_own(guard: Guard) -> None:
    guard.applied("park-1")
    guard.down = {"billing-orders": "billing-orders refused the connection"}
    guard.lag = LATE - WEEK.end
    found = guard.found()
    assert set(found) == {AlertKind.LATE, AlertKind.DEPENDENCY_DOWN, AlertKind.WATERMARK_LAG}
    assert "billing-orders does not work: billing-orders refused the connection" in text(found[AlertKind.LATE])
    assert "needs 2026-11-22 21:15 UTC" in text(found[AlertKind.LATE])
    assert "weekly_msk 2026-11-16 waits for it" in text(found[AlertKind.WATERMARK_LAG])


def test_history_alerts_nobody(guard: Guard) -> None:
    """Parks that were applied today, and weeks of periods before today that were never paid here."""
    guard.applied("park-1", before=-HOUR)
    assert guard.found(WEEK.end + 2 * HOUR) == {}
    assert set(guard.found(WEEK.end + 5 * HOUR)) == {AlertKind.NOT_STARTED}
    assert guard.found(WEEK.end + 5 * HOUR)[AlertKind.NOT_STARTED].members == {"2026-11-16"}


def test_a_backfill_of_an_old_period_has_as_long_as_a_new_one(guard: Guard) -> None:
    old = WEEKLY.starting(dt.date(2026, 3, 2))
    guard.world.store(payout("park-1", period=old))
    guard.stored_at(LATE - HOUR)
    guard.applied("park-1", before=-10 * HOUR)
    assert guard.found() == {}
    assert guard.found(LATE + 3 * HOUR)[AlertKind.LATE].members == {"2026-03-02"}


def test_what_was_told_stays_late_until_it_is_paid_though_a_run_began_late(guard: Guard) -> None:
    guard.applied("park-1")
    guard.tell(guard.found()[AlertKind.NOT_STARTED])
    guard.world.store(payout("park-1"))
    guard.stored_at(LATE)
    assert guard.found()[AlertKind.LATE].key == "late:weekly_msk"
    guard.world.payouts.record(guard.world.claim(), Created("doc-1"), "w")
    looked = guard.look()
    assert looked.alerts == ()
    assert looked.covers("late:weekly_msk")


def test_many_late_periods_are_one_alert(guard: Guard) -> None:
    guard.applied("park-1", before=dt.timedelta(days=100))
    alert = guard.found()[AlertKind.NOT_STARTED]
    assert len(alert.members) == 5
    assert alert.title.startswith("not started: weekly_msk, 5 periods (2026-10-19, 2026-10-26, 2026-11-02 and 2 more)")


def test_a_missed_deadline_tells_of_its_run_though_parks_were_applied_late(guard: Guard) -> None:
    guard.applied("park-1", before=-HOUR)
    (alert,) = guard.missed()
    assert alert.kind is AlertKind.LATE
    assert alert.title == "late: weekly_msk 2026-11-16: 1 park not paid, under a minute late"
    assert "its run scheduled__1 in Airflow is running" in text(alert)
    guard.tell(alert)
    assert guard.found()[AlertKind.NOT_STARTED].key == alert.key


def test_a_missed_deadline_is_told_though_postgresql_is_down(guard: Guard) -> None:
    guard.down = {"PostgreSQL": "refused"}
    (alert,) = guard.missed(LATE)
    assert alert.title == "late: weekly_msk 2026-11-16: how much is not paid cannot be seen, 2 h 10 min late"
    assert "PostgreSQL does not work: refused" in text(alert)


def test_holds_nobody_looked_at_are_one_alert_of_any_number_of_parks(guard: Guard) -> None:
    parks = [f"park-{n:03}" for n in range(40)]
    guard.world.store(*(payout(park) for park in parks))
    for park in parks:
        guard.world.payouts.hold(guard.world.progress(park).payout_id, "above park_max", "guard")
    now = dt.datetime.now(UTC)
    assert AlertKind.HOLD_EXPIRED not in guard.found(now)
    alert = guard.found(now + dt.timedelta(days=2))[AlertKind.HOLD_EXPIRED]
    assert "40 parks, 1,220.00 RUB wait for a decision" in alert.title
    assert "and 35 more payouts" in text(alert)
    assert len(text(alert).splitlines()) < 25


def test_an_order_that_stays_unknown_is_told_by_when_it_was_sent(guard: Guard) -> None:
    guard.world.store(payout("park-1"))
    guard.world.payouts.record(guard.world.claim(), Unknown("timed out"), "w")
    assert AlertKind.UNKNOWN_OUTCOME not in guard.found(dt.datetime.now(UTC))
    guard.world.rows("ALTER TABLE order_attempt DISABLE TRIGGER ALL")
    guard.world.rows("UPDATE order_attempt SET claimed_at = claimed_at - interval '2 hours'")
    guard.world.rows("ALTER TABLE order_attempt ENABLE TRIGGER ALL")
    alert = guard.found(dt.datetime.now(UTC))[AlertKind.UNKNOWN_OUTCOME]
    assert "1 order over 30.50 RUB may or may not be created, the oldest sent 2 h" in alert.title
    assert "park-1, weekly_msk 2026-11-16: 30.50 RUB: timed out" in text(alert)
    assert alert.page.endswith("&park=park-1")


def test_a_share_of_bad_rows_near_the_limit_is_told_once(guard: Guard) -> None:
    guard.world.payouts.save_snapshot(snapshot(), "run-1")  # the factory's: 2 bad rows of 1000
    alert = guard.found(DUE - HOUR)[AlertKind.BAD_ROWS]
    assert alert.once
    assert "0.2 % of the rows for weekly_msk 2026-11-16 were left out, above 0.1 %" in alert.title


def test_a_service_that_hangs_is_told_and_the_look_goes_on(guard: Guard) -> None:
    import threading

    guard.limits = Limits(seconds=0.5)
    hang = threading.Event()
    watcher = guard.watcher()
    services: dict[str, Any] = {**watcher.services, "billing-orders": lambda: hang.wait(20)}
    found = Watcher(services, watcher.watermark, watcher.plan, watcher.stored, watcher.limits).look(DUE - HOUR)
    hang.set()
    assert [alert.why for alert in found.alerts] == [("no answer within 0.5 s",)]


def test_a_defect_while_looking_is_an_alert_that_repeats_nothing(guard: Guard) -> None:
    watcher = guard.watcher()

    def broken() -> Stored:
        raise RuntimeError("password=hunter2")

    look = Watcher(watcher.services, watcher.watermark, watcher.plan, broken, watcher.limits).look(LATE)
    said = [alert for alert in look.alerts if alert.kind is AlertKind.DEPENDENCY_DOWN]
    assert [alert.why for alert in said] == [("looking failed: RuntimeError",)]
    assert not look.covers("late:weekly_msk")


def test_nothing_is_called_over_that_could_not_be_looked_at(guard: Guard) -> None:
    covered: Mapping[str, bool] = {}
    guard.down = {"YTsaurus": "away"}
    look = guard.look(DUE - HOUR)
    covered = {key: look.covers(key) for key in ("watermark_lag", "late:x", "hold_expired", "dependency_down:YTsaurus")}
    assert covered == {"watermark_lag": False, "late:x": True, "hold_expired": True, "dependency_down:YTsaurus": True}
    guard.down = {"PostgreSQL": "away"}
    look = guard.look(DUE - HOUR)
    assert not look.covers("late:x")
    assert not look.covers("discrepancy")
