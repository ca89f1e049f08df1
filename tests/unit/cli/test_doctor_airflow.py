"""What doctor says of an Airflow, by what its database has; and when there is none to ask."""

import datetime as dt
from pathlib import Path

import pytest

from signalq_billing.cli.doctor_airflow import problems
from signalq_billing.orchestration.airflow_state import AirflowState, Program, configured, has_database

NOW = dt.datetime(2026, 11, 23, 3, 0, tzinfo=dt.UTC)
DAGS = ("signalq_payouts_weekly_msk", "signalq_reconcile", "signalq_compare")


def state(
    paused: tuple[str, ...] = (),
    missing: str = "",
    dead: str = "",
    errors: dict[str, str] | None = None,
    pools: tuple[str, ...] = ("default_pool",),
) -> AirflowState:
    heard = NOW - dt.timedelta(minutes=7)
    programs = tuple(Program(name, name != dead, heard) for name in ("scheduler", "triggerer", "dag-processor"))
    there = {dag_id: dag_id in paused for dag_id in DAGS if dag_id != missing}
    return AirflowState(there, errors or {}, frozenset(pools), programs)


def test_an_airflow_that_is_well_has_no_problems() -> None:
    assert list(problems(state(), DAGS, "default_pool", NOW)) == []


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (state(paused=("signalq_reconcile",)), "paused: signalq_reconcile; unpause: airflow dags unpause"),
        (state(missing="signalq_payouts_weekly_msk"), "no DAG signalq_payouts_weekly_msk"),
        (state(dead="triggerer"), "the triggerer is not running, last heard of 7 min ago: start it"),
        (state(errors={"signalq_adjust.py": "KeyError: 'x'"}), "signalq_adjust.py cannot be imported: KeyError: 'x'"),
        (state(pools=()), "there is no pool 'default_pool' (SIGNALQ_BILLING_POOL), submit tasks would wait for ever"),
    ],
)
def test_each_thing_that_is_wrong_is_told_with_what_to_do(found: AirflowState, says: str) -> None:
    (problem,) = problems(found, DAGS, "default_pool", NOW)
    assert problem.startswith(says)


def test_a_host_has_an_airflow_if_it_is_configured_there_and_none_otherwise(tmp_path: Path) -> None:
    home = {"AIRFLOW_HOME": str(tmp_path)}
    assert not configured(home)
    assert not has_database(home)
    assert configured({**home, "AIRFLOW__SECRETS__BACKEND": "x"})
    assert not has_database({**home, "AIRFLOW__SECRETS__BACKEND": "x"})
    assert has_database({**home, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat secret"})
    (tmp_path / "airflow.cfg").touch()
    assert configured(home)
    assert has_database(home)
