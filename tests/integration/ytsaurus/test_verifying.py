"""`verify` end to end: a stored period recomputed from a cluster, and every way in which it can differ."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from signalq_billing.cli.verify import verification_document
from signalq_billing.errors import BadRowsExceeded, UsageError
from signalq_billing.services.verify import Cause
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.paid_week import PARK, PaidWeek, at, config, event


@pytest.fixture
def paid(engine: Engine, cluster: Cluster) -> PaidWeek:
    week = PaidWeek(engine, cluster, config(limits=config().terms.limits.__class__()))  # type: ignore[union-attr]
    week.pay()
    return week


def tamper(engine: Engine, sql: str) -> None:
    """Change what only a database administrator can."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(sql))


def test_what_was_computed_from_the_same_rows_is_as_stored(paid: PaidWeek) -> None:
    found = paid.verify()
    assert found.as_stored
    (park,) = found.parks
    assert (park.paid, park.amount) == (Decimal("35.50"), Decimal("0.00"))
    assert paid.cluster.left_over() == []


def test_late_rows_are_told_line_by_line_in_money(paid: PaidWeek) -> None:
    paid.add(
        event("cam-good", "online", at(21, "10:00")),
        event("cam-good", "offline", at(21, "11:00")),
        event("cam-new", "online", at(21, "10:00")),
    )
    (park,) = paid.verify(PARK).parks
    assert not park.as_stored
    assert park.amount == Decimal("12.50")
    told = {each.device_id: (each.cause, each.paid, each.amount) for each in park.differences}
    assert told == {
        "cam-good": (Cause.ACTIVITY, Decimal("35.50"), Decimal("12.50")),
        "cam-new": (Cause.APPEARED, Decimal(0), Decimal("0.00")),
    }


def test_a_share_of_the_park_that_moved_with_others_is_no_change_of_arithmetic(
    engine: Engine, cluster: Cluster
) -> None:
    terms = config().terms
    assert terms is not None
    week = PaidWeek(engine, cluster, config(min_active_days=1, limits=replace(terms.limits, device_max=None)))
    week.pay()
    week.add(event("cam-good", "online", at(21, "10:00")), event("cam-good", "offline", at(21, "11:00")))
    (park,) = week.verify().parks
    assert {each.device_id: each.cause for each in park.differences} == {
        "cam-good": Cause.ACTIVITY,
        "cam-lazy": Cause.SHARE,
    }


def test_rows_that_are_gone_are_told(paid: PaidWeek) -> None:
    paid.cluster.client.remove(paid.source.table)
    paid.cluster.status_history([event("cam-clock", "online", at(23, "04:30"), "park-other")])
    (park,) = paid.verify().parks
    assert park.amount == Decimal("-35.50")
    assert {each.cause for each in park.differences} == {Cause.DISAPPEARED}


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE payout_line SET amount = amount + 0.01 WHERE device_id = 'cam-good'", "its lines sum to 35.51"),
        ("UPDATE payout_order SET amount = 35.49", "its orders sum to 35.49"),
        ("UPDATE payout_line SET active_seconds = active_seconds + 1 WHERE line_no = 1", "not what its digest"),
        ("UPDATE payout SET total = 35.51", "its total is 35.51"),
    ],
)
def test_what_was_changed_in_the_database_is_found(paid: PaidWeek, sql: str, problem: str) -> None:
    tamper(paid.engine, sql)
    (park,) = paid.verify().parks
    assert not park.as_stored
    assert any(problem in each for each in park.problems), park.problems


def test_a_line_of_the_same_activity_with_another_amount_is_arithmetic(paid: PaidWeek) -> None:
    tamper(paid.engine, "UPDATE payout_line SET amount = 35.51 WHERE device_id = 'cam-good'")
    (park,) = paid.verify().parks
    (difference,) = park.differences
    assert (difference.cause, difference.amount) == (Cause.ARITHMETIC, Decimal("-0.01"))


def test_a_payout_is_verified_by_the_config_it_was_computed_with(paid: PaidWeek) -> None:
    changed = config(min_active_days=1)
    paid.configs.apply([changed], "ada@ops")
    assert paid.verify().as_stored


def test_bad_rows_stop_a_verification_like_a_run(paid: PaidWeek) -> None:
    paid.add(*(event("cam", "", at(18, "12:00")) for _ in range(100)))
    with pytest.raises(BadRowsExceeded):
        paid.verify()


def test_nothing_stored_is_bad_usage(paid: PaidWeek) -> None:
    with pytest.raises(UsageError, match=r"no payout of park park-x is stored for weekly_msk 2026-11-16"):
        paid.verify("park-x")


def test_the_json_says_what_differs(paid: PaidWeek) -> None:
    document = verification_document(paid.verify())
    assert document["as_stored"] is True
    assert document["totals"] == [{"currency": "RUB", "paid": "35.50", "computed": "35.50", "difference": "0.00"}]
    paid.add(event("cam-good", "online", at(21, "10:00")), event("cam-good", "offline", at(21, "11:00")))
    (park,) = verification_document(paid.verify())["parks"]
    assert (park["paid"], park["computed"], park["difference"]) == ("35.50", "48.00", "12.50")
    (difference,) = park["differences"]
    assert difference["stored"]["day_seconds"] == [7200, 5400, 5400, 1800, 0, 0, 0]
    assert (difference["stored"]["units"], difference["computed"]["units"]) == ("3", "4")
    assert difference["computed"]["day_seconds"] == [7200, 5400, 5400, 1800, 0, 3600, 0]
