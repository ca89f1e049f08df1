"""Holding payouts of a period and letting them go, in the name of a person (SPEC sections 9 and 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from signalq_billing.domain.near_miss import suggestion
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.errors import UsageError
from signalq_billing.ports import PayoutStore
from signalq_billing.services.selecting import parse_date


class HoldResult(StrEnum):
    """What came of one payout."""

    HELD = "held"
    HELD_BEFORE = "held_before"
    RELEASED = "released"
    NOT_HELD = "not_held"
    NOTHING_TO_HOLD = "nothing_to_hold"


@dataclass(frozen=True, slots=True)
class HoldOutcome:
    """A payout and what was done with it; `reason` is what it is, or was, held for."""

    payout: PayoutProgress
    result: HoldResult
    reason: str | None


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


def release(store: PayoutStore, payouts: Sequence[PayoutProgress], by: str, note: str) -> list[HoldOutcome]:
    """Let held payouts go, approved as they stand."""
    return [_release(store, payout, by, note) for payout in payouts]


def _release(store: PayoutStore, payout: PayoutProgress, by: str, note: str) -> HoldOutcome:
    if payout.hold_reason is None or not store.release(payout.payout_id, by, note):
        return HoldOutcome(payout, HoldResult.NOT_HELD, None)
    return HoldOutcome(replace(payout, hold_reason=None), HoldResult.RELEASED, payout.hold_reason)
