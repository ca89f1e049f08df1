"""Config versions are added and superseded, never overwritten, and never changed once paid with (SPEC section 6)."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.errors import ConfigInvalid
from tests.integration.postgres.factories import World, config, payout

LATER = dt.date(2026, 12, 1)


def test_applied_configs_come_back_sorted_and_equal(world: World) -> None:
    configs = [config("b"), config("a", effective_from=LATER), config("a"), config("é\x00\\", enabled=False)]
    assert world.configs.apply(configs, "ann") == {"added": 4, "changed": 0, "unchanged": 0}
    assert world.configs.current() == [configs[2], configs[1], configs[0], configs[3]]
    assert world.configs.current(["b", "none"]) == [configs[0]]
    assert world.configs.current([]) == []


def test_applying_again_changes_nothing(world: World) -> None:
    world.configs.apply([config("a"), config("b")], "ann")
    before = world.rows("SELECT * FROM config_version ORDER BY id")
    assert world.configs.apply([config("a"), config("b")], "bob") == {"added": 0, "changed": 0, "unchanged": 2}
    assert world.rows("SELECT * FROM config_version ORDER BY id") == before


def test_a_changed_version_supersedes_and_the_old_one_is_kept_with_who_and_when(world: World) -> None:
    world.configs.apply([config("a"), config("b")], "ann")
    changed = config("a", unit_amount="12.00")
    assert world.configs.apply([changed, config("b")], "bob") == {"added": 0, "changed": 1, "unchanged": 1}
    assert world.configs.current(["a"]) == [changed]
    rows = world.rows("SELECT applied_by, superseded_by, superseded_at FROM config_version WHERE park_id = 'a'")
    assert sorted((row["applied_by"], row["superseded_by"]) for row in rows if row["superseded_by"]) == [("ann", "bob")]
    history = world.rows("SELECT actor, action FROM history WHERE park_id = 'a' ORDER BY seq")
    assert history == [{"actor": "ann", "action": "config_added"}, {"actor": "bob", "action": "config_changed"}]


def test_a_version_that_was_paid_with_never_changes_and_nothing_else_is_applied(world: World) -> None:
    world.store(payout("a"), payout("b"))
    assert world.configs.paid_versions() == set()
    world.claim(world.order("a").order_id)
    assert world.configs.paid_versions() == {("a", dt.date(2026, 1, 1))}
    changed = [config("a", unit_amount="12.00"), config("b", unit_amount="12.00"), config("new")]
    with pytest.raises(ConfigInvalid, match=r"park a effective_from 2026-01-01: was paid with") as caught:
        world.configs.apply(changed, "bob")
    assert [problem.park_id for problem in caught.value.problems] == ["a"]
    assert world.configs.current() == [config("a"), config("b")]
    assert world.configs.apply([config("a"), config("a", effective_from=LATER)], "bob")["added"] == 1


def test_two_versions_of_one_date_are_refused(world: World) -> None:
    with pytest.raises(ConfigInvalid, match="two versions of one date"):
        world.configs.apply([config("a"), config("a", unit_amount="12.00")], "ann")


def test_applying_at_once_from_two_places_stores_each_version_once(world: World) -> None:
    configs = [config(f"park-{n}") for n in range(30)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: PostgresConfigStore(world.engine).apply(configs, "ann"), range(4)))
    assert sorted(each["added"] for each in done) == [0, 0, 0, 30]
    assert world.configs.current() == sorted(configs, key=lambda each: each.park_id.encode())
