"""Which parks a run left open: a payout for other days is none for these."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import cast

from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.ports import PayoutStore
from signalq_billing.services.reporting import open_parks
from tests.unit.domain.builders import period


class Overlapping:
    """A store that knows overlaps and nothing else."""

    def __init__(self, **found: str) -> None:
        self._found = found

    def overlaps(self, *_: object) -> list[tuple[str, str]]:
        return list(self._found.items())


def payout(park_id: str, progress: PaymentProgress | None, hold: str | None = None) -> PayoutProgress:
    orders = [OrderProgress(1, "ref", None, Decimal(1), progress, 1, None, None, None, None)] if progress else []
    day = dt.date(2026, 11, 16)
    return PayoutProgress(1, park_id, "weekly_msk", day, 1, "RUB", Decimal(1), 1, None, hold, orders)


def left_open(*payouts: PayoutProgress, parks: str = "a", **overlaps: str) -> list[str]:
    return open_parks(period(), list(parks), payouts, cast(PayoutStore, Overlapping(**overlaps)))


def test_created_held_and_zero_payouts_are_settled() -> None:
    created, held = payout("a", PaymentProgress.CREATED), payout("b", PaymentProgress.NOT_CREATED, "too much")
    assert left_open(created, held, payout("c", None), parks="abc") == []


def test_a_park_without_a_payout_or_with_an_open_order_is_named() -> None:
    found = left_open(payout("b", PaymentProgress.IN_PROGRESS), parks="ba")
    assert found == ["park a: no payout", "park b: its orders are not created"]


def test_a_created_payout_for_other_days_does_not_settle_these() -> None:
    assert left_open(payout("a", PaymentProgress.CREATED), a="park a: overlaps with ...") == [
        "park a: overlaps with ..."
    ]


def test_a_park_is_open_while_one_of_its_revisions_is() -> None:
    first, second = payout("a", PaymentProgress.CREATED), payout("a", PaymentProgress.NOT_CREATED)
    assert left_open(first, second) == ["park a: its orders are not created"]


def test_a_retired_revision_leaves_nothing_open() -> None:
    retired = replace(payout("a", PaymentProgress.NOT_CREATED), retired=True)
    assert left_open(retired, payout("a", PaymentProgress.CREATED)) == []
