"""The fleets that the DAGs pay: configs on one simple tariff, a few events per camera and day, what that must pay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

TABLE = "//home/signalq/status_history"
PRICE = Decimal("12.50")
ENOUGH_SECONDS = 14_400
_CADENCE = """
- {{name: {name}, every: day, anchor: 2026-01-01, timezone: Europe/Moscow, settle_minutes: 0, catch_up_from: {start}}}
"""
_SOURCE = f"""
table: {TABLE}
columns: {{park_id: park_id, device_id: device_id, status: status, status_at: status_at, event_id: null}}
watermark: max
lookback_days: 1
replica_lag_allowance_seconds: 0
result_directory: //home/signalq-billing/activity
clique: ch_public
"""
_TARIFFS = f"""
per_day:
  currency: RUB
  activity: {{active_statuses: [online], min_active_seconds_per_day: {ENOUGH_SECONDS}}}
  charge: {{model: standard, unit: active_day, scope: device, unit_amount: "{PRICE}"}}
"""
_GUARDS = 'run_max: {RUB: "100000000"}\npark_max: {RUB: "100000"}\n'
_MOSCOW = dt.timezone(dt.timedelta(hours=3))  # without daylight saving since 2014


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many parks of a cadence of their own, and the days they are paid for."""

    parks: int
    cameras: int  # of each park
    days: tuple[dt.date, ...]

    @property
    def cadence(self) -> str:
        return f"bench_{self.parks}"

    def park_ids(self) -> list[str]:
        return [f"{self.cadence}-park-{number:05d}" for number in range(self.parks)]

    def totals(self, day: dt.date) -> dict[str, Decimal]:
        """What each park must be paid for that day; those that are paid nothing are left out."""
        paid = (_seconds(self, day).reshape(self.parks, self.cameras) >= ENOUGH_SECONDS).sum(axis=1)
        return {park: PRICE * int(count) for park, count in zip(self.park_ids(), paid, strict=True) if count}

    def events(self, day: dt.date) -> pa.Table:
        """Three events per camera: it goes online in the morning, idles after its hours, and is switched off."""
        parks, cameras = np.divmod(np.arange(self.parks * self.cameras), self.cameras)
        begins = _micros(day) + np.random.default_rng(day.toordinal()).integers(7 * 3600, 8 * 3600, len(parks)) * 10**6
        ends = begins + _seconds(self, day) * 10**6
        park = pa.array(self.park_ids()).take(pa.array(parks))
        device = pa.array([f"{self.cadence}-{p}-{c}" for p, c in zip(parks.tolist(), cameras.tolist(), strict=True)])
        parts = [("online", begins), ("idle", ends), ("offline", ends + 600 * 10**6)]
        return pa.concat_tables([_events(park, device, status, at) for status, at in parts])


def write_configs(directory: Path, fleets: Sequence[Fleet], more_cadences: int = 0) -> None:
    """A config directory; no scheduled run begins by itself. `more_cadences` have no parks."""
    (directory / "parks").mkdir(parents=True)
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    names = [*(fleet.cadence for fleet in fleets), *(f"more_{number}" for number in range(more_cadences))]
    (directory / "cadences.yaml").write_text("".join(_CADENCE.format(name=name, start=tomorrow) for name in names))
    (directory / "source.yaml").write_text(_SOURCE)
    (directory / "tariffs.yaml").write_text(_TARIFFS)
    (directory / "guards.yaml").write_text(_GUARDS)
    for fleet in fleets:
        lines = [
            f"- {{park_id: {park}, effective_from: 2026-01-01, cadence: {fleet.cadence}, tariff: per_day}}\n"
            for park in fleet.park_ids()
        ]
        (directory / "parks" / f"{fleet.cadence}.yaml").write_text("".join(lines))


def write_history(client: Any, fleets: Sequence[Fleet]) -> int:  # noqa: ANN401 - the client has no types
    """All events of all fleets, and one of a camera nobody knows that keeps the watermark new. Returns their number."""
    now = pa.array([int(dt.datetime.now(dt.UTC).timestamp()) * 10**6], pa.int64())
    beacon = _events(pa.array(["nobody"]), pa.array(["beacon"]), "online", now)
    events = pa.concat_tables([beacon, *(fleet.events(day) for fleet in fleets for day in fleet.days)])
    schema = [{"name": name, "type": "string"} for name in ("park_id", "device_id", "status")]
    schema.append({"name": "status_at", "type": "timestamp"})
    client.create("table", TABLE, recursive=True, force=True, attributes={"schema": schema})
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, events.schema) as stream:
        stream.write_table(events, max_chunksize=100_000)
    client.write_table(TABLE, written.getvalue().to_pybytes(), format="arrow", raw=True)
    return int(events.num_rows)


def _seconds(fleet: Fleet, day: dt.date) -> Any:  # noqa: ANN401 - an array
    """How long each camera is online on a day: one in five too short to count."""
    random = np.random.default_rng(day.toordinal() * 100_003 + fleet.parks)
    return random.integers(ENOUGH_SECONDS // 2, 4 * ENOUGH_SECONDS // 2 + ENOUGH_SECONDS, fleet.parks * fleet.cameras)


def _micros(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=_MOSCOW).timestamp()) * 10**6


def _events(park: pa.Array, device: pa.Array, status: str, at: Any) -> pa.Table:  # noqa: ANN401
    times = pa.array(at, pa.int64()).cast(pa.uint64())
    return pa.table(
        [park, device, pa.repeat(status, len(device)), times], ["park_id", "device_id", "status", "status_at"]
    )
