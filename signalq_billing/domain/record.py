"""A payout as it is stored, with everything it was computed from: what explaining, verifying and exporting read."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.config import OrderPer, ParkConfig
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import OrderProgress, PayoutProgress


@dataclass(frozen=True, slots=True)
class Origin:
    """What a payout was computed from: a config version and who applied it, a snapshot of the source, a digest of the
    activity and one of all that was computed, and the version of the code. `clock` is when the source was read."""

    config: ParkConfig
    applied_at: dt.datetime
    applied_by: str
    snapshot_id: int
    watermark: dt.datetime | None
    rows_read: int
    bad_rows: BadRows
    source_revision: str
    clock: dt.datetime
    digest: str
    activity_digest: str
    code_version: str
    computed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PayoutRecord:
    """One stored payout: its progress, its period, its lines (sorted bytewise by device) and where it comes from.
    `retired_at`: its keys are dead and a later revision stands for it. `released_by` and `release_note`: who let a
    held one go, and why."""

    progress: PayoutProgress
    period: Period
    lines: tuple[PayoutLine, ...]
    origin: Origin
    frozen_at: dt.datetime | None = None
    retired_at: dt.datetime | None = None
    released_by: str | None = None
    release_note: str | None = None

    @property
    def park_id(self) -> str:
        return self.progress.park_id

    def order_of(self, device_id: str) -> OrderProgress | None:
        """The order that pays this device's line, if one does: the park's, or the device's own."""
        terms = self.origin.config.terms
        if terms is not None and terms.order_per is OrderPer.PARK:
            return self.progress.orders[0] if self.progress.orders else None
        return next((order for order in self.progress.orders if order.device_id == device_id), None)

    def line_of(self, device_id: str) -> PayoutLine | None:
        return next((line for line in self.lines if line.device_id == device_id), None)

    def paid_lines(self) -> Iterator[PayoutLine]:
        return (line for line in self.lines if line.amount)


@dataclass(frozen=True, slots=True)
class OrderAttempt:
    """One claim of an order and what came of it: to pay it, or to ask about it. `definite` False: the order may exist
    in billing-orders although nobody said so; None while nothing has been recorded."""

    order_id: int
    fencing: int
    purpose: str
    worker: str
    claimed_at: dt.datetime
    recorded_at: dt.datetime | None
    outcome: str | None
    definite: bool | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class AppliedVersion:
    """A config version that stands in the store, and who put it there when."""

    config: ParkConfig
    applied_at: dt.datetime
    applied_by: str


@dataclass(frozen=True, slots=True)
class SupersededVersion:
    """A config version that another one of its date has taken the place of, and who had it so when."""

    version: AppliedVersion
    superseded_at: dt.datetime
    superseded_by: str
