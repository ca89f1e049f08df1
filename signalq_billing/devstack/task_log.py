"""The log files of Airflow's tasks: which file belongs to a task, and its last words for people."""

import json
from pathlib import Path

from signalq_billing.devstack.airflow_api import Run, Task

_LINES = 15


def path_of(logs: Path, run: Run, task: Task) -> Path:
    """The file of the task's last try."""
    directory = logs / f"dag_id={run.dag_id}" / f"run_id={run.run_id}" / f"task_id={task.task_id}"
    if task.map_index >= 0:
        directory /= f"map_index={task.map_index}"
    return directory / f"attempt={task.try_number}.log"


def last_words(logs: Path, run: Run, task: Task) -> tuple[str, Path]:
    """The last lines of the task's log, and where all of it is."""
    path = path_of(logs, run, task)
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "    (it has written no log)", path
    said = [text for line in lines[-200:] if (text := _readable(line)) and not text.startswith("::")]
    return "\n".join(f"    {text}" for text in said[-_LINES:]), path


def _readable(line: str) -> str:
    """One JSON record of a task log as a line; records of other shapes as they are."""
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    raised = [f"{each.get('exc_type')}: {each.get('exc_value')}" for each in record.get("error_detail") or ()]
    return " | ".join(filter(None, [str(record.get("event") or ""), *raised]))
