"""What is done on the Payouts page, written to Airflow's audit log and, for runs, started as Airflow starts them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine

from signalq_billing.adapters.postgres.turns import turn
from signalq_billing.domain.action import Action
from signalq_billing.errors import Refused
from signalq_billing.orchestration.page_address import run_address
from signalq_billing.web.access import payouts_dag
from signalq_billing.web.ledger import Done, Told

_EVENT = "payouts_page."
_REMEMBERED = dt.timedelta(days=7)


class AuditLog:
    """The page's journal: entries of Airflow's audit log, under the DAG of the cadence and the person's name."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine

    def turn(self, form_id: str) -> AbstractContextManager[None]:
        """One at a time for each form, over all api-servers: whoever clicks twice waits for the first click."""
        return turn(self._engine(), form_id)

    def find(self, form_id: str) -> Done | None:
        from airflow.models.log import Log
        from airflow.utils.session import create_session
        from sqlalchemy import select

        since = dt.datetime.now(dt.UTC) - _REMEMBERED
        wanted = select(Log.extra).where(
            Log.event.startswith(_EVENT, autoescape=True),
            Log.dttm > since,
            Log.extra.contains(json.dumps(form_id), autoescape=True),
        )
        with create_session() as session:
            entries = [json.loads(extra or "{}") for extra in session.scalars(wanted.order_by(Log.id))]
        return next((_done(entry) for entry in entries if entry.get("form_id") == form_id), None)

    def keep(self, done: Done) -> None:
        from airflow.models.log import Log
        from airflow.utils.session import create_session

        extra = json.dumps({**asdict(done), "at": done.at.isoformat()}, ensure_ascii=False)
        with create_session() as session:
            session.add(
                Log(
                    event=f"{_EVENT}{done.action}",
                    owner=done.user,
                    owner_display_name=done.user,
                    extra=extra,
                    dag_id=done.dag_id or payouts_dag(done.cadence),
                    run_id=done.run_id,
                )
            )


class AirflowRuns:
    """Runs started as Airflow's UI starts them: the run says who asked for it, and why."""

    def start(self, dag_id: str, run_id: str, conf: Mapping[str, Any], user: str, note: str) -> str:
        """Start a run, or find the one of that id. Raises Refused for a DAG that is gone or paused, and for a conf
        that its form does not take."""
        from airflow.api.common.trigger_dag import trigger_dag
        from airflow.exceptions import DagRunAlreadyExists
        from airflow.sdk.exceptions import AirflowException
        from airflow.utils.types import DagRunTriggeredByType

        _must_run(dag_id)
        try:
            trigger_dag(
                dag_id,
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name=user,
                run_id=run_id,
                conf=dict(conf),
                note=note,
            )
        except DagRunAlreadyExists:
            pass  # a click before this one started it, and was cut off before it could say so
        except (AirflowException, ValueError) as error:
            raise Refused(f"Airflow does not start {dag_id}: {error}") from error
        return run_address(dag_id, run_id)


def _must_run(dag_id: str) -> None:
    """Raises Refused for a DAG whose run would wait for ever."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.get(DagModel, dag_id)
        paused = found is not None and found.is_paused
        gone = found is None or found.is_stale
    if gone:
        raise Refused(f"Airflow has no DAG {dag_id}: look at its import errors. Nothing was started")
    if paused:
        raise Refused(f"the DAG {dag_id} is paused, a run of it would wait: unpause it first. Nothing was started")


def _done(entry: Mapping[str, Any]) -> Done:
    told = tuple(Told(**{**each, "parks": tuple(each["parks"])}) for each in entry["told"])
    known = {**entry, "told": told, "action": Action(entry["action"]), "at": dt.datetime.fromisoformat(entry["at"])}
    return Done(**known)
