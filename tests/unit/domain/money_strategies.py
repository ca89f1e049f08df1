"""Random parks for property tests: every charge model, unit, scope, limit, rounding and currency, and activity that
meets thresholds and ties often."""

from decimal import Decimal

import iso4217
from hypothesis import strategies as st

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.charge import ChargeModel, Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Limits, OrderPer, ParkConfig, Rounding, Scope
from tests.unit.domain.builders import config

CURRENCIES = sorted(each.code for each in iso4217.Currency if each.exponent is not None)
UNIT_NAMES = ["active_day", "active_hour", "active_device"]

money = st.decimals(0, 2000, places=4) | st.integers(0, 50).map(Decimal) | st.just(Decimal(0))
sizes = st.decimals("0.0001", 200, places=4) | st.integers(1, 9).map(Decimal)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(sizes, max_size=3)))
    return tuple(Tier(end, draw(money), draw(st.just(Decimal(0)) | money)) for end in [*ends, None])


@st.composite
def rising_volumes(draw: st.DrawFn) -> Volume:
    """Volumes for which more is never less: where a tier begins, it costs at least what the one before it did."""
    made: list[Tier] = []
    for tier in draw(tiers()):
        flat = tier.flat_amount
        if made:
            last, begin = made[-1], made[-1].up_to or Decimal(0)
            flat = max(flat, begin * last.unit_amount + last.flat_amount - begin * tier.unit_amount)
        made.append(Tier(tier.up_to, tier.unit_amount, flat))
    return Volume(tuple(made))


rising_models: st.SearchStrategy[ChargeModel] = st.one_of(
    st.builds(Standard, money),
    st.builds(Flat, money),
    st.builds(Package, sizes, money, money),
    st.builds(Graduated, tiers()),
    rising_volumes(),
)
models: st.SearchStrategy[ChargeModel] = rising_models | st.builds(Volume, tiers())


@st.composite
def limits(draw: st.DrawFn, device: bool = True, park: bool = True) -> Limits:
    bounds: list[Decimal | None] = []
    for wanted in (device, park):
        low, high = (draw(st.none() | money) if wanted else None for _ in range(2))
        if low is not None and high is not None and low > high:
            low, high = high, low
        bounds += [low, high]
    return Limits(*bounds)


@st.composite
def configs(
    draw: st.DrawFn,
    charge: st.SearchStrategy[ChargeModel] = models,
    bounds: st.SearchStrategy[Limits] | None = None,
    scopes: st.SearchStrategy[Scope] | None = None,
) -> ParkConfig:
    model = draw(charge)
    return config(
        model,
        unit=draw(st.sampled_from(UNIT_NAMES)) if model.counts_units else None,
        scope=draw(st.sampled_from(Scope) if scopes is None else scopes),
        min_active_days=draw(st.integers(0, 4)),
        min_seconds=draw(st.sampled_from([1, 3600, 14_400])),
        limits=draw(limits() if bounds is None else bounds),
        rounding=draw(st.sampled_from(Rounding)),
        currency=draw(st.sampled_from(CURRENCIES)),
        order_per=draw(st.sampled_from(OrderPer)),
    )


seconds = st.sampled_from([0, 1, 3599, 3600, 3601, 14_399, 14_400, 43_200, 86_400]) | st.integers(0, 90_000)
# As many cameras were active on few days as on many, or eligibility would hardly ever be in question.
weeks = st.builds(
    lambda days, active: tuple(second if day < active else 0 for day, second in enumerate(days)),
    st.tuples(*[seconds] * 7),
    st.integers(0, 7),
)
devices = st.lists(
    st.builds(DeviceActivity, st.text(min_size=1, max_size=5), weeks),
    max_size=9,
    unique_by=lambda each: each.device_id,
)


@st.composite
def more_activity(draw: st.DrawFn) -> tuple[list[DeviceActivity], list[DeviceActivity], str]:
    """A park's devices, the same with more seconds on one of them, and which one it is."""
    before = draw(devices.filter(bool))
    lucky = draw(st.integers(0, len(before) - 1))
    added = draw(weeks)
    grown = DeviceActivity(
        before[lucky].device_id,
        tuple(min(had + more, 90_000) for had, more in zip(before[lucky].day_seconds, added, strict=True)),
    )
    return before, [grown if index == lucky else each for index, each in enumerate(before)], grown.device_id
