"""A paid period computed once more from the source and held against what is stored, line by line, in money.

Every payout is recomputed by the config version it was computed with. Differences are data: paying them is for
whoever decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.adjustment import NO_LONGER_SEEN, paid_by_device
from signalq_billing.domain.digest import payout_digest
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.domain.source import Source
from signalq_billing.errors import UsageError
from signalq_billing.ports import ActivitySource, Metrics, PayoutStore
from signalq_billing.services.compute import batches_computed
from signalq_billing.services.extract import extract


class Cause(StrEnum):
    """Why a line differs: the source tells other activity now; the device's own is the same, and its share of the park
    changed with that of others; the same activity makes another amount by the code that runs now; or one side has no
    line for the device."""

    ACTIVITY = "activity_changed"
    SHARE = "share_of_the_park_changed"
    ARITHMETIC = "arithmetic_changed"
    APPEARED = "only_in_source"
    DISAPPEARED = "only_stored"


@dataclass(frozen=True, slots=True)
class LineDifference:
    """One device whose line is not what was stored. `paid` is the sum over the payout's revisions."""

    device_id: str
    cause: Cause
    stored: PayoutLine | None
    computed: PayoutLine | None
    paid: Decimal

    @property
    def amount(self) -> Decimal:
        """What the device would get beyond what it got, in major units; negative if it got too much."""
        return (self.computed.amount if self.computed else Decimal(0)) - self.paid


@dataclass(frozen=True, slots=True)
class ParkVerification:
    """One park's payouts of the period against a recompute, of whose lines only those that differ are kept. `problems`
    are contradictions inside what is stored."""

    park_id: str
    currency: str
    records: tuple[PayoutRecord, ...]
    computed: Payout
    differences: tuple[LineDifference, ...]
    problems: tuple[str, ...]

    @property
    def paid(self) -> Decimal:
        return sum((record.progress.total for record in self.records), Decimal(0))

    @property
    def amount(self) -> Decimal:
        return self.computed.total - self.paid

    @property
    def as_stored(self) -> bool:
        return not self.differences and not self.problems and not self.amount


@dataclass(frozen=True, slots=True)
class Verification:
    """All parks of a period, sorted bytewise, and the states of the source they were recomputed from. `not_computed`
    says in words which parks could not be, for a charge model or unit that is missing."""

    parks: tuple[ParkVerification, ...]
    snapshots: tuple[ActivitySnapshot, ...]
    not_computed: tuple[str, ...] = ()

    @property
    def as_stored(self) -> bool:
        return not self.not_computed and all(park.as_stored for park in self.parks)


def verify(
    cadence: str,
    period_name: dt.date,
    park_ids: Sequence[str],
    *,
    source: Source,
    activity: ActivitySource,
    payouts: PayoutStore,
    metrics: Metrics,
    now: dt.datetime,
) -> Verification:
    """Recompute the stored payouts of a period: of all parks, or of `park_ids`.

    Raises UsageError for parks (or a period) without a stored payout, and what an extraction raises.
    """
    stored = payouts.each_record(cadence, period_name, list(park_ids) or None)
    records = [_at_a_glance(each) for each in stored if not each.retired_at]
    _check_found(records, cadence, period_name, park_ids)
    parks: list[ParkVerification] = []
    snapshots: list[ActivitySnapshot] = []
    not_computed: list[str] = []
    # A cadence that was redefined under its name may have left payouts for other days than those of the rest.
    ordered = sorted(records, key=lambda each: (each.period.end, each.period.start, each.period.timezone))
    for period, of_period in groupby(ordered, key=lambda each: each.period):
        by_park = _by_park(of_period)
        configs = [found[-1].origin.config for found in by_park.values()]
        snapshot = extract(
            *(period, configs), source=source, activity=activity, metrics=metrics, now=now, narrow=bool(park_ids)
        )
        snapshots.append(snapshot)
        try:
            for batch in batches_computed(snapshot, configs, activity):
                made = [each for _, each in batch if isinstance(each, Payout)]
                parks += _each_compared(made, by_park, payouts)
                not_computed += [str(each) for _, each in batch if isinstance(each, UsageError)]
        finally:
            activity.discard(snapshot.result_table)
    ordered_parks = tuple(sorted(parks, key=lambda park: park.park_id.encode()))
    return Verification(ordered_parks, tuple(snapshots), tuple(not_computed))


def _at_a_glance(record: PayoutRecord) -> PayoutRecord:
    """Without what grows with its cameras and days."""
    return replace(record, lines=(), progress=replace(record.progress, orders=()))


