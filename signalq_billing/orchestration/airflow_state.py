"""What Airflow's metadata database says about our DAGs and Airflow's own programs, for `doctor`. Airflow is imported
when it is asked and not before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from signalq_billing.errors import DependenciesUnavailable

PROGRAMS = {"scheduler": "SchedulerJob", "triggerer": "TriggererJob", "dag-processor": "DagProcessorJob"}
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """One of Airflow's programs: whether it is alive, and when it was heard of last (None: never)."""

    name: str
    alive: bool
    heard_of: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AirflowState:
    """`paused` tells every DAG that is there, by id; `import_errors` the last line of each, by file."""

    paused: Mapping[str, bool]
    import_errors: Mapping[str, str]
    pools: frozenset[str]
    programs: tuple[Program, ...]


def configured(environ: Mapping[str, str]) -> bool:
    """Whether this host has an Airflow: without one, importing it would make a configuration of its own."""
    return any(name.startswith("AIRFLOW__") for name in environ) or _configuration(environ).is_file()


def has_database(environ: Mapping[str, str]) -> bool:
    """Whether this host knows where Airflow's metadata database is."""
    named = any(environ.get(f"{_DATABASE}{how}") for how in ("", "_CMD", "_SECRET"))
    return named or _configuration(environ).is_file()


def _configuration(environ: Mapping[str, str]) -> Path:
    home = environ.get("AIRFLOW_HOME")
    return Path(environ.get("AIRFLOW_CONFIG") or (Path(home) if home else Path.home() / "airflow") / "airflow.cfg")


def read_state() -> AirflowState:
    """Airflow as its database has it. Raises DependenciesUnavailable if that does not answer within 30 seconds."""
    import airflow.jobs.job
    import airflow.models.dag  # noqa: F401 - importing takes its seconds and is no sign of an outage

    found: list[AirflowState | Exception] = []

    def read() -> None:
        try:
            found.append(_read())
        except Exception as error:
            found.append(error)

    # In a thread, for a database behind a dead network lets nobody go for minutes.
    thread = Thread(target=read, name="airflow-state", daemon=True)
    thread.start()
    thread.join(_PATIENCE_SECONDS)
    if not found:
        raise DependenciesUnavailable(f"Airflow's database does not answer within {_PATIENCE_SECONDS:g} s")
    if isinstance(result := found[0], Exception):
        why = str(getattr(result, "orig", None) or result).strip().splitlines()
        raise DependenciesUnavailable(f"Airflow's database does not answer: {why[0] if why else type(result).__name__}")
    return result


def _read() -> AirflowState:
    from airflow.models.dag import DagModel
    from airflow.models.errors import ParseImportError
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        dags = session.execute(select(DagModel.dag_id, DagModel.is_paused).where(DagModel.is_stale.is_(False))).all()
        errors = session.execute(select(ParseImportError.filename, ParseImportError.stacktrace)).all()
        return AirflowState(
            paused={str(row[0]): bool(row[1]) for row in dags},
            import_errors={str(row[0]): _last_line(row[1]) for row in errors},
            pools=frozenset(str(name) for name in session.scalars(select(Pool.pool))),
            programs=tuple(_program(name, kind, session) for name, kind in PROGRAMS.items()),
        )


def _program(name: str, kind: str, session: object) -> Program:
    from airflow.jobs.job import most_recent_job

    job = most_recent_job(kind, session=session)  # type: ignore[arg-type]
    if job is None:
        return Program(name, alive=False, heard_of=None)
    return Program(name, alive=bool(job.is_alive()), heard_of=job.latest_heartbeat)


def _last_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[-1] if lines else ""
