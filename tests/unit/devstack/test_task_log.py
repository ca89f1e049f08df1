import json
from pathlib import Path

from signalq_billing.devstack.airflow_api import Run, Task
from signalq_billing.devstack.task_log import last_words, path_of

RUN = Run("signalq_payouts_x", "scheduled__2026", "failed")


def test_the_last_words_of_a_failed_task_name_its_error(tmp_path: Path) -> None:
    task = Task("submit", 3, "failed", 2)
    path = path_of(tmp_path, RUN, task)
    path.parent.mkdir(parents=True)
    error = {"exc_type": "BillingUnavailable", "exc_value": "billing-orders is away"}
    path.write_text(f"{json.dumps({'event': 'Task failed', 'error_detail': [error]})}\nplain line\n")
    words, log = last_words(tmp_path, RUN, task)
    assert "Task failed | BillingUnavailable: billing-orders is away" in words
    assert words.endswith("plain line")
    assert log == path
    assert "map_index=3" in str(log)
    assert log.name == "attempt=2.log"


def test_a_task_without_a_log_is_no_error(tmp_path: Path) -> None:
    words, _ = last_words(tmp_path, RUN, Task("extract", -1, "failed", 1))
    assert "no log" in words
