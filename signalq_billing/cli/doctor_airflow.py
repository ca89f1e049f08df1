"""What `doctor` looks at in Airflow: its programs, our DAGs, import errors, the pool."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from signalq_billing.errors import DependenciesUnavailable

if TYPE_CHECKING:
    from signalq_billing.cli.bootstrap import Wiring
    from signalq_billing.orchestration.airflow_state import AirflowState

PAYOUTS_DAG = "signalq_payouts_{}"
OTHER_DAGS = ("signalq_reconcile", "signalq_compare")


def look_at_airflow(wiring: Wiring) -> str:
    """What is right with Airflow, in words. Raises DependenciesUnavailable with everything that is wrong, NotLookedAt
    where nothing here knows an Airflow."""
    from signalq_billing.orchestration.airflow_state import has_database, read_state

    if not has_database(os.environ):
        return _asked_from_outside(wiring)
    state = read_state()
    wanted = [*(PAYOUTS_DAG.format(name) for name in sorted(wiring.config.cadences)), *OTHER_DAGS]
    if wrong := list(problems(state, wanted, wiring.settings.pool, wiring.clock.now())):
        raise DependenciesUnavailable("\n".join(wrong))
    return f"scheduler, triggerer and dag-processor are alive; {len(wanted)} DAGs, none paused"


def _asked_from_outside(wiring: Wiring) -> str:
    from signalq_billing.adapters.airflow_health import check_airflow
    from signalq_billing.cli.doctor_checks import NotLookedAt

    url = wiring.settings.airflow_url or os.environ.get("AIRFLOW__API__BASE_URL")
    if not url:
        raise NotLookedAt(
            "none is configured on this host, so it was not looked at; SIGNALQ_BILLING_AIRFLOW_URL names its address"
        )
    check_airflow(url, wiring.settings.watch_timeout_seconds)
    return "answers, and says that all its parts are healthy; DAGs and pool can be looked at only on its own hosts"


def problems(state: AirflowState, wanted: Sequence[str], pool: str, now: dt.datetime) -> Iterator[str]:
    """Everything that is wrong with it, each with what to do."""
    for program in state.programs:
        if not program.alive:
            yield f"the {program.name} is not running, {_since(program.heard_of, now)}: start it"
    for file, error in sorted(state.import_errors.items()):
        yield f"{file} cannot be imported: {error}"
    if missing := [dag_id for dag_id in wanted if dag_id not in state.paused]:
        yield f"no DAG {', '.join(missing)}: is dags/ where Airflow looks, and SIGNALQ_BILLING_CONFIG the same there?"
    if paused := [dag_id for dag_id in wanted if state.paused.get(dag_id)]:
        yield f"paused: {', '.join(paused)}; unpause: airflow dags unpause DAG_ID"
    if pool not in state.pools:
        yield (
            f"there is no pool {pool!r} (SIGNALQ_BILLING_POOL), submit tasks would wait for ever: "
            f"airflow pools set {pool} 8 'orders to billing-orders'"
        )


def _since(heard_of: dt.datetime | None, now: dt.datetime) -> str:
    if heard_of is None:
        return "it never was"
    return f"last heard of {(now - heard_of).total_seconds() / 60:,.0f} min ago"
