"""Adjustments: what a recomputed period pays beyond what its revisions paid, and whether it may (SPEC section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.record import PayoutRecord

NO_LONGER_SEEN = "no_longer_in_source"  # a line that takes back what was paid for a device the source has no more
TAKEN_BACK = "taken_back"  # a revision below zero: the park's next payouts carry it
CANCELS_OUT = "differences_cancel_out"


class Step(StrEnum):
    """What adjusting a park's period comes to."""

    STORED = "stored"  # a new revision pays, or takes back, the difference
    REPLACED = "replaced"  # so does the last revision, which nobody had claimed yet
    WITHDRAWN = "withdrawn"  # the last revision, which nobody had claimed, is gone: there is no difference any more
    KEPT = "kept"  # the last revision, which nobody has claimed yet, pays the difference already
    RECOMPUTED = "recomputed"  # the first revision paid nothing so far and is computed anew, as a run would
    NOTHING = "nothing"  # what was paid is what a recompute pays
    LEFT = "left"  # something of it is not settled yet
    PROBLEM = "problem"  # a person has to look


@dataclass(frozen=True, slots=True)
class Retirement:
    """A rejected payout to be formed anew: which one, the fencing numbers its orders had when billing-orders was asked
    about them, and who wants it why."""

    payout_id: int
    fencings: tuple[tuple[int, int], ...]
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done for one park. `payout` is what would be stored: the difference, or the whole for a first
    revision; `over` is the stored revision it takes the place of. `paid` is what the revisions before it pay."""

    step: Step
    paid: Decimal
    payout: Payout | None = None
    over: PayoutRecord | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What became of one park. `difference` is `recomputed` minus `paid`; `ordered` is what its orders pay, after
    `carried`; `debt` is what the park owes afterwards. `retired`: the revision whose keys are dead since."""

    park_id: str
    currency: str
    step: Step
    paid: Decimal
    recomputed: Decimal
    why: str = ""
    revision: int | None = None
    payout_id: int | None = None
    carried: Decimal = Decimal(0)
    ordered: Decimal = Decimal(0)
    debt: Decimal = Decimal(0)
    retired: int | None = None

    @property
    def difference(self) -> Decimal:
        return self.recomputed - self.paid


def decide(computed: Payout, revisions: Sequence[PayoutRecord]) -> Decision:
    """What to do, given all stored revisions of the park's period, retired ones too, in order.

    `computed` is the period computed from scratch, as a first revision. Nothing is adjusted while a revision before
    is not settled: what it will have paid is not known yet.
    """
    standing = [each for each in revisions if each.retired_at is None]
    paid = _sum(standing)
    if problem := _problem(computed, revisions):
        return Decision(Step.PROBLEM, paid, why=problem)
    last = standing[-1] if standing and standing[-1].frozen_at is None else None
    for each in standing:
        if each is last and each.progress.revision > 1 and not each.progress.hold_reason:
            continue
        if not each.progress.settled:
            return Decision(Step.LEFT, paid, why=_unsettled(each))
    if last is not None and last.progress.revision == 1:
        return Decision(Step.RECOMPUTED, Decimal(0), computed, last)
    base = standing[:-1] if last else standing
    revision = last.progress.revision if last else revisions[-1].progress.revision + 1
    difference = difference_to(base, computed, revision)
    if difference is None:
        return Decision(Step.WITHDRAWN if last else Step.NOTHING, _sum(base), over=last)
    return Decision(Step.REPLACED if last else Step.STORED, _sum(base), difference, last)


def difference_to(base: Sequence[PayoutRecord], computed: Payout, revision: int) -> Payout | None:
    """The payout that makes the revisions of `base` sum to `computed`, line by line; None if they do already.

    Every recomputed line is in it with its activity, also where nothing is to be paid for it any more, and a line
    for each device that was paid and that the recompute has no line for.
    """
    paid = paid_by_device(base)
    seen = {line.device_id for line in computed.lines}
    lines = [replace(line, amount=line.amount - paid.get(line.device_id, Decimal(0))) for line in computed.lines]
    lines += [_taken_back(device, paid[device], computed) for device in paid if device not in seen and paid[device]]
    if not any(line.amount for line in lines):
        return None
    total = computed.total - _sum(base)
    reason = None if total > 0 else TAKEN_BACK if total else CANCELS_OUT
    ordered = tuple(sorted(lines, key=lambda line: line.device_id.encode()))
    return replace(computed, lines=ordered, total=total, reason=reason, revision=revision)


def paid_by_device(revisions: Sequence[PayoutRecord]) -> dict[str, Decimal]:
    """The sum of each device's lines over these revisions."""
    paid: dict[str, Decimal] = {}
    for record in revisions:
        for line in record.lines:
            paid[line.device_id] = paid.get(line.device_id, Decimal(0)) + line.amount
    return paid


def _taken_back(device_id: str, paid: Decimal, computed: Payout) -> PayoutLine:
    days = (0,) * len(computed.period.days)
    return PayoutLine(device_id, 0, 0, Fraction(0), -paid, NO_LONGER_SEEN, days)


def _sum(revisions: Sequence[PayoutRecord]) -> Decimal:
    return sum((each.progress.total for each in revisions), Decimal(0))


def _problem(computed: Payout, revisions: Sequence[PayoutRecord]) -> str:
    """Why a person has to look before anything is paid; empty if nobody has to."""
    if not revisions:
        return "nothing is stored for it: `run` pays it"
    for each in revisions:
        if (each.period.start, each.period.end) != (computed.period.start, computed.period.end):
            return (
                f"it was paid for {each.period.start} to {each.period.end} and the period is {computed.period.start} "
                f"to {computed.period.end} now: was the cadence redefined in cadences.yaml? Not adjusted"
            )
        if each.progress.currency != computed.currency:
            return (
                f"it was paid in {each.progress.currency} and its config says {computed.currency} now: no difference "
                f"can be paid across currencies. Correct the config, or settle it by hand"
            )
    return ""


def _unsettled(record: PayoutRecord) -> str:
    """Which revision is not settled, and what to do."""
    progress = record.progress
    revision = f"revision {progress.revision}"
    if progress.hold_reason:
        refused = record.frozen_at is not None and progress.payment_progress is PaymentProgress.NOT_CREATED
        anew = ", or, if billing-orders rejected it for good, `adjust --reform` forms it anew" if refused else ""
        return f"{revision} is held: {progress.hold_reason}. `release` lets it go{anew}"
    if record.frozen_at is None:
        return f"{revision} is not sent yet: `run` computes it anew and sends it"
    return f"{revision} is {progress.payment_progress.value}, not created yet: `reconcile` goes on with it"
