"""What two sides say of an order, held against each other: the worst is told, and money is summed by currency."""

from decimal import Decimal
from typing import Any

import pytest

from signalq_billing.domain.discrepancy import (
    Discrepancy,
    DiscrepancyKind,
    OwnOrder,
    by_external_ref,
    missing_there,
    money_off,
    of_listed,
)
from signalq_billing.domain.order import BillingOrder
from signalq_billing.domain.progress import PaymentProgress

K, CREATED, WAITING = DiscrepancyKind, PaymentProgress.CREATED, PaymentProgress.NOT_CREATED
NAMING = "weekly:2026-11-16:"


def own(**changes: object) -> OwnOrder:
    values: dict[str, Any] = {
        "external_ref": f"{NAMING}park-1:r1",
        "park_id": "park-1",
        "revision": 1,
        "device_id": None,
        "amount": Decimal("80.00"),
        "currency": "RUB",
        "payment_progress": CREATED,
        "doc_id": "BO-1",
    }
    return OwnOrder(**values | changes)


def theirs(doc_id: str = "BO-1", amount: str = "80.00", currency: str = "RUB", ref: str = "") -> BillingOrder:
    return BillingOrder(doc_id, ref or f"{NAMING}park-1:r1", Decimal(amount), currency, "")


def kinds(*listed: BillingOrder, ours: OwnOrder | None) -> list[tuple[DiscrepancyKind, dict[str, str]]]:
    documents = by_external_ref(listed)
    found = [each for same in documents.values() for each in of_listed(same, ours, NAMING)]
    return [(each.kind, {code: str(amount) for code, amount in each.differences.items()}) for each in found]


@pytest.mark.parametrize(
    ("ours", "there", "found"),
    [
        (own(), theirs(), []),
        (own(), theirs(amount="80"), []),
        (own(), theirs(amount="80.01"), [(K.OTHER_AMOUNT, {"RUB": "0.01"})]),
        (own(), theirs(amount="79.00"), [(K.OTHER_AMOUNT, {"RUB": "-1.00"})]),
        (own(), theirs(currency="USD"), [(K.OTHER_CURRENCY, {"RUB": "-80.00", "USD": "80.00"})]),
        (own(), theirs("BO-2"), [(K.OTHER_DOCUMENT, {})]),
        (own(), theirs("BO-2", "81.00"), [(K.OTHER_AMOUNT, {"RUB": "1.00"})]),
        (own(by_hand=True), theirs(), [(K.PAID_TWICE, {"RUB": "80.00"})]),
        (
            own(retired=True, payment_progress=WAITING),
            theirs(),
            [(K.RETIRED_HERE, {"RUB": "80.00"})],
        ),
        (own(payment_progress=WAITING), theirs(), [(K.NOT_CREATED_HERE, {"RUB": "80.00"})]),
        (own(payment_progress=PaymentProgress.IN_PROGRESS), theirs(), [(K.NOT_CREATED_HERE, {"RUB": "80.00"})]),
        (own(payment_progress=PaymentProgress.IN_PROGRESS, under_way=True), theirs(), []),
        (None, theirs(), [(K.UNKNOWN_HERE, {"RUB": "80.00"})]),
    ],
)
def test_what_one_document_differs_in(ours: OwnOrder | None, there: BillingOrder, found: list[object]) -> None:
    assert kinds(there, ours=ours) == found


def test_a_second_document_of_one_key_is_a_duplicate_with_all_its_money() -> None:
    assert kinds(theirs("BO-2", "5.00"), theirs("BO-1"), ours=own()) == [(K.DUPLICATE, {"RUB": "5.00"})]
    both = kinds(theirs("BO-2"), theirs("BO-3"), ours=own())
    assert both == [
        (K.OTHER_DOCUMENT, {}),
        (K.DUPLICATE, {"RUB": "80.00"}),
    ]


def test_the_same_document_on_two_pages_is_one_order() -> None:
    assert kinds(theirs(), theirs(), ours=own()) == []
    assert kinds(theirs(), theirs(amount="81.00"), ours=own()) == [(K.DUPLICATE, {"RUB": "81.00"})]


def test_a_key_that_is_not_ours_is_told_as_that() -> None:
    (found,) = of_listed([theirs(ref="somebody-else")], None, NAMING)
    assert (found.kind, "not one of ours" in found.detail) == (K.UNKNOWN_HERE, True)


def test_sums_go_by_kind_and_currency_and_do_not_net_more_against_less() -> None:
    found: list[Discrepancy] = [
        *of_listed([theirs(amount="81.00")], own(), NAMING),
        *of_listed([theirs(amount="77.00")], own(), NAMING),
        *of_listed([theirs(currency="USD")], own(), NAMING),
        *of_listed([theirs("BO-2")], own(), NAMING),
        missing_there(own(amount=Decimal("1.10"), currency="USD"), ""),
    ]
    assert [(off.kind, off.currency, off.count, str(off.more), str(off.less)) for off in money_off(found)] == [
        (K.MISSING_THERE, "USD", 1, "0", "1.10"),
        (K.OTHER_AMOUNT, "RUB", 2, "1.00", "3.00"),
        (K.OTHER_CURRENCY, "RUB", 1, "0", "80.00"),
        (K.OTHER_CURRENCY, "USD", 1, "80.00", "0"),
        (K.OTHER_DOCUMENT, "", 1, "0", "0"),
    ]
