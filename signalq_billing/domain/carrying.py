"""What a park owes from negative adjustments, and how its next payouts carry it (SPEC section 7).

A payout's order amounts sum to its total plus `carried`, which is zero or less; none of them is ever below zero.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from signalq_billing.domain.payout import PayoutLine


@dataclass(frozen=True, slots=True)
class Part:
    """One device's line and what is carried into its own order; `amount` is what is left of it to pay."""

    line: PayoutLine
    carried: Decimal

    @property
    def amount(self) -> Decimal:
        return self.line.amount + self.carried


def debt_of(totals: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """What is owed after payouts of these (total, carried) in one currency: negative totals that no payout carried."""
    return sum((-min(total, Decimal(0)) + carried for total, carried in totals), Decimal(0))


def carried_into(total: Decimal, debt: Decimal) -> Decimal:
    """What a payout of `total` carries of a debt: as much as it can, never below zero. Zero or negative."""
    nothing = total - total  # zero with the currency's digits
    return -min(total, debt) if total > 0 and debt > 0 else nothing


def due(total: Decimal, carried: Decimal) -> Decimal:
    """What a payout's orders sum to: nothing for one that takes back more than it pays."""
    return max(total, total - total) + carried


def parts(lines: Sequence[PayoutLine], carried: Decimal) -> Iterator[Part]:
    """Every line above zero with what its own order carries, where each device has an order of its own.

    What devices have to give back, and `carried`, is taken from the others in the order of `lines`.
    """
    rest = -carried - sum((line.amount for line in lines if line.amount < 0), Decimal(0))
    for line in lines:
        if line.amount > 0:
            taken = min(line.amount, rest)
            rest -= taken
            yield Part(line, line.amount - line.amount - taken)
