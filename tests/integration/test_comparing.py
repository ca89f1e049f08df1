"""What is created here against billing-orders' own books: every way to differ is found, in money, and left as it is."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.postgres.comparing import PostgresOrderBooks
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.cli import payouts as payout_commands
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.discrepancy import DiscrepancyKind
from signalq_billing.domain.order import external_ref
from signalq_billing.domain.period import Cadence, Every
from signalq_billing.domain.progress import Claim
from signalq_billing.errors import BillingMisconfigured, SignalqBillingError
from signalq_billing.services.comparing import compare, periods_to_compare
from tests.integration.disagreements import KEY, Gauges, body_of, compared, found, one, paid, post, sql
from tests.integration.payments import computed
from tests.integration.registers import Desk, everything
from tests.unit.domain.builders import period

K = DiscrepancyKind


def test_when_both_sides_say_the_same_nothing_is_reported(engine: Engine, billing: BillingOrdersProcess) -> None:
    paid(engine, billing)
    comparison = compared(engine, billing)
    (only,) = comparison.periods
    assert comparison.clean
    assert (only.here, only.there, comparison.money) == (2, 2, [])


def test_what_billing_orders_lost_is_missing_there(
    engine: Engine, billing: BillingOrdersProcess, tmp_path: Path
) -> None:
    paid(engine, billing)
    sql(engine, "UPDATE payout_order SET external_ref = external_ref || '-lost' WHERE id = 1")
    missing, unknown = sorted(found(engine, billing), key=lambda each: each.kind.value)
    assert (missing.kind, missing.differences) == (K.MISSING_THERE, {"RUB": Decimal("-80.00")})
    assert (unknown.kind, unknown.differences) == (K.UNKNOWN_HERE, {"RUB": Decimal("80.00")})
    assert "no such order" in missing.detail


def test_an_order_under_our_naming_that_we_do_not_know_is_reported(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    paid(engine, billing)
    stranger = external_ref("park-9", period(), 1)
    post(billing, body_of(engine), external_ref=stranger, park_id="park-9")
    assert one(found(engine, billing)) == (K.UNKNOWN_HERE, {"RUB": "80.00"})


def test_an_order_that_we_do_not_call_created_is_reported(engine: Engine, billing: BillingOrdersProcess) -> None:
    computed(engine)
    post(billing, body_of(engine))
    assert one(found(engine, billing)) == (K.NOT_CREATED_HERE, {"RUB": "80.00"})


def test_an_order_a_worker_is_at_is_no_discrepancy_until_its_lease_runs_out(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine)
    claim = PostgresPayoutStore(engine).claim(payouts[0].orders[0].order_id, "worker", dt.timedelta(minutes=10))
    assert isinstance(claim, Claim)
    post(billing, claim.body)
    comparison = compared(engine, billing)
    assert (comparison.discrepancies, comparison.periods[0].under_way) == ([], 1)
    sql(engine, "UPDATE payout_order SET claimed_until = now() - interval '1 s'")
    assert one(found(engine, billing)) == (K.NOT_CREATED_HERE, {"RUB": "80.00"})


def test_another_amount_is_reported_with_its_difference(engine: Engine, billing: BillingOrdersProcess) -> None:
    paid(engine, billing)
    sql(engine, "UPDATE payout_order SET amount = 79.50 WHERE id = 1")
    assert one(found(engine, billing)) == (K.OTHER_AMOUNT, {"RUB": "0.50"})


def test_currencies_are_never_added_up(engine: Engine, billing: BillingOrdersProcess) -> None:
    paid(engine, billing)
    sql(engine, "UPDATE payout_order SET currency = 'KZT' WHERE id = 1")
    comparison = compared(engine, billing)
    assert one(comparison.discrepancies) == (K.OTHER_CURRENCY, {"KZT": "-80.00", "RUB": "80.00"})
    assert [(off.currency, str(off.more), str(off.less)) for off in comparison.money] == [
        ("KZT", "0", "80.00"),
        ("RUB", "80.00", "0"),
    ]


def test_another_document_over_the_same_money_is_reported(engine: Engine, billing: BillingOrdersProcess) -> None:
    paid(engine, billing)
    sql(engine, "UPDATE payout_order SET doc_id = 'BO-other' WHERE id = 1")
    assert one(found(engine, billing)) == (K.OTHER_DOCUMENT, {})


def test_an_order_of_a_retired_payout_is_reported(engine: Engine, billing: BillingOrdersProcess) -> None:
    computed(engine)
    post(billing, body_of(engine))
    sql(engine, "UPDATE payout SET retired_at = now(), frozen_at = now()")
    assert one(found(engine, billing)) == (K.RETIRED_HERE, {"RUB": "80.00"})


def test_an_order_paid_by_hand_is_not_expected_there_and_is_paid_twice_if_it_is_there(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine)
    desk.does("mark-created", desk.paid(), "--by", "Anna", "--note", "by hand")
    assert found(engine, billing) == []
    post(billing, body_of(engine))
    assert one(found(engine, billing)) == (K.PAID_TWICE, {"RUB": "80.00"})


def test_many_pages_are_compared_whole(engine: Engine, tmp_path: Path) -> None:
    from signalq_billing.devstack.billing_orders import process

    small = process.start(tmp_path / "small", "secret-token", page_size=7)
    try:
        paid(engine, small, [f"park-{n:03}" for n in range(40)])
        assert compared(engine, small).clean
    finally:
        small.stop()


def test_comparing_changes_nothing(engine: Engine, billing: BillingOrdersProcess) -> None:
    paid(engine, billing)
    sql(engine, "UPDATE payout_order SET amount = 1 WHERE id = 1")
    computed(engine, ["park-3"])
    before, books = everything(engine), billing.books()
    compared(engine, billing)
    assert (everything(engine), billing.books()) == (before, books)


@pytest.mark.parametrize("kind", ["not_json", "not_object", "empty"])
def test_a_listing_that_cannot_be_read_is_told_and_the_other_periods_are_compared(
    engine: Engine, billing: BillingOrdersProcess, kind: str
) -> None:
    paid(engine, billing)
    billing.faults.wrong_body(kind, call="listing")
    comparison = compared(engine, billing, [("daily", dt.date(2026, 1, 1)), KEY])
    assert [bool(each.not_compared) for each in comparison.periods] == [True, False]
    assert not comparison.clean


def test_after_three_failures_in_a_row_the_rest_is_not_asked_for(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(503, call="listing", times=None)
    keys = [("daily", dt.date(2026, 1, day)) for day in range(1, 31)]
    comparison = compared(engine, billing, keys)
    assert len(comparison.not_compared) == 30
    assert billing.faults.all()[0]["hits"] == 3


def test_wrong_credentials_are_raised(engine: Engine, billing: BillingOrdersProcess) -> None:
    api = connect(billing.base_url, "wrong", 5)
    with pytest.raises(BillingMisconfigured):
        compare([KEY], orders=PostgresOrderBooks(engine), billing=api, metrics=Gauges())


def test_gauges_tell_count_and_money_by_kind_and_go_back_to_zero(engine: Engine, billing: BillingOrdersProcess) -> None:
    paid(engine, billing)
    sql(engine, "UPDATE payout_order SET amount = 79.50 WHERE id = 1")
    gauges = Gauges()
    compared(engine, billing, gauges=gauges)
    assert gauges.seen["discrepancies", "other_amount"] == 1
    assert gauges.seen["discrepancies.minor_units", "other_amount", "RUB"] == 50
    sql(engine, "UPDATE payout_order SET amount = 80.00 WHERE id = 1")
    compared(engine, billing, gauges=gauges)
    assert gauges.seen["discrepancies", "other_amount"] == 0
    assert gauges.seen["discrepancies.minor_units", "other_amount", "RUB"] == 0


def test_periods_that_changed_lately_or_lie_in_the_window_are_compared(engine: Engine) -> None:
    computed(engine)
    daily = Cadence("daily", Every.DAY, 1, dt.date(2026, 1, 1), "Europe/Moscow")
    ahead = Cadence("ahead", Every.DAY, 1, dt.date(2090, 1, 1), "Europe/Moscow")
    books, now = PostgresOrderBooks(engine), dt.datetime(2026, 1, 3, 12, tzinfo=dt.UTC)
    cadences = {each.name: each for each in (daily, ahead)}
    names = periods_to_compare(books, cadences, dt.timedelta(days=1), now)
    assert names == [KEY, ("daily", dt.date(2026, 1, 3)), ("daily", dt.date(2026, 1, 2))]
    sql(engine, "UPDATE payout SET updated_at = now() - interval '2 d'")
    assert KEY in periods_to_compare(books, cadences, dt.timedelta(days=1), now)
    sql(engine, "UPDATE payout_order SET updated_at = now() - interval '2 d'")
    assert KEY not in periods_to_compare(books, cadences, dt.timedelta(days=1), now)
    assert books.periods_touched(None) == [KEY]


def types(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    payout_commands.mount(app)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, SignalqBillingError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_what_was_not_compared_is_not_said_to_be_the_same(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    paid(engine, billing)
    billing.stop()
    code, out = types("reconcile", "--compare", "--cadence", KEY[0], "--period", KEY[1].isoformat())
    assert (code, "0 of 1 periods compared" in out, "the same" in out) == (1, True, False)


def test_the_command_says_what_differs_as_json_and_as_text(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    paid(engine, billing)
    named = ("--cadence", KEY[0], "--period", KEY[1].isoformat())
    code, out = types("reconcile", "--compare", *named)
    assert (code, "both sides say the same" in out) == (0, True)
    sql(engine, "UPDATE payout_order SET amount = 79.50 WHERE id = 1")
    code, out = types("reconcile", "--compare", *named, "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["discrepancies"]) == (1, 1)
    assert document["money"] == [
        {
            "kind": "other_amount",
            "currency": "RUB",
            "orders": 1,
            "more_in_billing_orders": "0.50",
            "less_in_billing_orders": "0",
        }
    ]
    (only,) = document["periods"][0]["discrepancies"]
    assert (only["here"]["amount"], only["billing_orders"]["amount"]) == ("79.50", "80.00")
    code, out = types("reconcile", "--compare", *named)
    assert (code, "billing-orders has 0.50 RUB more" in out) == (1, True)


def test_narrowing_without_comparing_is_bad_usage(desk: Desk) -> None:
    assert types("reconcile", "--cadence", "weekly_msk")[0] == 2
