"""Moving an order: what it costs, and that whoever had to wait for its park sees it as it is once the wait is over."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine

from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Created, Rejected
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress
from signalq_billing.errors import MigrationsMissing
from tests.integration.postgres.factories import LEASE, World, payout

ENDED = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'to-be-ended'"


class Waits:
    """One of psycopg's generators; notes once if the server had to be waited for."""

    def __init__(self, generator: Any, seen: list[str]) -> None:  # noqa: ANN401
        self._generator, self._seen, self._name = generator, seen, str(generator.__name__)

    def __iter__(self) -> "Waits":
        return self

    def __next__(self) -> Any:  # noqa: ANN401
        return self.send(None)

    def send(self, ready: Any) -> Any:  # noqa: ANN401
        wanted = self._generator.send(ready)
        if self._name:
            self._seen.append(self._name)
            self._name = ""
        return wanted

    def throw(self, *args: Any) -> Any:  # noqa: ANN401
        return self._generator.throw(*args)

    def close(self) -> None:
        self._generator.close()


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every wait for the server: that is what a step costs besides its work."""
    seen: list[str] = []
    wait = psycopg.Connection.wait

    def noting(connection: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return wait(connection, Waits(generator, seen), *args, **kwargs)

    monkeypatch.setattr(psycopg.Connection, "wait", noting)
    return seen


def pay(world: World, order_id: int) -> None:
    assert world.payouts.record(world.claim(order_id), Created(f"doc-{order_id}"), "worker-1")


def counted(exchanges: list[str], act: Callable[[], object]) -> int:
    exchanges.clear()
    act()
    return len(exchanges)


@pytest.mark.parametrize("order_per", list(OrderPer))
def test_paying_an_order_costs_two_short_transactions_however_many_lines_it_pays(
    world: World, exchanges: list[str], order_per: OrderPer
) -> None:
    many = {f"cam-{n:03}": "1.00" for n in range(200)}
    world.store(payout("few", {"cam-1": "1.00"}, order_per=order_per), payout("many", many, order_per=order_per))
    few, first_of_many = world.order("few").order_id, world.progress("many").orders[0].order_id
    assert counted(exchanges, lambda: pay(world, few)) <= 8
    assert counted(exchanges, lambda: pay(world, first_of_many)) <= 8


@contextmanager
def waiting(world: World, ask: Callable[[], Any], meanwhile: Callable[[Connection], object]) -> Iterator[Any]:
    """Ask while the park is somebody else's, who does something about it and then commits; gives the answer."""
    with ThreadPoolExecutor(1) as thread:
        with world.engine.begin() as other:
            other.exec_driver_sql("SELECT FROM park_history_head WHERE park_id = 'park-1' FOR UPDATE")
            asked = thread.submit(ask)
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not world.rows(blocked)[0]["count"]:
                time.sleep(0.01)
            meanwhile(other)
        yield asked.result(timeout=30)


def test_a_payout_held_while_its_claim_waited_is_held(world: World) -> None:
    world.store(payout())
    order_id = world.order().order_id
    hold = "UPDATE payout SET hold_reason = 'look', held_at = now(), hold_expires_at = now()"
    with waiting(
        world, lambda: world.payouts.claim(order_id, "w", LEASE), lambda other: other.exec_driver_sql(hold)
    ) as claimed:
        assert claimed is ClaimRefusal.HELD


def test_an_order_replaced_while_its_claim_waited_is_not_there(world: World) -> None:
    world.store(payout())
    order_id = world.order().order_id
    with waiting(
        world,
        lambda: world.payouts.claim(order_id, "w", LEASE),
        lambda other: other.exec_driver_sql("DELETE FROM payout_order"),
    ) as claimed:
        assert claimed is ClaimRefusal.UNKNOWN_ORDER


def test_a_record_that_waited_while_its_claim_was_taken_over_comes_too_late(world: World) -> None:
    world.store(payout())
    claim = world.claim()
    with waiting(
        world,
        lambda: world.payouts.record(claim, Created("doc"), "late"),
        lambda other: other.exec_driver_sql("UPDATE payout_order SET fencing = fencing + 1"),
    ) as recorded:
        assert recorded is False
    assert world.actions()[-1] == "fenced"


def test_a_lease_begins_when_the_wait_is_over(world: World) -> None:
    world.store(payout())
    order_id, freed = world.order().order_id, []

    def take_time(other: Connection) -> None:
        time.sleep(0.3)
        freed.append(other.exec_driver_sql("SELECT clock_timestamp()").scalar_one())

    with waiting(world, lambda: world.payouts.claim(order_id, "w", dt.timedelta(0)), take_time) as claimed:
        assert isinstance(claimed, Claim)
        assert claimed.claimed_until >= freed[0]


def test_a_rejection_and_its_hold_are_two_entries_of_one_chain(world: World) -> None:
    world.store(payout())
    world.payouts.record(world.claim(), Rejected(422, "no\x00such\\park"), "wörker\x00")
    assert world.actions() == ["stored", "claimed", "rejected", "held"]
    assert world.order().last_error == "422: no\x00such\\park"


@pytest.mark.parametrize(
    "broken", ["ALTER TABLE history ADD CHECK (action <> 'created')", "ALTER TABLE order_attempt DROP COLUMN detail"]
)
def test_a_write_that_the_database_refuses_changes_nothing_and_is_told(
    new_database: Callable[[], str], broken: str
) -> None:
    world = World(make_engine(new_database()))
    world.store(payout())
    claim = world.claim()
    world.rows(broken)
    with pytest.raises((psycopg.errors.CheckViolation, MigrationsMissing)):
        world.payouts.record(claim, Created("doc"), "worker-1")
    assert world.order().payment_progress is PaymentProgress.IN_PROGRESS
    assert world.actions() == ["stored", "claimed"]
    world.engine.dispose()


def test_a_park_whose_chain_has_no_beginning_gets_one(world: World) -> None:
    world.store(payout())
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("DELETE FROM history")
        connection.exec_driver_sql("DELETE FROM park_history_head")
    pay(world, world.order().order_id)
    assert world.actions() == ["claimed", "created"]


@pytest.mark.parametrize("idle", [0.0, 1.2])
def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(
    engine: Engine, world: World, idle: float
) -> None:
    world.store(payout("park-1"), payout("park-2"))
    own = make_engine(engine.url.render_as_string(hide_password=False), application_name="to-be-ended")
    store = PostgresPayoutStore(own)
    claim = store.claim(world.order("park-1").order_id, "w", LEASE)
    assert isinstance(claim, Claim)
    world.rows(ENDED)
    time.sleep(idle)
    assert store.record(claim, Created("doc"), "w")
    own.dispose()
