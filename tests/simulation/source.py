"""A simulated status_history: what the cameras of a few parks did, which late data changes while runs are under way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from signalq_billing.domain.activity import ActivityRequest, ActivitySnapshot, BadRows, DeviceActivity, ParkActivity
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import OrderPer, ParkConfig
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from tests.simulation.world import World
from tests.unit.domain.builders import config, period

PERIODS = (period(dt.date(2026, 11, 9)), period(dt.date(2026, 11, 16)))


class SimulatedSource:
    """Days per device and park; late data adds one or takes one away."""

    def __init__(self, world: World) -> None:
        rng = world.rng
        self.world = world
        self.configs: list[ParkConfig] = [
            config(park_id=f"park-{number}", order_per=rng.choice(list(OrderPer)))
            for number in range(1, rng.choice((1, 1, 2, 3)) + 1)
        ]
        self.days = {
            each.park_id: [rng.randrange(0 if number else 1, 8) for number in range(rng.choice((1, 2)))]
            for each in self.configs
        }
        self._results: dict[str, dict[str, list[int]]] = {}

    def late_data(self) -> None:
        """Some camera's days come out differently from now on."""
        park_id = self.world.rng.choice(sorted(self.days))
        days = self.days[park_id]
        days[self.world.rng.randrange(len(days))] = self.world.rng.randrange(0, 8)
        self.world.trace.add(self.world.now, "source", f"late data: {park_id} has {days} days now")

    def current(self, park_ids: Sequence[str]) -> list[ParkConfig]:
        """The configs in force, as a ConfigStore tells them."""
        return [each for each in self.configs if each.park_id in park_ids]

    def ping(self) -> None: ...

    def watermark(self, clock: dt.datetime) -> dt.datetime | None:
        return dt.datetime(2026, 12, 1, tzinfo=dt.UTC)

    def extract(self, request: ActivityRequest) -> ActivitySnapshot:
        table = f"//result-{len(self._results) + 1}"
        self._results[table] = {park_id: list(days) for park_id, days in self.days.items()}
        end = self.watermark(request.clock)
        return ActivitySnapshot(request.period, table, end, 10, BadRows(), request.clock, "", request.rules_digest)

    def read(self, result_table: str, of: Period) -> Iterator[ParkActivity]:
        return self._parks(self._results[result_table])

    def _parks(self, by_park: dict[str, list[int]]) -> Iterator[ParkActivity]:
        for park_id, days in sorted(by_park.items()):
            devices = (
                DeviceActivity(f"cam-{number}", (40_000,) * count + (0,) * (7 - count))
                for number, count in enumerate(days)
            )
            yield ParkActivity(park_id, tuple(devices))

    def computed(self, of: Period) -> list[Payout]:
        """The payouts of a period by what is there now."""
        parks = {park.park_id: park.devices for park in self._parks(self.days)}
        return [compute_payout(each, of, parks[each.park_id]) for each in self.configs]

    def discard(self, result_table: str) -> None: ...
