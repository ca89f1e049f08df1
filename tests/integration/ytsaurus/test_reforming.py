"""`adjust --reform` end to end: a payout that billing-orders refused is formed anew, under another key."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.adjustment import Step
from signalq_billing.errors import Refused
from signalq_billing.services.adjust import PeriodAdjusted
from tests.integration.payments import submitter
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.desk import LATE, Desk, paid_desk, rejected_desk
from tests.integration.ytsaurus.paid_week import NOW, PARK, WEEK

D = Decimal


@pytest.fixture
def desk(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    return paid_desk(engine, cluster, billing)


@pytest.fixture
def rejected(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    return rejected_desk(engine, cluster, billing)


def reform(desk: Desk, **options: Any) -> PeriodAdjusted:  # noqa: ANN401
    return desk.adjuster().reform(WEEK, PARK, by="ada", note="new account", now=NOW, **options)


def test_a_rejected_payout_is_formed_anew_and_paid_under_another_key(rejected: Desk) -> None:
    assert rejected.adjusts_one().step is Step.LEFT
    assert reform(rejected, dry_run=True).parks[0].ordered == D("35.50")
    assert not rejected.payouts.payouts()[0].retired
    done = reform(rejected)
    assert (done.parks[0].retired, done.orders.created) == (1, 1)
    assert rejected.amounts() == [(2, "35.50", "0.00")]
    again = submitter(rejected.engine, rejected.billing).submit(rejected.payouts.payouts())
    assert (again.already_created, again.held, again.problems) == (1, 0, [])
    assert rejected.verify().as_stored
    rejected.add(*LATE)
    assert rejected.adjusts_one().revision == 3
    assert rejected.amounts()[1:] == [(3, "12.50", "0.00")]
    with pytest.raises(Refused, match="no payout of it is held"):
        reform(rejected)


def test_a_payout_that_billing_orders_has_is_never_formed_anew(rejected: Desk) -> None:
    (payout,) = rejected.payouts.payouts()
    (row,) = [dict(each) for each in _rows(rejected.engine, "SELECT payload FROM payout_order")]
    payload = json.loads(bytes(row["payload"]))
    connection = rejected.billing._remote._session
    answer = connection.post(
        f"{rejected.billing.base_url}/v1/orders",
        json=payload,
        headers={"X-Idempotency-Token": payload["external_ref"]},
        timeout=5,
    )
    assert answer.status_code == 200
    with pytest.raises(Refused, match="billing-orders has weekly_msk:2026-11-16"):
        reform(rejected)
    assert not payout.retired


def test_a_payout_is_not_formed_anew_while_billing_orders_cannot_be_asked(rejected: Desk) -> None:
    rejected.billing.stop()
    with pytest.raises(Refused, match="could not be asked"):
        reform(rejected)


def test_a_payout_that_was_never_rejected_is_not_formed_anew(desk: Desk) -> None:
    with pytest.raises(Refused, match="no payout of it is held"):
        reform(desk)


def _rows(engine: Engine, sql: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql(sql).mappings())
