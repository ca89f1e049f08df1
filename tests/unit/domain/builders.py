"""Keyword factories for domain tests: name only what a test is about."""

import datetime as dt
from decimal import Decimal

from signalq_billing.domain.activity import ActivityRules, DeviceActivity
from signalq_billing.domain.charge import ChargeModel, Standard
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from signalq_billing.domain.period import Cadence, Every, Period

WEEKLY = Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")


def period(name: dt.date = dt.date(2026, 11, 16)) -> Period:
    return WEEKLY.starting(name)


def device(device_id: str = "cam-1", days: int = 0, seconds: int = 40_000, of: int = 7) -> DeviceActivity:
    """`days` days with `seconds` each, the rest of the period silent."""
    return DeviceActivity(device_id, (seconds,) * days + (0,) * (of - days))


def config(
    model: ChargeModel | None = None,
    *,
    unit: str | None = "active_day",
    scope: Scope = Scope.DEVICE,
    min_active_days: int = 1,
    min_seconds: int = 1,
    limits: Limits | None = None,
    rounding: Rounding = Rounding.HALF_EVEN,
    currency: str = "RUB",
    park_id: str = "park-1",
    order_per: OrderPer = OrderPer.PARK,
) -> ParkConfig:
    terms = PayTerms(
        currency=currency,
        activity=ActivityRules(("online",), min_seconds),
        charge=Charge(model or Standard(Decimal("10.00")), unit, scope),
        min_active_days=min_active_days,
        limits=limits or Limits(),
        rounding=rounding,
        order_per=order_per,
    )
    return ParkConfig(park_id, dt.date(2026, 1, 1), WEEKLY.name, terms)
