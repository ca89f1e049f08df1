"""Storing what a recompute of a paid period comes to: decided and written under the park's lock (SPEC section 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection, delete

from signalq_billing.adapters.postgres import debts, records, retiring, storing, writing
from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.tables import payout
from signalq_billing.domain.adjustment import Adjusted, Decision, Retirement, Step, decide
from signalq_billing.domain.carrying import carried_into, due
from signalq_billing.domain.digest import payout_digest
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.errors import Refused, SourceInvalid

_WRITTEN = (Step.STORED, Step.REPLACED, Step.RECOMPUTED)


def adjust(
    connection: Connection, computed: Payout, origin: writing.ComputedFrom, retirement: Retirement | None = None
) -> Adjusted:
    """Store the difference between a recomputed period and what its revisions pay; nothing if there is none.

    With `retirement` the payout it names is retired first, in the same transaction. Raises Refused if it may not be.
    """
    parks = lock_parks(connection, [computed.park_id])
    retired = retiring.retire(parks, retirement) if retirement else None
    try:
        decision = decide(computed, _revisions(connection, computed, [computed.park_id]))
    except SourceInvalid as error:
        decision = Decision(Step.PROBLEM, Decimal(0), why=str(error))
    if retired is not None and decision.step in (Step.PROBLEM, Step.LEFT):
        raise Refused(f"park {computed.park_id}: nothing was retired, for nothing could stand for it: {decision.why}")
    step, payout_id, carried = decision.step, None, Decimal(0)
    if decision.payout is not None and step in _WRITTEN:
        step, payout_id, carried = _written(parks, computed, decision, origin)
    elif step is Step.WITHDRAWN:
        _withdraw(parks, decision, origin.actor)
    owed = debts.debts(connection, [computed.park_id])
    return _told(computed, decision, step, carried, owed, payout_id=payout_id, retired=retired)


def plan(connection: Connection, computed: Sequence[Payout], retired: Mapping[str, int]) -> list[Adjusted]:
    """What `adjust` would do for these payouts of one period, were the payouts in `retired` (park, payout) retired."""
    if not computed:
        return []
    park_ids = [each.park_id for each in computed]
    owed = debts.debts(connection, park_ids)
    found: dict[str, list[PayoutRecord]] = {park_id: [] for park_id in park_ids}
    for record in _revisions(connection, computed[0], park_ids):
        found[record.park_id].append(record)
    return [_planned(each, found[each.park_id], owed, retired) for each in computed]


def _planned(
    computed: Payout,
    revisions: Sequence[PayoutRecord],
    owed: Mapping[tuple[str, str], Decimal],
    retired: Mapping[str, int],
) -> Adjusted:
    gone = retired.get(computed.park_id)
    standing = [
        replace(each, retired_at=each.origin.clock) if each.progress.payout_id == gone else each for each in revisions
    ]
    decision = decide(computed, standing)
    debt = owed.get((computed.park_id, computed.currency), Decimal(0))
    step, carried = decision.step, Decimal(0)
    if decision.payout is not None:
        over = decision.over
        given_back = sum((each.progress.carried for each in revisions if each.progress.payout_id == gone), Decimal(0))
        besides = debt - given_back - (over.progress.carried if over else Decimal(0))
        carried = carried_into(decision.payout.total, besides)
        debt = besides + carried - min(decision.payout.total, Decimal(0))
        same = over is not None and (over.origin.digest, over.progress.carried) == (
            payout_digest(decision.payout),
            carried,
        )
        step = _unchanged(step) if same else step
    return _told(computed, decision, step, carried, {(computed.park_id, computed.currency): debt})


def _revisions(connection: Connection, computed: Payout, park_ids: Sequence[str]) -> list[PayoutRecord]:
    return records.records(connection, computed.period.cadence, computed.period.name, park_ids)


def _written(
    parks: LockedParks, computed: Payout, decision: Decision, origin: writing.ComputedFrom
) -> tuple[Step, int, Decimal]:
    """Store what was decided, in place of a revision that nobody claimed; leave it alone where it is that already."""
    difference = decision.payout
    assert difference is not None, "there is something to write"
    existing = storing.existing_of(parks.connection, [difference]).get(difference.park_id)
    carried = debts.carried_by(parks.connection, difference, existing)
    digest = payout_digest(difference)
    if existing is not None and (existing.digest, existing.carried) == (digest, carried):
        return _unchanged(decision.step), existing.id, carried
    told = {"paid": format(decision.paid, "f"), "recomputed": format(computed.total, "f")}
    (written,) = writing.write(parks, [writing.ToWrite(difference, digest, carried, existing, told)], origin)
    return decision.step, written.payout_id, carried


def _unchanged(step: Step) -> Step:
    """What a step comes to that would write what is there already."""
    return Step.NOTHING if step is Step.RECOMPUTED else Step.KEPT


def _withdraw(parks: LockedParks, decision: Decision, actor: str) -> None:
    """Take back a revision that nobody claimed: the ones before it pay what a recompute pays."""
    assert decision.over is not None, "there is something to withdraw"
    gone = decision.over.progress
    writing.clear(parks.connection, [gone.payout_id])
    parks.connection.execute(delete(payout).where(payout.c.id == gone.payout_id))
    told = {**writing.identity(decision.over.period, gone.revision), "total": format(gone.total, "f")}
    why = "the revisions before it pay what a recompute pays"
    parks.append(Entry(gone.park_id, actor, "voided", why, gone.payout_id, data=told))


def _told(
    computed: Payout,
    decision: Decision,
    step: Step,
    carried: Decimal,
    owed: Mapping[tuple[str, str], Decimal],
    payout_id: int | None = None,
    retired: int | None = None,
) -> Adjusted:
    made = decision.payout
    return Adjusted(
        park_id=computed.park_id,
        currency=computed.currency,
        step=step,
        paid=decision.paid,
        recomputed=computed.total,
        why=decision.why,
        revision=made.revision if made else None,
        payout_id=payout_id,
        carried=carried,
        ordered=due(made.total, carried) if made else Decimal(0),
        debt=owed.get((computed.park_id, computed.currency), Decimal(0)),
        retired=retired,
    )
