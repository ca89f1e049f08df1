"""The register of a period: one line per payout line, the orders that pay them, and sums that match. It is what an
accountant reads and what people pay by when billing-orders cannot."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.money import money_text
from signalq_billing.domain.progress import PaymentProgress

Currency = str


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One device of one payout. Lines that one order pays share its `external_ref`, `order_amount` and `doc_id`; a
    line of zero has none of them and no progress, but the `reason` it earned nothing. `units` is for show."""

    park_id: str
    cadence: str
    period: dt.date
    revision: int
    device_id: str
    active_days: int
    active_seconds: int
    unit: str | None
    units: str
    currency: Currency
    amount: Decimal
    reason: str | None
    payment_progress: PaymentProgress | None
    external_ref: str | None
    order_amount: Decimal | None
    doc_id: str | None
    hold_reason: str | None


@dataclass(frozen=True, slots=True)
class RegisterOrder:
    """What to pay in one go. `device_id` is None where it pays the whole park; `carried`, zero or less, was taken off
    its lines for what the park owed; `note` says what to mind."""

    external_ref: str
    park_id: str
    cadence: str
    period: dt.date
    revision: int
    device_id: str | None
    currency: Currency
    amount: Decimal
    carried: Decimal
    payment_progress: PaymentProgress
    doc_id: str | None
    note: str


@dataclass(frozen=True, slots=True)
class RegisterPark:
    """One payout as a whole, also one without lines: its lines sum to `amount`, its orders to that and `carried`.
    `payment_progress` is None where there is nothing to pay."""

    park_id: str
    cadence: str
    period: dt.date
    last_day: dt.date
    timezone: str
    revision: int
    currency: Currency
    amount: Decimal
    carried: Decimal
    devices: int
    paid_devices: int
    payment_progress: PaymentProgress | None
    reason: str | None
    hold_reason: str | None


@dataclass(frozen=True, slots=True)
class RegisterTotal:
    """The sum of one currency, or of what got equally far in it."""

    currency: Currency
    payment_progress: PaymentProgress | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Register:
    """A whole period. Everything is sorted by park (bytewise), revision and device; `totals` sum up the lines,
    `order_totals` the orders: they differ by what was carried and what is taken back."""

    cadence: str
    period: dt.date
    lines: tuple[RegisterLine, ...]
    orders: tuple[RegisterOrder, ...]
    parks: tuple[RegisterPark, ...]

    @property
    def totals(self) -> tuple[RegisterTotal, ...]:
        """Per currency and progress, then the currency as a whole."""
        return tuple(_totals(self.lines, {park.currency for park in self.parks}))

    @property
    def order_totals(self) -> tuple[RegisterTotal, ...]:
        """What is to be paid, summed up in the same way."""
        return tuple(_totals(self.orders, {park.currency for park in self.parks}))


def total_of(amounts: Iterable[Decimal], currency: Currency) -> Decimal:
    """The exact sum, however long, with exactly the currency's minor digits."""
    return exact(sum((Fraction(amount) for amount in amounts), Fraction(0)), currency)


def exact(amount: Fraction | Decimal, currency: Currency) -> Decimal:
    """`amount`, whole in minor units, written with exactly the currency's minor digits."""
    return Decimal(money_text(amount, currency))


def _totals(lines: Iterable[RegisterLine | RegisterOrder], currencies: Iterable[Currency]) -> Iterator[RegisterTotal]:
    sums: dict[Currency, dict[PaymentProgress | None, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for line in lines:
        sums[line.currency][line.payment_progress] += Fraction(line.amount)
    for currency in sorted(currencies):
        by_progress = sums[currency]
        for progress in PaymentProgress:
            if progress in by_progress:
                yield RegisterTotal(currency, progress, exact(by_progress[progress], currency))
        yield RegisterTotal(currency, None, exact(sum(by_progress.values(), Fraction(0)), currency))
