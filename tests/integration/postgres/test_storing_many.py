"""Many parks stored at once: each gets what it would get alone, and one that is refused keeps no other waiting."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import StoreResult
from tests.integration.postgres.factories import WEEK, World, config, payout

# Half of its days are days of WEEK.
OTHER = Period("other", dt.date(2026, 11, 19), dt.date(2026, 11, 26), "Europe/Moscow")
LATER = Period(WEEK.cadence, dt.date(2026, 11, 23), dt.date(2026, 11, 30), WEEK.timezone)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_every_park_of_a_batch_gets_what_it_would_get_alone(world: World) -> None:
    world.store(*(payout(f"park-{n}") for n in range(4)))
    world.claim(world.order("park-3").order_id)
    world.store(payout("park-5", {"cam-1": "7.00"}, period=OTHER, of=config("park-5")))
    results = world.store(
        payout("park-5"),
        payout("park-4"),
        payout("park-3", {"cam-1": "1.00"}),
        payout("park-2", {"cam-1": "2.00"}),
        payout("park-1"),
    )
    assert results == [
        StoreResult.OVERLAP,
        StoreResult.STORED,
        StoreResult.FROZEN,
        StoreResult.REPLACED,
        StoreResult.UNCHANGED,
    ]
    totals = {(each.park_id, each.cadence): str(each.total) for each in world.payouts.payouts()}
    assert totals == {
        **{(f"park-{n}", WEEK.cadence): "30.50" for n in (0, 1, 3, 4)},
        ("park-2", WEEK.cadence): "2.00",
        ("park-5", "other"): "7.00",
    }


def test_what_is_stored_together_is_stored_as_if_alone(world: World) -> None:
    batch = [payout(f"park-{n}", {f"cam-{n}": f"{n}.00", "cam": "1.50"}) for n in range(1, 6)]
    world.store(*batch)
    told = world.rows(
        "SELECT park_id, total, (SELECT sum(amount) FROM payout_line l WHERE l.payout_id = p.id) AS lines, "
        "(SELECT sum(amount) FROM payout_order o WHERE o.payout_id = p.id) AS orders, "
        "(SELECT count(*) FROM payout_line l WHERE l.payout_id = p.id AND l.park_id = p.park_id) AS own "
        'FROM payout p ORDER BY park_id COLLATE "C"'
    )
    assert [(row["park_id"], str(row["total"]), str(row["lines"]), str(row["orders"]), row["own"]) for row in told] == [
        (f"park-{n}", f"{n + 1}.50", f"{n + 1}.50", f"{n + 1}.50", 2) for n in range(1, 6)
    ]


def test_a_park_or_a_period_that_comes_again_is_stored_after_the_first(world: World) -> None:
    results = world.store(payout("a"), payout("a", {"cam-1": "2.00"}), payout("a", period=LATER), payout("b"))
    assert results == [StoreResult.STORED, StoreResult.REPLACED, StoreResult.STORED, StoreResult.STORED]


def test_a_payout_of_nothing_gives_way_only_to_its_own_park(world: World) -> None:
    world.store(*(payout(park, {}, period=OTHER, of=config(park)) for park in ("a", "b")))
    assert world.store(payout("a"), payout("c")) == [StoreResult.STORED, StoreResult.STORED]
    assert [(each.park_id, each.cadence) for each in world.payouts.payouts()] == [
        ("b", "other"),
        ("a", WEEK.cadence),
        ("c", WEEK.cadence),
    ]


def test_a_hundred_parks_cost_no_more_statements_than_ten(engine: Engine, world: World) -> None:
    few, many = [payout(f"few-{n}") for n in range(10)], [payout(f"many-{n}") for n in range(100)]
    world.store(payout("warm"))
    world.configs.apply([each.config for each in (*few, *many)], "tests")
    with statements(engine) as for_few:
        world.payouts.store(few, world.snapshot_id, "run")
    with statements(engine) as for_many:
        world.payouts.store(many, world.snapshot_id, "run")
    assert len(for_many) == len(for_few)


def test_what_a_hundred_parks_read_does_not_grow_with_those_stored_before(engine: Engine, world: World) -> None:
    empty_and_analyzed(engine)
    computed = [payout(f"park-{n:03}", {f"cam-{n}": "1.00" for n in range(10)}) for n in range(600)]
    world.configs.apply([each.config for each in computed], "tests")
    session = make_engine(engine.url, pool_size=1)
    read = [payouts_scanned(session)]
    for first in range(0, 600, 100):
        PostgresPayoutStore(session).store(computed[first : first + 100], world.snapshot_id, "run")
        read.append(payouts_scanned(session) - sum(read))
    session.dispose()
    # A thousand lines and a hundred orders refer to their payouts.
    assert read[-1] < 1_000


def empty_and_analyzed(engine: Engine) -> None:
    """As PostgreSQL knows it of itself after a while: there is nothing in the table of payouts."""
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE payout CASCADE")
        connection.exec_driver_sql("ANALYZE payout")


def payouts_scanned(engine: Engine) -> int:
    """How many payouts were read by going through the whole table."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with engine.begin() as connection:
        sql = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'payout'"
        return int(connection.exec_driver_sql(sql).scalar_one())
