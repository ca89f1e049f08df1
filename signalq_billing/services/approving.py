"""What a run asks a person to approve, and what comes of the answer (SPEC section 11). Releasing is `holding`'s."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.approval import (
    Asked,
    Standing,
    asked_about,
    held_by_guards,
    park_page,
    standing,
)
from signalq_billing.domain.hold_text import hold_text, release_text
from signalq_billing.domain.money import money_text
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.ports import Holders, PayoutStore
from signalq_billing.services.holding import HoldResult, release


@dataclass(frozen=True, slots=True)
class Look:
    """Where the hold that was asked about stands now; `payout` is None for one that is gone."""

    standing: Standing
    payout: PayoutProgress | None


def held_in_run(
    period: Period, park_ids: Sequence[str], *, store: PayoutStore, holders: Holders, service: str
) -> list[PayoutProgress]:
    """The payouts of these parks that guards hold, the largest first. `service` is how the names of our own workers
    begin; what a person holds and what billing-orders rejected is not among them."""
    held = [payout for payout in store.payouts(period.cadence, period.name, park_ids) if payout.hold_reason]
    held_by = holders.held_by([payout.payout_id for payout in held])
    found = [
        payout
        for payout in held
        if held_by_guards(payout, held_by.get(payout.payout_id, ""), service, store.attempts(payout.payout_id))
    ]
    return sorted(found, key=lambda each: (-each.total, each.park_id.encode(), each.revision))


def with_new(asked: Sequence[Asked], held: Sequence[PayoutProgress], most: int) -> list[Asked]:
    """What was asked before, each in its place, and behind it what is held and was not asked: at most `most` anew.

    A place stands for one hold for ever, because what a person is shown there cannot be changed any more.
    """
    new = [each for each in map(asked_about, held) if each not in asked]
    return [*asked, *new[:most]]


def look(asked: Asked, period: Period, store: PayoutStore) -> Look:
    """Where the hold that was asked about stands now."""
    payouts = store.payouts(period.cadence, period.name, [asked.park_id])
    payout = next((each for each in payouts if each.payout_id == asked.payout_id), None)
    return Look(standing(asked, payouts), payout)


def approve(asked: Asked, period: Period, store: PayoutStore, by: str, note: str) -> Look:
    """Release what was asked about, in the name of `by`, if it stands as it was asked. Returns where it stands then."""
    found = look(asked, period, store)
    if found.standing is not Standing.HELD or found.payout is None:
        return found
    (outcome,) = release(store, [found.payout], by, note, asked.digest)
    if outcome.result is HoldResult.CHANGED:
        return Look(Standing.CHANGED, found.payout)
    return look(asked, period, store)


def ended_text(found: Look, period: Period, park_id: str) -> str:
    """In words, why nobody has to be asked any more."""
    said = {
        Standing.RELEASED: release_text(found.payout) if found.payout else "",
        Standing.SETTLED: "nothing is left to send",
        Standing.CHANGED: "computed anew or held anew since this was asked, so an approval of it is void: it stays "
        "held. Clear `list_held` with all that follows to be asked about what it is now, or decide on the page",
        Standing.GONE: "taken back: the park is not paid for this period any more",
        Standing.HELD: "stays held",
    }[found.standing]
    return f"park {park_id}, {period}: {said or found.standing.value}"


def kept_text(payout: PayoutProgress, now: dt.datetime, airflow_url: str) -> str:
    """In words, what stays held, for how much money, and where to decide about it."""
    return (
        f"park {payout.park_id}, {payout.cadence} {payout.period_name}: {money_text(payout.total, payout.currency)} "
        f"{payout.currency} {hold_text(payout, now)}. It can be released at any time: {park_page(payout, airflow_url)} "
        f"or `signalq-billing release`; reconcile sends it then"
    )
