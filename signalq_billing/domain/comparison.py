"""What a period paid against what it would pay under other configs, park by park and per currency, never across."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.period import Period


@dataclass(frozen=True, slots=True)
class Paid:
    """A park's money for a period, and the date of the config version it comes from. `stored` False: nothing is stored
    for the period, this is what a run with these configs would pay."""

    amount: Decimal
    currency: str
    version: dt.date
    stored: bool = False


@dataclass(frozen=True, slots=True)
class ParkComparison:
    """One park: what it was paid and what it would be; None where the period does not pay it at all. `ended` is the
    date of the disabled version that it would be paid nothing by."""

    park_id: str
    before: Paid | None
    after: Paid | None
    ended: dt.date | None = None

    @property
    def version_after(self) -> dt.date | None:
        """The date of the version it would be paid by, or be paid nothing by."""
        return self.after.version if self.after else self.ended

    @property
    def currency_changed(self) -> bool:
        return bool(self.before and self.after and self.before.currency != self.after.currency)

    @property
    def difference(self) -> Decimal | None:
        """Would pay minus paid; None across currencies."""
        if self.currency_changed:
            return None
        return (self.after.amount if self.after else Decimal(0)) - (self.before.amount if self.before else Decimal(0))

    @property
    def share(self) -> Fraction | None:
        """The difference as a share of what was paid; None across currencies and where nothing was paid."""
        if self.difference is None or self.before is None or not self.before.amount:
            return None
        return Fraction(self.difference) / Fraction(self.before.amount)

    @property
    def unchanged(self) -> bool:
        return self.before is not None and self.after is not None and self.difference == 0

    @property
    def currency(self) -> str:
        """The one to list the park under: of what it would be paid, else of what it was paid."""
        side = self.after or self.before
        return side.currency if side else ""


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """Both sides of one currency, over all parks compared."""

    currency: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """All parks of one period, sorted bytewise. `refused` says why the period could not be compared at all,
    `not_compared` (park, why) why single parks could not."""

    period: Period
    parks: tuple[ParkComparison, ...] = ()
    not_compared: tuple[tuple[str, str], ...] = ()
    refused: str = ""
    snapshot: ActivitySnapshot | None = None

    @property
    def movers(self) -> list[ParkComparison]:
        """Parks whose money changes, by currency, the largest difference first; changed currencies in front."""
        moving = (park for park in self.parks if not park.unchanged)
        return sorted(moving, key=lambda park: (not park.currency_changed, park.currency, *_largest_first(park)))

    @property
    def unchanged(self) -> int:
        return sum(park.unchanged for park in self.parks)

    @property
    def later(self) -> dict[dt.date, int]:
        """How many parks are priced by versions that take effect only after the period begins, by date, sorted."""
        versions = (park.version_after for park in self.parks)
        return dict(sorted(Counter(each for each in versions if each and each > self.period.name).items()))

    @property
    def totals(self) -> list[CurrencyTotal]:
        """Per currency, sorted by its code."""
        before = _sums(park.before for park in self.parks)
        after = _sums(park.after for park in self.parks)
        zero = Decimal(0)
        codes = sorted(before.keys() | after.keys())
        return [CurrencyTotal(code, before.get(code, zero), after.get(code, zero)) for code in codes]


def _largest_first(park: ParkComparison) -> tuple[Decimal, bytes]:
    moved = abs(park.difference) if park.difference is not None else park.after.amount if park.after else Decimal(0)
    return -moved, park.park_id.encode()


def _sums(sides: Iterable[Paid | None]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for side in sides:
        if side is not None:
            sums[side.currency] = sums.get(side.currency, Decimal(0)) + side.amount
    return sums
