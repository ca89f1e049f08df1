"""Keyword factories for the stores' tests: name only what a test is about."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Engine

from signalq_billing.adapters.postgres import history
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.activity import ActivityRules, ActivitySnapshot, BadRows
from signalq_billing.domain.charge import Standard
from signalq_billing.domain.config import Charge, OrderPer, ParkConfig, PayTerms, Scope
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import UTC, Period
from signalq_billing.domain.progress import Claim, OrderProgress, PayoutProgress

LEASE = dt.timedelta(minutes=10)
WEEK = Period("weekly_msk", dt.date(2026, 11, 16), dt.date(2026, 11, 23), "Europe/Moscow")
CLOCK = dt.datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC)


def config(
    park_id: str = "park-1",
    *,
    effective_from: dt.date = dt.date(2026, 1, 1),
    cadence: str = WEEK.cadence,
    unit_amount: str = "10.00",
    order_per: OrderPer = OrderPer.PARK,
    enabled: bool = True,
) -> ParkConfig:
    charge = Charge(Standard(Decimal(unit_amount)), "active_day", Scope.DEVICE)
    terms = PayTerms("RUB", ActivityRules(("online",)), charge, order_per=order_per)
    return ParkConfig(park_id, effective_from, cadence, terms if enabled else None)


def line(device_id: str, amount: str, units: Fraction = Fraction(3)) -> PayoutLine:
    paid = Decimal(amount) > 0
    return PayoutLine(device_id, 86_400, 3, units, Decimal(amount), None if paid else "below_min_active_days")


def payout(
    park_id: str = "park-1",
    amounts: Mapping[str, str] | None = None,
    *,
    period: Period = WEEK,
    order_per: OrderPer = OrderPer.PARK,
    of: ParkConfig | None = None,
    revision: int = 1,
) -> Payout:
    """A payout of `amounts` per device."""
    amounts = {"cam-1": "10.00", "cam-2": "20.50"} if amounts is None else amounts
    lines = tuple(line(device, amount) for device, amount in sorted(amounts.items(), key=lambda item: item[0].encode()))
    total = sum((each.amount for each in lines), Decimal("0.00"))
    made_by = of or config(park_id, cadence=period.cadence, order_per=order_per)
    return Payout(made_by, period, "RUB", lines, total, None if total else "no_activity", revision)


def snapshot(period: Period = WEEK, **changes: object) -> ActivitySnapshot:
    values: dict[str, Any] = {
        "period": period,
        "result_table": "//home/signalq-billing/activity/weekly_msk/1",
        "watermark": CLOCK,
        "rows_read": 10**12,
        "bad_rows": BadRows({"null_park_id": 2}, 1000, ({"park_id": "", "device_id": "cam"},)),
        "clock": CLOCK,
        "source_revision": "12-34-56",
        "rules_digest": "ab" * 32,
    }
    return ActivitySnapshot(**values | changes)


@dataclass
class World:
    """The two stores on one database, with what tests ask of them in short words."""

    engine: Engine
    payouts: PostgresPayoutStore = field(init=False)
    configs: PostgresConfigStore = field(init=False)
    _snapshot_id: int | None = None

    def __post_init__(self) -> None:
        self.payouts = PostgresPayoutStore(self.engine)
        self.configs = PostgresConfigStore(self.engine)

    @property
    def snapshot_id(self) -> int:
        if self._snapshot_id is None:
            self._snapshot_id = self.payouts.save_snapshot(snapshot(), "run-1")
        return self._snapshot_id

    def store(self, *computed: Payout, actor: str = "run-1") -> list[Any]:
        """Apply the payouts' configs and store the payouts; returns the results."""
        standing = {(each.park_id, each.effective_from) for each in self.configs.current()}
        new = {(each.park_id, each.config.effective_from): each.config for each in computed}
        self.configs.apply([each for key, each in new.items() if key not in standing], "tests")
        return [each.result for each in self.payouts.store(computed, self.snapshot_id, actor)]

    def progress(self, park_id: str = "park-1", cadence: str | None = None) -> PayoutProgress:
        (found,) = self.payouts.payouts(cadence=cadence, park_ids=[park_id])
        return found

    def order(self, park_id: str = "park-1", device_id: str | None = None) -> OrderProgress:
        (found,) = [each for each in self.progress(park_id).orders if device_id in (None, each.device_id)]
        return found

    def claim(self, order_id: int | None = None, *, worker: str = "worker-1", lease: dt.timedelta = LEASE) -> Claim:
        claimed = self.payouts.claim(self.order().order_id if order_id is None else order_id, worker, lease)
        assert isinstance(claimed, Claim), claimed
        return claimed

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            result = connection.exec_driver_sql(sql, parameters or None)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def line_progress(self) -> dict[str, str]:
        rows = self.rows("SELECT device_id, payment_progress FROM payout_line ORDER BY payout_id, line_no")
        return {row["device_id"]: row["payment_progress"] for row in rows}

    def actions(self, park_id: str = "park-1") -> list[str]:
        rows = self.rows("SELECT action FROM history WHERE park_id = %s ORDER BY seq", park_id)
        return [row["action"] for row in rows if not row["action"].startswith("config_")]

    def history_problems(self) -> list[str]:
        with self.engine.connect() as connection:
            return history.verify(connection)
