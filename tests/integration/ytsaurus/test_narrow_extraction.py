"""Some parks alone are extracted from less, with what a run would say of the whole source."""

from dataclasses import replace

import pytest

from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.errors import BadRowsExceeded
from signalq_billing.services.extract import check_bad_rows
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.test_extraction import CLOCK, MONDAY, START, event

RULES = ActivityRules(("online",))
ALL = ActivityRequest(MONDAY.period, {"park-a": RULES, "park-b": RULES}, CLOCK)
ONE = replace(ALL, rules={"park-a": RULES}, narrow=True)


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    later = START + 7_200_000_000
    cluster.status_history(
        [
            *(event(f"camera-{n}", park_id="park-a") for n in range(3)),
            event("camera-2", later, "park-b"),
            *(event(f"other-{n}", later + n, "park-b") for n in range(40)),
            event("broken", later, ""),
        ]
    )
    return cluster


def test_one_park_is_what_it_is_in_the_whole(filled: Cluster) -> None:
    adapter = filled.adapter()
    whole, one = adapter.extract(ALL), adapter.extract(ONE)
    park, *others = adapter.read(one.result_table, MONDAY.period)
    assert others == []
    assert park == next(adapter.read(whole.result_table, MONDAY.period))
    assert [each.day_seconds for each in park.devices] == [(86_400,), (86_400,), (7_200,)]
    assert replace(one, result_table="", rules_digest="") == replace(whole, result_table="", rules_digest="")


def test_too_many_bad_rows_of_others_stop_one_park_as_they_stop_a_run(filled: Cluster) -> None:
    with pytest.raises(BadRowsExceeded, match="1 of 45 rows"):
        check_bad_rows(filled.adapter().extract(ONE), filled.source)


def test_what_is_read_twice_is_locked_and_nothing_is_left_behind(filled: Cluster) -> None:
    adapter = filled.adapter()
    snapshot = adapter.extract(ONE)
    told = [query["settings"] for query in filled.client.list_queries(engine="chyt")["queries"]]
    assert any("chyt.execution.table_read_lock_mode" in str(each) for each in told[:2])
    adapter.discard(snapshot.result_table)
    assert filled.left_over() == []
