"""One DAG run that asks people about its holds, for tests: real PostgreSQL and billing-orders, Airflow's part stands
still."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk.exceptions import TaskDeferred
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.orchestration import approvals, bootstrap, this_run
from signalq_billing.orchestration.approval_operator import HeldPayoutApproval
from signalq_billing.orchestration.hold_trigger import HoldTrigger
from signalq_billing.services.submit import Submitter
from tests.integration.payments import computed, submitter
from tests.unit.domain.builders import WEEKLY, config, device, period

CAPS = Guards(park_max={"RUB": Decimal("79.00")})
PARKS = ("park-1", "park-2", "park-3")
NOW = period().end + dt.timedelta(hours=2)
USER = {"id": "7", "name": "ann"}


class Store(dict[str, Any]):
    """Airflow's task state, which outlives clears."""

    def set(self, key: str, value: object, retention: object = None) -> None:
        self[key] = value


class Run:
    """One DAG run of a period whose guards hold all parks above 79 RUB."""

    def __init__(self, engine: Engine, billing: BillingOrdersProcess, patch: pytest.MonkeyPatch) -> None:
        self.engine, self.billing, self.payouts = engine, billing, PostgresPayoutStore(engine)
        self.shown: str | None = None
        self.closed: list[list[str]] = []
        ti = SimpleNamespace(
            dag_id="dag",
            run_id="run",
            task_id="approve",
            map_index=0,
            try_number=1,
            max_tries=3,
            id=uuid4(),
            xcom_pull=lambda **_: None,
        )
        run = SimpleNamespace(conf={}, run_after=NOW)
        self.context: dict[str, Any] = {
            "ti": ti,
            "dag_run": run,
            "params": {"period": period().name.isoformat()},
            "task_state_store": Store(),
        }
        self.now = NOW
        for module in (this_run, approvals):
            patch.setattr(module, "get_current_context", lambda: self.context)
        patch.setattr(this_run, "airflow_url", lambda: "http://airflow.example")
        patch.setattr(approvals, "airflow_url", lambda: "http://airflow.example")
        patch.setattr("signalq_billing.adapters.config_files.load_cadences", lambda _: [WEEKLY])
        patch.setenv("SIGNALQ_BILLING_CONFIG", "/")
        patch.setattr(bootstrap, "config", lambda: SimpleNamespace(cadences={WEEKLY.name: WEEKLY}, guards=CAPS))
        patch.setattr(bootstrap, "now", lambda: self.now)
        patch.setattr(bootstrap, "payout_store", lambda: self.payouts)
        patch.setattr(bootstrap, "submitter", self.submitter)
        patch.setattr(HeldPayoutApproval, "_show", lambda operator, ti_id: self._show(operator))
        patch.setattr("airflow.sdk.execution_time.hitl.update_hitl_detail_response", self._close)
        self.answer: Any = SimpleNamespace(response_received=False, chosen_options=None)
        patch.setattr("airflow.sdk.execution_time.hitl.get_hitl_detail_content_detail", lambda ti_id: self.answer)
        self.queued = 0
        runs = "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_dr_count"
        patch.setattr(runs, lambda **_: self.queued)

    def _show(self, operator: HeldPayoutApproval) -> str:
        """Airflow keeps the first text of a question, and no answer to it that came before."""
        self.shown = self.shown or operator.body or ""
        self.answer = SimpleNamespace(response_received=False, chosen_options=None)
        return self.shown

    def clear(self) -> None:
        """What Airflow lets a task see of having been cleared."""
        self.context["ti"].max_tries += 1

    def _close(self, ti_id: object, chosen: list[str], params: object) -> None:
        self.closed.append(chosen)

    def submitter(self, worker: str) -> Submitter:
        return submitter(self.engine, self.billing, guards=CAPS, worker=worker)

    def submit(self) -> None:
        """What the tasks before did: everything is offered to billing-orders, the guards hold what is above 79 RUB."""
        self.submitter(this_run.worker()).submit(self.stored())

    def stored(self) -> list[PayoutProgress]:
        return self.payouts.payouts(WEEKLY.name, period().name)

    def one(self, park_id: str = "park-1") -> PayoutProgress:
        (found,) = [each for each in self.stored() if each.park_id == park_id]
        return found

    def list_held(self, *parks: str) -> list[dict[str, Any]]:
        return approvals.list_held(WEEKLY.name, [{"label": "x", "park_ids": list(parks or PARKS)}])

    def ask(self, asked: dict[str, Any]) -> None:
        """The approve task, begun: defers, skips, or sends."""
        self.task(asked).execute(self.context)  # type: ignore[arg-type]

    def task(self, asked: dict[str, Any]) -> HeldPayoutApproval:
        return HeldPayoutApproval(task_id="approve", cadence=WEEKLY.name, asked=asked)

    def trigger(self, asked: dict[str, Any]) -> HoldTrigger:
        with pytest.raises(TaskDeferred) as waits:
            self.ask(asked)
        classpath, fields = waits.value.trigger.serialize()
        assert classpath == "signalq_billing.orchestration.hold_trigger.HoldTrigger"
        return HoldTrigger(**fields)

    def answers(self, asked: dict[str, Any], option: str, note: object = None) -> None:
        event = {"chosen_options": [option], "params_input": {"note": note}, "responded_by_user": USER}
        self.task(asked).execute_complete(self.context, event)  # type: ignore[arg-type]

    def recompute(self, park_id: str = "park-1", days: int = 7) -> None:
        snapshot = ActivitySnapshot(period(), "//result", period().end, 10, BadRows(), period().end)
        snapshot_id = self.payouts.save_snapshot(snapshot, "test")
        mine = config(park_id=park_id)
        PostgresConfigStore(self.engine).apply([mine], "test")
        self.payouts.store([compute_payout(mine, period(), [device("cam-1", days=days)] * 1)], snapshot_id, "test")

    def history(self, park_id: str = "park-1") -> list[tuple[str, str, str]]:
        with self.engine.connect() as connection:
            wanted = "SELECT action, actor, why FROM history WHERE park_id = %s ORDER BY seq"
            found = connection.exec_driver_sql(wanted, (park_id,))
            return [(row[0], row[1], row[2]) for row in found if row[0] in ("held", "released")]


def held_run(engine: Engine, billing: BillingOrdersProcess, patch: pytest.MonkeyPatch) -> Run:
    """Three parks of 80 RUB each, all above the cap, offered once."""
    made = Run(engine, billing, patch)
    computed(engine, PARKS)
    made.submit()
    return made
