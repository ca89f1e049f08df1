"""Parks are computed some at a time: few with many devices, a hundred with few; all of them, in order."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from signalq_billing.domain.activity import ActivitySnapshot, BadRows, ParkActivity
from signalq_billing.domain.charge import Standard
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.services import compute
from signalq_billing.services.compute import batches_computed
from signalq_billing.services.extract import request_for
from tests.unit.domain.builders import config, device, period


class Parks:
    """A source with so many devices per park; it tells how many parks were asked for."""

    def __init__(self, devices: Sequence[int]) -> None:
        self.devices = devices
        self.read_parks = 0

    def read(self, result_table: str, of: Period) -> Iterator[ParkActivity]:
        assert (result_table, of) == ("//result", period())
        for number, devices in enumerate(self.devices):
            self.read_parks += 1
            yield ParkActivity(f"park-{number:03}", tuple(device(f"device-{each:03}") for each in range(devices)))


def batches(parks: Parks) -> Iterator[list[tuple[str, int]]]:
    configs = [config(Standard(Decimal(1)), park_id=f"park-{number:03}") for number in range(len(parks.devices))]
    rules = request_for(period(), configs, period().end).rules_digest
    snapshot = ActivitySnapshot(period(), "//result", None, 0, BadRows(), period().end, "", rules)
    for batch in batches_computed(snapshot, configs, parks):  # type: ignore[arg-type]
        assert all(isinstance(each, Payout) for _, each in batch)
        yield [(each.park_id, len(each.lines)) for _, each in batch if isinstance(each, Payout)]


def test_many_small_parks_come_a_hundred_at_a_time() -> None:
    found = list(batches(Parks([1] * 250)))
    assert [len(batch) for batch in found] == [100, 100, 50]
    assert [park for batch in found for park, _ in batch] == [f"park-{number:03}" for number in range(250)]


def test_large_parks_come_as_few_at_a_time_as_their_lines_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_LINES_AT_ONCE", 10)
    parks = Parks([4, 4, 4, 30, 0, 9, 1, 2])
    sizes = [[lines for _, lines in batch] for batch in batches(parks)]
    assert sizes == [[4, 4, 4], [30], [0, 9, 1], [2]]


def test_nothing_is_read_ahead_of_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_LINES_AT_ONCE", 10)
    parks = Parks([10] * 20)
    next(batches(parks))
    assert parks.read_parks <= 2