def _each_compared(
    computed: Sequence[Payout], by_park: Mapping[str, tuple[PayoutRecord, ...]], payouts: PayoutStore
) -> Iterator[ParkVerification]:
    """Some parks against their stored lines; those of others are not in memory then. A payout that was taken back since
    it was listed has nothing to be held against."""
    if not computed:
        return
    listed = {each.progress.payout_id: each for made in computed for each in by_park[made.park_id]}
    first = next(iter(listed.values())).progress
    park_ids = [made.park_id for made in computed]
    found = payouts.records(first.cadence, first.period_name, park_ids)
    whole = _by_park(each for each in found if each.progress.payout_id in listed)
    for made in computed:
        if made.park_id in whole:
            compared = _compared(whole[made.park_id], made)
            records = tuple(map(_at_a_glance, compared.records))
            yield replace(compared, records=records, computed=replace(compared.computed, lines=()))


def _check_found(records: Sequence[PayoutRecord], cadence: str, name: dt.date, wanted: Sequence[str]) -> None:
    missing = sorted(set(wanted) - {record.park_id for record in records}, key=str.encode)
    if missing or not records:
        whose = f" of park {', '.join(missing)}" if missing else ""
        raise UsageError(
            f"no payout{whose} is stored for {cadence} {name}: there is nothing to verify. `status` lists what is "
            "stored, `preview` computes without storing"
        )


def _by_park(records: Iterable[PayoutRecord]) -> dict[str, tuple[PayoutRecord, ...]]:
    ordered = sorted(records, key=lambda each: (each.park_id.encode(), each.progress.revision))
    return {park_id: tuple(found) for park_id, found in groupby(ordered, key=lambda each: each.park_id)}


def _compared(records: tuple[PayoutRecord, ...], computed: Payout) -> ParkVerification:
    # Each revision has a line for every device it was computed from; the last one tells what was known last.
    stored = {line.device_id: line for line in records[-1].lines if line.reason != NO_LONGER_SEEN}
    paid = paid_by_device(records)
    made = {line.device_id: line for line in computed.lines}
    found = (
        _difference(device_id, stored.get(device_id), made.get(device_id), paid.get(device_id, Decimal(0)))
        for device_id in sorted(stored.keys() | made.keys() | {each for each in paid if paid[each]}, key=str.encode)
    )
    differences = _with_shares([each for each in found if each is not None])
    problems = tuple(problem for record in records for problem in contradictions(record))
    return ParkVerification(computed.park_id, computed.currency, records, computed, differences, problems)


def _difference(
    device_id: str, stored: PayoutLine | None, made: PayoutLine | None, paid: Decimal
) -> LineDifference | None:
    if stored is None or made is None:
        cause = Cause.APPEARED if made is not None else Cause.DISAPPEARED
        return LineDifference(device_id, cause, stored, made, paid)
    days_kept = stored.day_seconds or not stored.active_seconds
    then, now = (stored.day_seconds, made.day_seconds) if days_kept else (stored.active_seconds, made.active_seconds)
    if then != now:
        return LineDifference(device_id, Cause.ACTIVITY, stored, made, paid)
    same = (stored.active_days, stored.units, paid) == (made.active_days, made.units, made.amount)
    return None if same else LineDifference(device_id, Cause.ARITHMETIC, stored, made, paid)


def _with_shares(differences: Sequence[LineDifference]) -> tuple[LineDifference, ...]:
    """Where other devices' activity changed, an amount that differs by itself is a share of what the park gets."""
    moved = any(each.cause is not Cause.ARITHMETIC for each in differences)
    return tuple(
        replace(each, cause=Cause.SHARE) if moved and each.cause is Cause.ARITHMETIC and _counts_alike(each) else each
        for each in differences
    )


def _counts_alike(each: LineDifference) -> bool:
    return (
        each.stored is not None
        and each.computed is not None
        and (each.stored.active_days, each.stored.units) == (each.computed.active_days, each.computed.units)
    )


def contradictions(record: PayoutRecord) -> Iterator[str]:
    """What a stored payout says against itself; nothing for one that nobody tampered with."""
    progress, where = record.progress, f"park {record.park_id}, {record.period}, revision {record.progress.revision}"
    lines = sum((line.amount for line in record.lines), Decimal(0))
    if lines != progress.total:
        yield f"{where}: its lines sum to {lines}, its total is {progress.total}"
    orders = sum((order.amount for order in progress.orders), Decimal(0))
    if orders != progress.due:
        carried = f" and {progress.carried} carried into it" if progress.carried else ""
        yield f"{where}: its orders sum to {orders}, its total is {progress.total}{carried}"
    kept_days = record.origin.activity_digest  # payouts stored before days were kept had another digest
    if kept_days and payout_digest(_as_payout(record)) != record.origin.digest:
        yield f"{where}: what is stored is not what its digest was made of: a line, the total or the config was changed"


def _as_payout(record: PayoutRecord) -> Payout:
    progress = record.progress
    return Payout(
        config=record.origin.config,
        period=record.period,
        currency=progress.currency,
        lines=record.lines,
        total=progress.total,
        reason=progress.reason,
        revision=progress.revision,
    )
