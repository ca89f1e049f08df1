"""The embedded server keeps what it was given, whatever killed it, and never mistakes a stranger for itself."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from signalq_billing.devstack import postgres


@pytest.fixture
def data_dir(tmp_path):
    yield tmp_path / "server"
    if running := postgres.find(tmp_path / "server"):
        running.stop()


def write(server: postgres.PostgresServer, value: int) -> None:
    with psycopg.connect(postgres.ensure_database(server, "kept")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def read(server: postgres.PostgresServer) -> list[int]:
    with psycopg.connect(server.url("kept")) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM kept ORDER BY value")]


def test_committed_data_survives_an_orderly_restart_and_a_kill_of_everything(data_dir: Path) -> None:
    server = postgres.start(data_dir)
    write(server, 1)
    server.stop()
    assert not psutil.pid_exists(server.pid)

    server = postgres.start(data_dir)
    write(server, 2)
    os.kill(server.pid, signal.SIGKILL)
    os.waitpid(server.pid, 0)

    server = postgres.start(data_dir)
    assert read(server) == [1, 2]


def test_a_second_start_hands_back_the_running_server_and_so_does_find(data_dir: Path) -> None:
    first = postgres.start(data_dir)
    assert postgres.start(data_dir) == first == postgres.find(data_dir)
    first.stop()
    assert postgres.find(data_dir) is None


def test_a_pid_file_that_now_names_a_stranger_does_not_stop_the_start(data_dir: Path) -> None:
    server = postgres.start(data_dir)
    write(server, 7)
    pid_file = data_dir / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()

    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert postgres.find(data_dir) is None
        assert read(postgres.start(data_dir)) == [7]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_cluster_that_was_cut_off_while_being_made_is_made_again(data_dir: Path) -> None:
    partial = data_dir / "cluster.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    write(postgres.start(data_dir), 3)


def test_the_password_is_needed_and_only_its_owner_reads_it(data_dir: Path) -> None:
    server = postgres.start(data_dir)
    assert stat.S_IMODE((data_dir / "password").stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url().replace(server.password, "wrong"))


def test_a_server_that_cannot_come_up_says_why(data_dir: Path) -> None:
    with pytest.raises(postgres.StorageUnavailable, match="no_such_setting"):
        postgres.start(data_dir, options={"no_such_setting": "1"})


def test_it_runs_below_a_directory_that_only_we_may_pass(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    server = postgres.start(private / "server")
    try:
        write(server, 5)
        assert read(server) == [5]
    finally:
        server.stop()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_a_server_bound_to_its_parent_ends_when_the_parent_is_killed(data_dir: Path) -> None:
    script = (
        "import sys, time\nfrom signalq_billing.devstack import postgres\n"
        "print(postgres.start(sys.argv[1], end_with_parent=True).pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(data_dir)], stdout=subprocess.PIPE, text=True) as parent:
        server = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([server], timeout=20)
    assert not server.is_running()


def test_in_the_foreground_it_stays_one_process_that_stops_on_sigint(data_dir: Path) -> None:
    port = postgres.free_port()
    process = subprocess.Popen([sys.executable, "-m", "signalq_billing.devstack.postgres", str(data_dir), str(port)])
    try:
        while (server := postgres.find(data_dir)) is None:
            assert process.poll() is None
            time.sleep(0.05)
        assert (server.pid, server.port) == (process.pid, port)
        write(server, 9)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
