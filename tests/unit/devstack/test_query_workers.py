"""What the process that runs a query is started with."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from signalq_billing.devstack.ytsaurus.workers import ALLOCATOR, ALLOCATOR_SETTINGS, Worker


@pytest.mark.parametrize(("settings", "known"), [(ALLOCATOR, True), ("no_such_setting:1000", False)])
def test_the_allocator_of_clickhouse_knows_its_settings(settings: str, known: bool) -> None:
    environment = os.environ | {ALLOCATOR_SETTINGS: f"abort_conf:true,{settings}"}
    ended = subprocess.run([sys.executable, "-c", "import chdb"], env=environment, capture_output=True, check=False)
    assert (ended.returncode == 0) is known, ended.stderr


def test_a_worker_is_started_with_them(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "query")
    try:
        (process,) = [each for each in psutil.Process().children() if str(worker.directory) in each.cmdline()]
        assert process.environ()[ALLOCATOR_SETTINGS] == ALLOCATOR
    finally:
        worker.end()
