"""A result table is read in slices of its rows: from the cluster as it is, all of one table, none lost or repeated."""

import random
from typing import Any

import pytest

from signalq_billing.adapters.ytsaurus import result
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.domain.activity import ActivityRequest, ActivityRules, ParkActivity
from signalq_billing.errors import SourceInvalid, SourceUnavailable
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.test_extraction import CLOCK, MONDAY, event

PARKS = [f"park-{number}" for number in range(5)]
REQUEST = ActivityRequest(MONDAY.period, dict.fromkeys(PARKS, ActivityRules(("online",))), CLOCK)


@pytest.fixture(params=[1, 7, 1_000], ids="{} rows at once".format)
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(result, "_rows_at_once", lambda _: request.param)
    return int(request.param)


@pytest.fixture
def extracted(cluster: Cluster) -> tuple[YtActivitySource, str]:
    cluster.status_history([event(f"camera-{n:02}", park_id=PARKS[n % 5]) for n in range(20)])
    adapter = cluster.adapter()
    return adapter, adapter.extract(REQUEST).result_table


def rows_of(cluster: Cluster, table: str) -> list[dict[str, Any]]:
    return list(cluster.client.read_table(table))


def read(adapter: YtActivitySource, table: str) -> list[ParkActivity]:
    return list(adapter.read(table, MONDAY.period))


def expected() -> dict[str, list[str]]:
    return {park: [f"camera-{n:02}" for n in range(20) if n % 5 == number] for number, park in enumerate(PARKS)}


def devices(parks: list[ParkActivity]) -> dict[str, list[str]]:
    return {park.park_id: [each.device_id for each in park.devices] for park in parks}


@pytest.mark.usefixtures("at_once")
def test_all_slices_together_are_the_table(extracted: tuple[YtActivitySource, str]) -> None:
    assert devices(read(*extracted)) == expected()


@pytest.mark.usefixtures("at_once")
def test_a_clique_may_write_rows_in_any_order(cluster: Cluster, extracted: tuple[YtActivitySource, str]) -> None:
    adapter, table = extracted
    written = rows_of(cluster, table)
    for seed in range(3):
        shuffled = random.Random(seed).sample(written, len(written))
        cluster.client.write_table(table, shuffled)
        assert devices(read(adapter, table)) == expected()
        found = result.read_statistics(cluster.client, table, MONDAY.period)
        assert (found.rows_read, found.lines) == (20, 20)


@pytest.mark.parametrize("index", [0, 1, 20])
def test_a_table_that_is_short_of_a_row_is_noticed_before_anything_is_computed(
    cluster: Cluster, extracted: tuple[YtActivitySource, str], index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalq_billing.adapters.ytsaurus.arrow.ATTEMPTS", 1)
    adapter, table = extracted
    written = rows_of(cluster, table)
    cluster.client.write_table(table, [row for number, row in enumerate(written) if number != index])
    with pytest.raises(SourceUnavailable, match=r"did not come|lines came"):
        result.read_statistics(cluster.client, table, MONDAY.period)
    with pytest.raises(SourceUnavailable, match=r"did not come|lines came"):
        next(adapter.read(table, MONDAY.period))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("orderly", [False, True])
def test_a_slice_that_breaks_off_is_read_again_and_nothing_twice(
    cluster: Cluster, extracted: tuple[YtActivitySource, str], orderly: bool
) -> None:
    adapter, table = extracted
    cluster.handle.faults.set(
        {"kind": "cut", "after_bytes": 500, "orderly": orderly, "command": "read_table", "times": 3}
    )
    assert devices(read(adapter, table)) == expected()
    assert cluster.handle.faults.struck() == [3]


def test_another_table_of_the_same_name_is_not_read_on(
    cluster: Cluster, extracted: tuple[YtActivitySource, str]
) -> None:
    _, table = extracted
    written = rows_of(cluster, table)
    parts = result.slices(cluster.client, table).of(1, result.SCHEMA)
    next(parts)
    cluster.client.remove(table)
    cluster.client.write_table(table, written)
    with pytest.raises(SourceInvalid, match="the result table is gone; extract the period again"):
        next(parts)


def test_statistics_of_a_sorted_table_take_one_small_read(
    cluster: Cluster, extracted: tuple[YtActivitySource, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, table = extracted
    read_table, asked = cluster.client.read_table, []

    def counted(address: Any, **options: Any) -> Any:  # noqa: ANN401
        asked.append(address.attributes["ranges"])
        return read_table(address, **options)

    monkeypatch.setattr(cluster.client, "read_table", counted)
    assert result.read_statistics(cluster.client, table, MONDAY.period).lines == 20
    assert asked == [[{"lower_limit": {"row_index": 0}, "upper_limit": {"row_index": 2}}]]
