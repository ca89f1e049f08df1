"""A fleet on every charge model there is, with the activity of a week, as configs and as the Arrow bytes that an
extraction leaves in YTsaurus. The same for the same size, always."""

import datetime as dt
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from signalq_billing.adapters.ytsaurus.arrow import arrow_table
from signalq_billing.adapters.ytsaurus.result import SCHEMA, checked_result, parks
from signalq_billing.domain.activity import ActivityRules, ActivitySnapshot, BadRows, DeviceActivity, ParkActivity
from signalq_billing.domain.charge import ChargeModel, Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from signalq_billing.domain.period import Cadence, Every, Period
from signalq_billing.services.extract import request_for

WEEKLY = Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
PERIOD = WEEKLY.starting(dt.date(2026, 11, 16))
_PARKS_IN_A_SLICE = 100
_RULES = ActivityRules(("online",), 14_400, 3600)
_TIERS = (
    Tier(Decimal(5), Decimal("10.00")),
    Tier(Decimal(40), Decimal("8.50"), Decimal("1.00")),
    Tier(None, Decimal("7.25"), Decimal("3.00")),
)
# Each model with each unit it can have, per device and per park.
_CHARGES: tuple[tuple[ChargeModel, str | None], ...] = (
    (Standard(Decimal("12.50")), "active_day"),
    (Standard(Decimal("0.335")), "active_hour"),
    (Standard(Decimal("55.00")), "active_device"),
    (Package(Decimal(3), Decimal("40.00"), Decimal(1)), "active_day"),
    (Graduated(_TIERS), "active_day"),
    (Graduated(_TIERS), "active_hour"),
    (Volume(_TIERS), "active_day"),
    (Flat(Decimal("99.99")), None),
)
_LIMITS = (
    Limits(),
    Limits(device_max=Decimal(500), park_max=Decimal(100_000)),
    Limits(device_min=Decimal(1), park_min=Decimal(10)),
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many parks, each with so many devices."""

    parks: int
    devices: int

    def configs(self, order_per: OrderPer | None = None) -> list[ParkConfig]:
        """Every third park is paid per device, or all of them as `order_per` says."""
        return [self._config(number, order_per) for number in range(self.parks)]

    def _config(self, number: int, order_per: OrderPer | None) -> ParkConfig:
        model, unit = _CHARGES[number % len(_CHARGES)]
        terms = PayTerms(
            currency="RUB",
            activity=_RULES,
            charge=Charge(model, unit, (Scope.DEVICE, Scope.PARK)[number // len(_CHARGES) % 2]),
            min_active_days=1 + number % 3,
            limits=_LIMITS[number % len(_LIMITS)],
            rounding=(Rounding.HALF_EVEN, Rounding.HALF_UP)[number % 2],
            order_per=order_per or (OrderPer.DEVICE if number % 3 == 2 else OrderPer.PARK),
        )
        return ParkConfig(f"park-{number:05d}", dt.date(2026, 1, 5), WEEKLY.name, terms)

    def content(self) -> Iterator[bytes]:
        """The result table of an extraction, in slices as YTsaurus sends them."""
        lines = self.parks * self.devices
        scan = [[b""], [b""], [b""], [lines * 200], [lines * 200], [0], [lines], [b""]]
        begin: list[pa.RecordBatch] = [pa.record_batch(list(map(pa.array, scan, SCHEMA.types)), schema=SCHEMA)]
        for first in range(0, self.parks, _PARKS_IN_A_SLICE):
            numbers = range(first, min(first + _PARKS_IN_A_SLICE, self.parks))
            written = pa.BufferOutputStream()
            with pa.ipc.new_stream(written, SCHEMA) as stream:
                for batch in [*begin, *map(self._lines, numbers)]:
                    stream.write_batch(batch)
            begin = []
            yield bytes(written.getvalue().to_pybytes())

    def _lines(self, number: int) -> pa.RecordBatch:
        columns = [*self._columns(number), *([[0] * self.devices] * 4), [b""] * self.devices]
        return pa.record_batch(list(map(pa.array, columns, SCHEMA.types)), schema=SCHEMA)

    def _columns(self, number: int) -> list[list[bytes]]:
        """Of one park: itself, its devices, and how long they were active on each day."""
        drawn, devices = random.Random(number), range(self.devices)
        return [
            [f"park-{number:05d}".encode()] * self.devices,
            [b"cam-%05d-%04d" % (number, device) for device in devices],
            [b",".join(b"%d" % _seconds(drawn) for _ in PERIOD.days) for _ in devices],
        ]

    def activity(self) -> Iterator[ParkActivity]:
        """The same as values."""
        for number in range(self.parks):
            columns = self._columns(number)
            lines = zip(columns[1], columns[2], strict=True)
            devices = tuple(
                DeviceActivity(device.decode(), tuple(map(int, days.split(b",")))) for device, days in lines
            )
            yield ParkActivity(columns[0][0].decode(), devices)

    def snapshot(self, configs: Sequence[ParkConfig]) -> ActivitySnapshot:
        rules = request_for(PERIOD, configs, PERIOD.end).rules_digest
        lines = self.parks * self.devices
        return ActivitySnapshot(PERIOD, "//result", PERIOD.end, lines * 200, BadRows(), PERIOD.end, "", rules)


def _seconds(drawn: random.Random) -> int:
    """Of one day: one in eight is idle, the others work for some hours."""
    return 0 if drawn.random() < 0.125 else drawn.randrange(3_600, 60_000)


@dataclass(frozen=True, slots=True)
class Extracted:
    """The part of ActivitySource that computing asks, over the bytes that YTsaurus would send, in files."""

    slices: Sequence[Path]

    def read(self, result_table: str, period: Period) -> Iterator[ParkActivity]:
        parts = (arrow_table(path.read_bytes(), SCHEMA, result_table) for path in self.slices)
        with tempfile.TemporaryFile() as file:
            yield from parks(checked_result(parts, result_table, file), result_table, period)


def extracted(fleet: Fleet, directory: Path) -> Extracted:
    """Write a fleet's result table into a directory, as it would come over the wire."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, content in enumerate(fleet.content()):
        paths.append(directory / f"{number:05d}.arrow")
        paths[-1].write_bytes(content)
    return Extracted(paths)
