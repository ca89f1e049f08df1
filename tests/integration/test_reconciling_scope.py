"""Going on with the payouts that somebody named, and with no others."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import Engine

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import Claim, PaymentProgress
from signalq_billing.errors import PayoutsUnfinished
from signalq_billing.orchestration import bootstrap, reconcile
from tests.integration.payments import computed, submitter
from tests.unit.domain.builders import period

PARKS = ("park-1", "park-2", "park-3")
CREATED = PaymentProgress.CREATED


class Reconciling:
    """The task body of signalq_reconcile, with a form."""

    def __init__(self, engine: Engine, billing: BillingOrdersProcess, patch: pytest.MonkeyPatch) -> None:
        self.payouts = PostgresPayoutStore(engine)
        self.payouts_of = computed(engine, PARKS)
        send = submitter(engine, billing)
        ti = SimpleNamespace(dag_id="signalq_reconcile", run_id="run", task_id="reconcile")
        self.context: dict[str, Any] = {"ti": ti}
        patch.setattr(reconcile, "get_current_context", lambda: self.context)
        patch.setattr(reconcile, "_measure", lambda: None)
        patch.setattr(bootstrap, "config", lambda: SimpleNamespace(cadences={}, guards=Guards()))
        patch.setattr(bootstrap, "payout_store", lambda: self.payouts)
        patch.setattr(bootstrap, "activity_source", lambda: SimpleNamespace(ping=lambda: None))
        patch.setattr(bootstrap, "billing_orders", lambda: send.sender.billing)
        patch.setattr(bootstrap, "submitter", lambda worker: send)
        patch.setattr(bootstrap, "AirflowMetrics", NoMetrics)

    def __call__(self, **form: object) -> list[str]:
        """Reconcile with this form; returns the parks that are created then."""
        empty = {"cadence": None, "period": None, "parks": []}
        self.context |= {"params": empty | form, "dag_run": SimpleNamespace(conf=form)}
        reconcile.reconcile()
        return [each.park_id for each in self.payouts.payouts() if each.payment_progress is CREATED]


@pytest.fixture
def reconciling(engine: Engine, billing: BillingOrdersProcess, monkeypatch: pytest.MonkeyPatch) -> Reconciling:
    return Reconciling(engine, billing, monkeypatch)


@pytest.mark.parametrize(
    ("form", "created"),
    [
        ({}, list(PARKS)),
        ({"parks": ["park-2"]}, ["park-2"]),
        ({"parks": ["park-3", " park-1 "], "period": "2026-11-16"}, ["park-1", "park-3"]),
        ({"cadence": "weekly_msk"}, list(PARKS)),
        ({"cadence": "weekly_msk", "period": "2026-11-16", "parks": ["park-1"]}, ["park-1"]),
        ({"period": "2026-11-16"}, list(PARKS)),
    ],
)
def test_a_form_restricts_it_to_what_it_names(
    reconciling: Reconciling, form: dict[str, object], created: list[str]
) -> None:
    assert period().name == dt.date(2026, 11, 16)
    assert reconciling(**form) == created
    assert reconciling(**form) == created


def test_another_cadence_is_left_alone(reconciling: Reconciling) -> None:
    assert reconciling(cadence="daily_ekb") == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"parks": ["park-1", "park-9"]}, "no payout is stored for park park-9"),
        ({"period": "2026-11-09"}, "no payout is stored for 2026-11-09.*trigger its payouts DAG"),
        ({"cadence": "weekly_mks", "period": "2026-11-16"}, "no payout is stored for weekly_mks, 2026-11-16"),
        ({"period": "16.11.2026"}, "YYYY-MM-DD"),
        ({"park": ["park-1"]}, "unknown key 'park'; did you mean 'parks'"),
        ({"parks": "park-1"}, "list of park ids"),
        ({"cadence": ["weekly_msk"]}, "write the name of one"),
    ],
)
def test_a_form_that_names_nothing_sends_nothing_and_says_what_to_write(
    reconciling: Reconciling, form: dict[str, object], says: str
) -> None:
    with pytest.raises(AirflowFailException, match=says):
        reconciling(**form)
    assert {each.payment_progress for each in reconciling.payouts.payouts()} == {PaymentProgress.NOT_CREATED}


def test_what_is_held_stays_held(reconciling: Reconciling) -> None:
    reconciling.payouts.hold(reconciling.payouts_of[0].payout_id, "asked by the park", "cli ann@host")
    assert reconciling(parks=["park-1"]) == []


def test_somebody_who_names_a_payout_sees_that_it_is_not_settled(reconciling: Reconciling) -> None:
    order = reconciling.payouts_of[0].orders[0]
    assert isinstance(reconciling.payouts.claim(order.order_id, "another", dt.timedelta(hours=1)), Claim)
    with pytest.raises(PayoutsUnfinished, match="1 orders of park park-1 are not settled"):
        reconciling(parks=["park-1"])


def test_an_order_that_waits_for_its_next_try_is_tried_for_somebody_who_asks(
    reconciling: Reconciling, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE payout_order SET retry_at = now() + interval '1 h'")
    assert reconciling() == []
    assert reconciling(period="2026-11-16", parks=["park-2"]) == ["park-2"]
