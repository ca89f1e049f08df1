"""Pictures as numbers: stacked bars by state, in whole units of a viewBox. Heights are cut by integer arithmetic, never
by floats; what is below zero has no height, the table beside a picture has it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from signalq_billing.domain.glance import PayoutState, PeriodGlance, StateSum, TrendPoint

WIDTH, HEIGHT, TOP, BOTTOM = 480, 150, 16, 20
_PLOT = HEIGHT - TOP - BOTTOM
_MOST_BARS = 12
# From the ground up: what is done first, what is stuck on top, where the eye is.
_STACK = (
    PayoutState.CREATED,
    PayoutState.IN_PROGRESS,
    PayoutState.NOT_CREATED,
    PayoutState.FAILED,
    PayoutState.UNKNOWN,
    PayoutState.HELD,
    PayoutState.ZERO,
)
_SUFFIXES = ("", "k", "M", "G", "T")
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """One state's part of a bar."""

    state: PayoutState
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One period: `key` is its name, `x` and `width` where it stands, `sums` what it is made of."""

    key: str
    x: int
    width: int
    top: int
    label: str
    segments: Sequence[Segment]
    sums: Sequence[tuple[PayoutState, Decimal]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, the oldest first. `unit` is a currency, or "parks"."""

    unit: str
    bars: Sequence[Bar]

    @property
    def states(self) -> list[PayoutState]:
        """The states in it, the most urgent first."""
        found = {state for bar in self.bars for state, amount in bar.sums if amount}
        return [state for state in PayoutState if state in found]


def money_charts(periods: Sequence[PeriodGlance]) -> list[Chart]:
    """One chart per currency, for amounts of different currencies cannot stand beside each other."""
    currencies = sorted({each.currency for period in periods for each in period.sums})
    return [_chart(_in_currency(periods, currency), currency, lambda each: each.total) for currency in currencies]


def parks_chart(periods: Sequence[PeriodGlance]) -> Chart:
    """Parks by state."""
    return _chart(periods, "parks", lambda each: Decimal(each.parks))


def _in_currency(periods: Sequence[PeriodGlance], currency: str) -> list[PeriodGlance]:
    return [replace(each, sums=[one for one in each.sums if one.currency == currency]) for each in periods]


def trend_charts(points: Sequence[TrendPoint]) -> list[Chart]:
    """What a park was paid over its periods, one chart per currency."""
    as_periods = [
        PeriodGlance("", point.period_name, [StateSum(point.state, point.currency, 1, point.total)]) for point in points
    ]
    return money_charts(as_periods[::-1])


def compact(amount: Decimal) -> str:
    """`950`, `12.4k`, `3.1M`: for a label above a bar, rounded; the exact amount is in the table."""
    number, power = abs(amount), 0
    while number >= _THOUSAND and power < len(_SUFFIXES) - 1:
        number, power = number / _THOUSAND, power + 1
    digits = 0 if power == 0 or number >= 100 else 1
    text = f"{number:.{digits}f}".removesuffix(".0")
    return f"{'-' if amount < 0 else ''}{text}{_SUFFIXES[power]}"


def _chart(periods: Sequence[PeriodGlance], unit: str, measure: Callable[[StateSum], Decimal]) -> Chart:
    oldest_first = list(reversed(periods[:_MOST_BARS]))
    sums = [_by_state(period.sums, measure) for period in oldest_first]
    highest = max((sum((max(amount, Decimal(0)) for _, amount in each), Decimal(0)) for each in sums), default=0)
    pitch = min(WIDTH // max(len(oldest_first), 1), WIDTH // 6)
    placed = enumerate(zip(oldest_first, sums, strict=True))
    return Chart(
        unit, [_bar(period, index * pitch, pitch, found, Decimal(highest)) for index, (period, found) in placed]
    )


def _by_state(sums: Sequence[StateSum], measure: Callable[[StateSum], Decimal]) -> list[tuple[PayoutState, Decimal]]:
    return [
        (state, sum((measure(each) for each in sums if each.state is state), Decimal(0)))
        for state in _STACK
        if any(each.state is state for each in sums)
    ]


def _bar(
    period: PeriodGlance, x: int, pitch: int, sums: Sequence[tuple[PayoutState, Decimal]], highest: Decimal
) -> Bar:
    ground, reached, segments = HEIGHT - BOTTOM, Decimal(0), []
    for state, amount in sums:
        if amount > 0:
            before = int(_PLOT * reached / highest)
            reached += amount
            # What is there can be seen, however little it is.
            height = max(int(_PLOT * reached / highest) - before, 1)
            segments.append(Segment(state, ground - before - height, height))
    total = sum((amount for _, amount in sums), Decimal(0))
    top = min((segment.y for segment in segments), default=ground)
    gap = max(pitch // 5, 2)
    return Bar(period.name.isoformat(), x + gap // 2, pitch - gap, top, compact(total), segments, sums)
