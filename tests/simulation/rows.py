"""What the simulated store keeps: plain records, changed in place by one thread at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.marking import StoredOrder
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.progress import Claim, OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.domain.record import Origin, PayoutRecord

_SOME_TIME = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@dataclass(slots=True)
class OrderRow:
    order_id: int
    payout_id: int
    device_id: str | None
    external_ref: str
    amount: Decimal
    body: bytes
    payload_hash: str
    progress: PaymentProgress = PaymentProgress.NOT_CREATED
    fencing: int = 0
    claimed_until: dt.datetime | None = None
    attempts: int = 0
    doc_id: str | None = None
    last_error: str | None = None
    retry_at: dt.datetime | None = None
    ambiguous: bool = False
    carried: Decimal = Decimal(0)

    def shown(self) -> OrderProgress:
        return OrderProgress(
            *(self.order_id, self.external_ref, self.device_id, self.amount, self.progress, self.attempts),
            *(self.doc_id, self.last_error, self.claimed_until, self.retry_at, self.ambiguous),
            carried=self.carried,
        )


@dataclass(slots=True)
class AttemptRow:
    order_id: int
    fencing: int
    purpose: str
    worker: str
    claimed_at: dt.datetime
    recorded_at: dt.datetime | None = None
    outcome: str | None = None
    definite: bool | None = None
    detail: str | None = None


@dataclass(slots=True)
class PayoutRow:
    payout_id: int
    computed: Payout
    digest: str
    orders: list[OrderRow] = field(default_factory=list)
    frozen: bool = False
    hold_reason: str | None = None
    held_digest: str | None = None
    released_by: str | None = None
    carried: Decimal = Decimal(0)
    retired: bool = False

    def shown(self) -> PayoutProgress:
        made = self.computed
        return PayoutProgress(
            payout_id=self.payout_id,
            park_id=made.park_id,
            cadence=made.period.cadence,
            period_name=made.period.name,
            revision=made.revision,
            currency=made.currency,
            total=made.total,
            devices=len(made.lines),
            reason=made.reason,
            hold_reason=self.hold_reason,
            orders=tuple(order.shown() for order in self.orders),
            approved=self.released_by is not None and self.held_digest == self.digest,
            carried=self.carried,
            retired=self.retired,
            digest=self.digest,
        )

    def record(self) -> PayoutRecord:
        """As much of a record as adjusting looks at."""
        made, origin = self.computed, SimpleNamespace(bad_rows=BadRows(), clock=_SOME_TIME, digest=self.digest)
        frozen_at, retired_at = (_SOME_TIME if each else None for each in (self.frozen, self.retired))
        return PayoutRecord(self.shown(), made.period, made.lines, cast(Origin, origin), frozen_at, retired_at)

    def claim_of(self, order: OrderRow) -> Claim:
        assert order.claimed_until is not None
        return Claim(
            order_id=order.order_id,
            payout_id=self.payout_id,
            park_id=self.computed.park_id,
            external_ref=order.external_ref,
            fencing=order.fencing,
            claimed_until=order.claimed_until,
            body=order.body,
            payload_hash=order.payload_hash,
            amount=order.amount,
            currency=self.computed.currency,
        )

    def stored_order(self, order: OrderRow, unsure_for: dt.timedelta | None, now: dt.datetime) -> StoredOrder:
        made, under_way = self.computed, order.progress is PaymentProgress.IN_PROGRESS
        paid = {line.device_id: line.amount for line in made.lines if line.amount}
        return StoredOrder(
            order_id=order.order_id,
            payout_id=self.payout_id,
            external_ref=order.external_ref,
            park_id=made.park_id,
            cadence=made.period.cadence,
            period=made.period.name,
            revision=made.revision,
            device_id=order.device_id,
            currency=made.currency,
            amount=order.amount,
            payment_progress=order.progress,
            doc_id=order.doc_id,
            fencing=order.fencing,
            leased=under_way and order.claimed_until is not None and order.claimed_until > now,
            uncertain=under_way or order.ambiguous,
            unsure_for=unsure_for,
            retired=self.retired,
            digest=self.digest,
            carried=order.carried,
            lines=paid if order.device_id is None else {order.device_id: paid[order.device_id]},
        )
