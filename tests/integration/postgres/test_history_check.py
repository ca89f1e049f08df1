"""Whatever somebody with all rights does to the history, or to what it tells of, `verify --history` finds."""

import json
from pathlib import Path

import pytest
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.postgres.history import FIRST_PREV_HASH, Chains, entry_hash
from signalq_billing.adapters.postgres.history_check import HistoryCheck
from signalq_billing.adapters.postgres.tables import history
from signalq_billing.cli import verify
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.domain.order import Created, Unknown
from signalq_billing.errors import SignalqBillingError, UsageError
from tests.integration.postgres.factories import LEASE, World, payout


@pytest.fixture
def told(engine: Engine) -> World:
    """Two parks: one paid after an unknown outcome, one stored and held."""
    world = World(engine)
    world.store(payout("park-1"), payout("park-2"))
    world.payouts.record(world.claim(world.order("park-1").order_id), Unknown("cut"), "worker-1")
    asked = world.payouts.claim_stale(world.order("park-1").order_id, "worker-2", LEASE)
    world.payouts.record(asked, Created("doc-1"), "worker-2")  # type: ignore[arg-type]
    world.payouts.hold(world.progress("park-2").payout_id, "looks odd", "anna")
    return world


def tamper(world: World, *statements: str) -> None:
    """As somebody with all rights, past every trigger."""
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)


def found(world: World, known: dict[str, tuple[int, str]] | None = None) -> list[str]:
    return [str(each) for each in HistoryCheck(world.engine, known or {}).breaks()]


def test_an_untouched_history_is_whole(told: World) -> None:
    check = HistoryCheck(told.engine)
    assert [*check.breaks()] == []
    assert (check.entries, check.ends["park-1"][0], check.ends["park-2"][0]) == (9, 6, 3)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("park_id", "'park-3'"),
        ("seq", "seq + 100"),
        ("at", "at + interval '1 us'"),
        ("at", "'infinity'"),
        ("at", "'4000-01-01 BC'"),
        ("actor", "'eve'"),
        ("action", "'held'"),
        ("payout_id", "coalesce(payout_id, 0) + 1"),
        ("order_id", "coalesce(order_id, 0) + 1"),
        ("why", "why || ' '"),
        ("data", "data || '{\"x\": 1}'"),
        ("data", "'{}'"),
        ("data", "'null'"),
        ("data", "'[1]'"),
        ("prev_hash", "'x'"),
        ("hash", "'x'"),
    ],
)
def test_an_update_of_any_column_of_any_entry_is_found(told: World, column: str, value: str) -> None:
    for entry in (1, 3, 6):
        with told.engine.connect() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(
                f"UPDATE history SET {column} = {value} WHERE park_id = 'park-1' AND seq = {entry}"
            )
            problems = [str(each) for each in Chains().breaks(connection)]
            connection.rollback()
        blamed = (f"entry {entry}:", "park-3", f"entry {entry + 100}:")
        assert any(each in problem for each in blamed for problem in problems), entry


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (["DELETE FROM history WHERE park_id = 'park-1' AND seq = 3"], "entry 3 should come here"),
        (["DELETE FROM history WHERE park_id = 'park-1' AND seq = 1"], "entry 1 should come here"),
        (["DELETE FROM history WHERE park_id = 'park-1' AND seq = 6"], "ends at entry 5, but 6 was the last"),
        (["DELETE FROM history WHERE park_id = 'park-2'"], "ends at entry 0, but 3 was the last"),
        (["TRUNCATE history"], "ends at entry 0, but 6 was the last"),
        (["TRUNCATE history, park_history_head"], "order weekly_msk:2026-11-16:park-1:r1 stands as created"),
        (
            [
                "UPDATE history SET seq = -seq WHERE park_id = 'park-1' AND seq IN (3, 4)",
                "UPDATE history SET seq = 7 + seq WHERE seq < 0",
            ],
            "entry 3: it does not follow from the entry before",
        ),
        (
            [
                "INSERT INTO history (park_id, seq, at, actor, action, why, data, prev_hash, hash)"
                " SELECT park_id, 7, at, 'eve', 'released', '', data, hash, 'x' FROM history"
                " WHERE park_id = 'park-1' AND seq = 6"
            ],
            "ends at entry 7, but 6 was the last",
        ),
        (
            [
                "INSERT INTO history (park_id, seq, at, actor, action, why, data, prev_hash, hash)"
                " SELECT 'park-9', 1, at, 'eve', 'released', '', data, prev_hash, 'x' FROM history"
                " WHERE park_id = 'park-1' AND seq = 1"
            ],
            "park park-9, history entry 1: its content was changed",
        ),
        (["UPDATE park_history_head SET seq = 5 WHERE park_id = 'park-1'"], "ends at entry 6, but 5 was the last"),
        (
            ["UPDATE park_history_head SET hash = 'x' WHERE park_id = 'park-1'"],
            "is not the entry that was written last",
        ),
        (["DELETE FROM park_history_head WHERE park_id = 'park-2'"], "ends at entry 3, but 0 was the last"),
        (
            [
                "DELETE FROM history WHERE park_id = 'park-1' AND seq = 6",
                "UPDATE park_history_head SET (seq, hash) = (SELECT seq, hash FROM history WHERE park_id = 'park-1'"
                " AND seq = 5) WHERE park_id = 'park-1'",
            ],
            "stands as created as doc-1, which no entry tells of",
        ),
        (
            ["UPDATE payout_order SET payment_progress = 'not_created', doc_id = NULL WHERE doc_id = 'doc-1'"],
            "entry 6: it tells that order weekly_msk:2026-11-16:park-1:r1 was created as doc-1",
        ),
        (["DELETE FROM payout_order WHERE doc_id = 'doc-1'"], "entry 6: it tells that order"),
        (["UPDATE payout_order SET doc_id = 'doc-2' WHERE doc_id = 'doc-1'"], "stands as created as doc-2"),
        (["UPDATE payout_order SET amount = amount + 1 WHERE doc_id = 'doc-1'"], "stands as created as doc-1"),
        (["UPDATE payout_order SET fencing = 9 WHERE doc_id = 'doc-1'"], "claimed under fencing number 9"),
        (["UPDATE payout SET total = total + 1 WHERE park_id = 'park-2'"], "stands with total 31.50"),
        (["UPDATE payout SET digest = 'x' WHERE park_id = 'park-2'"], "stands with total 30.50"),
        (["UPDATE config_version SET sha256 = 'x' WHERE park_id = 'park-1'"], "no entry tells that it was applied"),
    ],
)
def test_every_other_tampering_is_found_too(told: World, statements: list[str], problem: str) -> None:
    tamper(told, *statements)
    assert any(problem in each for each in found(told)), found(told)


