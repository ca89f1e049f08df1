"""From a computed payout to what is stored of it: its orders and what is shown of its units. No database here."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from signalq_billing.domain.carrying import due, parts
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.digest import sorted_lines
from signalq_billing.domain.order import OrderPayload, external_ref, payload_hash
from signalq_billing.domain.payout import Payout, PayoutLine

_SHOWN = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class FormedOrder:
    """One order before it is stored. `device_id` is None where the order stands for the whole park."""

    device_id: str | None
    external_ref: str
    amount: Decimal
    carried: Decimal
    body: bytes

    @property
    def payload_hash(self) -> str:
        return payload_hash(self.body)


def order_per(payout: Payout) -> OrderPer:
    """How many orders the payout becomes; a config that is not enabled pays nothing either way."""
    return payout.config.terms.order_per if payout.config.terms else OrderPer.PARK


def orders(payout: Payout, carried: Decimal = Decimal(0)) -> Iterator[FormedOrder]:
    """The orders that pay this payout less what is `carried` into it: one of the park, or one per device; none that
    would pay nothing. They sum to `carrying.due`."""
    left = due(payout.total, carried)
    if left <= 0:
        return
    lines = [line for line in sorted_lines(payout) if line.amount]
    if order_per(payout) is OrderPer.PARK:
        yield _order(payout, None, left, left - payout.total, lines)
        return
    for part in parts(lines, carried):
        if part.amount > 0:
            yield _order(payout, part.line.device_id, part.amount, part.carried, [part.line])


def _order(
    payout: Payout, device_id: str | None, amount: Decimal, carried: Decimal, lines: list[PayoutLine]
) -> FormedOrder:
    period = payout.period
    ref = external_ref(payout.park_id, period, payout.revision, device_id)
    payload = OrderPayload(
        external_ref=ref,
        park_id=payout.park_id,
        cadence=period.cadence,
        period_name=period.name,
        period_start=period.start,
        period_end=period.end,
        timezone=period.timezone,
        revision=payout.revision,
        currency=payout.currency,
        amount=amount,
        carried=carried,
        lines=[(line.device_id, line.amount) for line in lines],
    )
    return FormedOrder(device_id, ref, amount, carried, payload.body())


def shown(units: Fraction) -> Decimal:
    """Units for people: six decimal places, fewer where they are zeros."""
    rounded = (Decimal(units.numerator) / Decimal(units.denominator)).quantize(_SHOWN, ROUND_HALF_EVEN)
    return rounded.normalize() + 0
