"""Holding payouts of a period and letting them go, in the name of a person (SPEC sections 9 and 11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from signalq_billing.domain.hold_text import hold_text
from signalq_billing.domain.near_miss import suggestion
from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.errors import Refused, UsageError
from signalq_billing.ports import PayoutStore
from signalq_billing.services.selecting import parse_date

_SHORTEST_DIGEST = 8


class HoldResult(StrEnum):
    """What came of one payout."""

    HELD = "held"
    HELD_BEFORE = "held_before"
    RELEASED = "released"
    NOT_HELD = "not_held"
    CHANGED = "changed"  # computed anew since it was looked at: it stays held
    NOTHING_TO_HOLD = "nothing_to_hold"
    SETTLED_ALREADY = "settled_already"  # there was nothing left to let go, held or not


@dataclass(frozen=True, slots=True)
class HoldOutcome:
    """A payout and what was done with it; `reason` is what it is, or was, held for."""

    payout: PayoutProgress
    result: HoldResult
    reason: str | None

    @property
    def to_send(self) -> Sequence[OrderProgress]:
        """The orders that the release lets go: those of a released payout that are not created."""
        released = self.result is HoldResult.RELEASED
        return [
            each for each in self.payout.orders if released and each.payment_progress is not PaymentProgress.CREATED
        ]


def stored_payouts(
    store: PayoutStore, cadence: str, period: str, park_ids: Sequence[str] | None = None
) -> list[PayoutProgress]:
    """The payouts of a period, of all parks or some. Raises UsageError that says what there is instead."""
    name = parse_date(period)
    found = store.payouts(cadence, name, park_ids or None)
    known = {payout.park_id for payout in found}
    if missing := [park_id for park_id in park_ids or () if park_id not in known]:
        there = {payout.park_id for payout in store.payouts(cadence, name)}
        told = "; ".join(f"park {park_id!r}: {suggestion(park_id, there)}" for park_id in missing)
        raise UsageError(f"no payout is stored for {cadence} {name} of {told}")
    if not found:
        raise UsageError(f"no payouts are stored for {cadence} {name}: {_what_there_is(store, cadence)}")
    return found


def _what_there_is(store: PayoutStore, cadence: str) -> str:
    everything = store.payouts()
    names = sorted({payout.period_name for payout in everything if payout.cadence == cadence}, reverse=True)
    if names:
        return f"{cadence} has {', '.join(map(str, names[:5]))}{' and older ones' if names[5:] else ''}"
    return f"cadence {cadence!r}: {suggestion(cadence, {payout.cadence for payout in everything})}"


def hold(store: PayoutStore, payouts: Sequence[PayoutProgress], reason: str, actor: str) -> list[HoldOutcome]:
    """Hold the payouts that are not settled. One that is held keeps the reason it is held for."""
    return [_hold(store, payout, reason, actor) for payout in payouts]


def _hold(store: PayoutStore, payout: PayoutProgress, reason: str, actor: str) -> HoldOutcome:
    if payout.settled:
        return HoldOutcome(payout, HoldResult.NOTHING_TO_HOLD, payout.hold_reason)
    if payout.hold_reason is not None:
        return HoldOutcome(payout, HoldResult.HELD_BEFORE, payout.hold_reason)
    store.hold(payout.payout_id, reason, actor)
    return HoldOutcome(replace(payout, hold_reason=reason), HoldResult.HELD, reason)


def release(
    store: PayoutStore, payouts: Sequence[PayoutProgress], by: str, note: str, digest: str | None = None
) -> list[HoldOutcome]:
    """Let held payouts go, approved as they stand: as they are in `payouts`, and, if it is given, as `digest` says.

    What was computed anew since stays held. `digest` may be the beginning of one, eight characters or more; raises
    UsageError for less, and if several payouts are held, for it stands for one.
    """
    held = [payout for payout in payouts if payout.hold_reason is not None]
    if digest is not None and (len(digest) < _SHORTEST_DIGEST or len(held) > 1):
        raise UsageError(
            f"--digest {digest}: {len(held)} payouts are held, name the --park it belongs to"
            if len(held) > 1
            else f"--digest {digest}: write at least {_SHORTEST_DIGEST} characters of what `status --json` shows"
        )
    return [_release(store, payout, by, note, digest or payout.digest) for payout in payouts]


def _release(store: PayoutStore, payout: PayoutProgress, by: str, note: str, digest: str) -> HoldOutcome:
    if payout.hold_reason is None:
        return HoldOutcome(payout, HoldResult.SETTLED_ALREADY if payout.settled else HoldResult.NOT_HELD, None)
    if not payout.digest.startswith(digest):
        return HoldOutcome(payout, HoldResult.CHANGED, payout.hold_reason)
    try:
        released = store.release(payout.payout_id, by, note, payout.digest)
    except Refused:
        return HoldOutcome(payout, HoldResult.CHANGED, payout.hold_reason)
    if not released:
        return HoldOutcome(payout, HoldResult.NOT_HELD, None)
    result = HoldResult.SETTLED_ALREADY if payout.settled else HoldResult.RELEASED
    return HoldOutcome(replace(payout, hold_reason=None, hold=None), result, payout.hold_reason)


def expired_holds(store: PayoutStore, now: dt.datetime) -> list[str]:
    """In words, the holds that have waited longer than they should for somebody."""
    expired = [payout for payout in store.held() if payout.hold is not None and payout.hold.expired(now)]
    return [
        f"park {payout.park_id}, {payout.cadence} {payout.period_name}: {payout.total} {payout.currency} "
        f"{hold_text(payout, now)}; look at it, then `release` it or correct what it is held for"
        for payout in expired
    ]