def test_a_number_given_anew_is_found(told: World) -> None:
    tamper(told, "UPDATE history SET id = DEFAULT WHERE park_id = 'park-1' AND seq = 3")
    assert any("entry 4: it was written before" in each for each in found(told))


def rewritten(world: World, park_id: str) -> None:
    """Somebody changes an entry and makes the whole chain anew, head and all."""
    rows = world.rows("SELECT * FROM history WHERE park_id = %s ORDER BY seq", park_id)
    previous = FIRST_PREV_HASH
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for row in rows:
            fresh = {**row, "prev_hash": previous, "why": row["why"] + ("!" if row["action"] == "held" else "")}
            previous = entry_hash(fresh)
            values = {"prev_hash": fresh["prev_hash"], "why": fresh["why"], "hash": previous}
            connection.execute(history.update().where(history.c.id == row["id"]).values(values))
        connection.exec_driver_sql("UPDATE park_history_head SET hash = %s WHERE park_id = %s", (previous, park_id))


def types(world: World, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(Wiring, "engine", world.engine)
    app = typer.Typer()
    verify.mount(app)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, SignalqBillingError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_history_written_anew_is_found_against_a_checkpoint(
    told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = str(tmp_path / "checkpoint.json")
    code, first = types(told, monkeypatch, "--history", "--checkpoint", kept)
    assert (code, "9 entries of 2 parks: nothing was changed" in first) == (0, True)
    assert types(told, monkeypatch, "--history", "--checkpoint", kept)[0] == 0
    rewritten(told, "park-2")
    assert types(told, monkeypatch, "--history")[0] == 0
    code, out = types(told, monkeypatch, "--history", "--checkpoint", kept)
    assert (code, "park park-2, history entry 3: it is not what it was at the checkpoint" in out) == (1, True)
    tamper(told, "TRUNCATE history, park_history_head")
    code, out = types(told, monkeypatch, "--history", "--checkpoint", kept)
    assert "the history ends here, it reached entry 6 at the checkpoint" in out


def test_json_tells_park_entry_and_problem(told: World, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(types(told, monkeypatch, "--history", "--json")[1])
    assert (document["whole"], document["entries"], document["breaks"]) == (True, 9, 0)
    tamper(told, "UPDATE history SET why = 'x' WHERE park_id = 'park-1' AND seq = 2")
    code, out = types(told, monkeypatch, "--history", "--json")
    assert code == 1
    assert json.loads(out)["first_breaks"] == [{"park_id": "park-1", "entry": 2, "problem": "its content was changed"}]


def test_a_file_that_is_no_checkpoint_is_refused(told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    assert types(told, monkeypatch, "--history", "--checkpoint", str(tmp_path / "notes.txt"))[0] == 2
    assert types(told, monkeypatch)[0] == UsageError.exit_code


def test_a_long_history_is_walked_in_bounded_memory(told: World) -> None:
    import tracemalloc

    tamper(
        told,
        "INSERT INTO history (park_id, seq, at, actor, action, why, data, prev_hash, hash)"
        " SELECT 'park-8', n, now(), 'a', 'held', repeat('x', 500), '{}', 'x', 'x' FROM generate_series(1, 30000) AS n",
    )
    walked: list[int] = []
    tracemalloc.start()
    with told.engine.connect() as connection:
        broken = sum(1 for _ in Chains(walked.append).breaks(connection))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert broken > 30000
    assert sum(walked) == 30009
    assert peak < 20 * 2**20


def test_entries_written_during_the_walk_are_no_breaks(told: World) -> None:
    breaks = HistoryCheck(told.engine, tick=lambda _: told.payouts.release(told.progress("park-2").payout_id, "a", "b"))  # type: ignore[arg-type,return-value]
    assert [*breaks.breaks()] == []
    assert told.actions("park-2")[-1] == "released"
