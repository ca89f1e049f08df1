"""Random park configs that keep every rule of the config files written by tests (writing.CADENCES)."""

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope

money = st.decimals(min_value=0, max_value=10**15, places=9)
more_than_none = st.decimals(min_value=Decimal("0.001"), max_value=10**6, places=3)
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(more_than_none, max_size=3)))
    return tuple(Tier(end, draw(money), draw(money)) for end in [*ends, None])


@st.composite
def bounds(draw: st.DrawFn) -> tuple[Decimal | None, Decimal | None]:
    low, high = sorted(draw(st.tuples(money, money)))
    return draw(st.sampled_from([(low, high), (low, None), (None, high), (None, None)]))


@st.composite
def charges(draw: st.DrawFn) -> Charge:
    scope = draw(st.sampled_from(Scope))
    counting = st.one_of(
        st.builds(Standard, money),
        st.builds(Package, more_than_none, money, money),
        st.builds(Graduated, tiers()),
        st.builds(Volume, tiers()),
    )
    model = draw(counting | st.builds(Flat, money))
    unit = None if isinstance(model, Flat) else draw(st.sampled_from(["active_day", "active_hour", "active_device"]))
    return Charge(model, unit, scope)


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    return Limits(*draw(bounds()), *draw(bounds()))


rules = st.builds(
    ActivityRules,
    active_statuses=st.sets(names, min_size=1, max_size=3).map(lambda found: tuple(sorted(found, key=str.encode))),
    min_active_seconds_per_day=st.integers(1, 90_000),
    max_silence_seconds=st.none() | st.integers(1, 10**9),
)
terms = st.builds(
    PayTerms,
    currency=st.sampled_from(["RUB", "JPY", "BHD"]),
    activity=rules,
    charge=charges(),
    min_active_days=st.integers(0, 31),
    limits=limits(),
    rounding=st.sampled_from(Rounding),
    order_per=st.sampled_from(OrderPer),
)
dates = st.dates(dt.date(1970, 1, 1), dt.date(2199, 12, 31))
cadences = st.sampled_from(["weekly_msk", "monthly_msk", "daily_ykt"])
park_configs = st.one_of(
    st.builds(ParkConfig, park_id=names, effective_from=dates, cadence=cadences, terms=terms),
    st.builds(ParkConfig, park_id=names, effective_from=dates, cadence=cadences | st.just(""), terms=st.none()),
)
