"""The history tells everything, and tells when somebody changed it."""

import pytest

from signalq_billing.domain.order import Created
from tests.integration.postgres.factories import World, payout


@pytest.fixture
def told(world: World) -> World:
    """Two parks with some history; triggers are off, as for somebody with all rights."""
    world.store(payout("park-1"), payout("park-2"))
    world.payouts.record(world.claim(world.order("park-1").order_id), Created("doc-1"), "worker-1")
    return world


def tamper(world: World, statement: str) -> list[str]:
    """Do it with the triggers off, see what verify says, and undo it."""
    from signalq_billing.adapters.postgres import history

    with world.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(statement)
        problems = history.verify(connection)
        connection.rollback()
    return problems


def test_who_did_what_when_and_why_is_kept(told: World) -> None:
    rows = told.rows("SELECT * FROM history WHERE park_id = 'park-1' ORDER BY seq")
    assert [(row["seq"], row["actor"], row["action"]) for row in rows] == [
        (1, "tests", "config_added"),
        (2, "run-1", "stored"),
        (3, "worker-1", "claimed"),
        (4, "worker-1", "created"),
    ]
    assert rows[1]["data"]["total"] == "30.50"
    created = rows[3]["data"]
    assert (created["doc_id"], created["amount"], created["fencing"]) == ("doc-1", "30.50", 1)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert [row["prev_hash"] for row in rows] == ["0" * 64, *(row["hash"] for row in rows[:-1])]


@pytest.mark.parametrize("statement", ["UPDATE history SET why = 'x'", "DELETE FROM history", "TRUNCATE history"])
def test_the_database_refuses_to_change_the_history(told: World, statement: str) -> None:
    with pytest.raises(Exception, match="append-only"):
        told.rows(statement)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE history SET why = 'x' WHERE park_id = 'park-1' AND seq = 2", "entry 2: its content was changed"),
        ("UPDATE history SET actor = 'eve' WHERE park_id = 'park-1' AND seq = 4", "entry 4: its content was changed"),
        ("UPDATE history SET at = at + interval '1us' WHERE seq = 1", "entry 1: its content was changed"),
        ("UPDATE history SET payout_id = 9 WHERE seq = 2", "entry 2: its content was changed"),
        ("UPDATE history SET order_id = NULL WHERE seq = 3", "entry 3: its content was changed"),
        ("UPDATE history SET action = 'held' WHERE seq = 3", "entry 3: its content was changed"),
        ('UPDATE history SET data = data || \'{"total": "1"}\' WHERE seq = 2', "entry 2: its content was changed"),
        ("DELETE FROM history WHERE park_id = 'park-1' AND seq = 2", "entry 2 should come here"),
        ("DELETE FROM history WHERE park_id = 'park-1' AND seq = 4", "ends at entry 3, but 4 was the last one written"),
        ("DELETE FROM history WHERE park_id = 'park-2'", "the history ends at entry 0, but"),
        ("DELETE FROM park_history_head WHERE park_id = 'park-2'", "but 0 was the last one written"),
        ("UPDATE history SET seq = 5 WHERE park_id = 'park-1' AND seq = 4", "entry 4 should come here"),
        ("UPDATE history SET hash = 'x' WHERE park_id = 'park-1' AND seq = 3", "does not follow from the entry before"),
    ],
)
def test_verify_names_the_first_thing_that_was_tampered_with(told: World, statement: str, problem: str) -> None:
    assert any(problem in each for each in tamper(told, statement)), tamper(told, statement)


def test_an_untouched_history_has_no_problems(told: World) -> None:
    assert told.history_problems() == []


@pytest.mark.parametrize("actor", ["Анна", "a\x00b", "back\\slash", "\\000"])
def test_any_text_is_told_as_it_was(world: World, actor: str) -> None:
    world.store(payout(park_id=actor), actor=actor)
    assert world.history_problems() == []


def test_entries_of_one_call_are_chained_in_order(world: World) -> None:
    world.store(*(payout(f"park-{n}") for n in range(5)))
    assert world.payouts.void_missing(payout().period, [], "run-2") == [f"park-{n}" for n in range(5)]
    assert [row["n"] for row in world.rows("SELECT count(*) AS n FROM history GROUP BY park_id")] == [3] * 5
