"""supervisord: what it is told to run, starting and ending it, and asking it how its programs are."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError
from xmlrpc.client import Error, ServerProxy, Transport

import psutil

from signalq_billing.devstack.home import PROJECT, Home
from signalq_billing.devstack.local_ports import HOST
from signalq_billing.devstack.programs import Program
from signalq_billing.devstack.steps import StackFailed, tail

_ASK_SECONDS = 10
_STARTED = ("STARTING", "RUNNING", "BACKOFF")
_HEAD = """[supervisord]
pidfile=supervisor/supervisord.pid
logfile={log}
logfile_maxbytes=5MB
logfile_backups=1
childlogdir=supervisor
{user}
[inet_http_server]
port={host}:{port}
username=signalq
password={password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = """
[program:{name}]
command={command}
directory={project}
priority={priority}
autostart=false
autorestart=true
startsecs={start_seconds}
startretries=3
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
"""


def render(home: Home, programs: Iterable[Program], port: int, password: str) -> str:
    """The configuration file, its paths relative to the home. Secrets of the programs are in their environment."""
    head = _HEAD.format(
        log=home.log("supervisord").relative_to(home.path),
        user="user=root\n" if os.geteuid() == 0 else "",
        host=HOST,
        port=port,
        password=password,
    )
    return head + "".join(_section(home, program) for program in programs)


def _section(home: Home, program: Program) -> str:
    return _PROGRAM.format(
        name=program.name,
        command=_escaped(shlex.join(program.command)),
        project=_escaped(PROJECT),
        priority=program.priority,
        stop_signal=program.stop_signal,
        stop_seconds=program.stop_seconds,
        start_seconds=program.start_seconds,
        as_group="false" if program.stop_signal == "INT" else "true",
        log=home.log(program.name).relative_to(home.path),
    )


def _escaped(value: Path | str) -> str:
    """supervisord expands %(name)s (in names of log files twice), and takes ` ;` for the start of a comment."""
    return str(value).replace("%", "%%").replace(" ;", " \\;")


@dataclass(frozen=True, slots=True)
class Supervisor:
    """A supervisord, running or not, of one stack."""

    home: Home
    port: int
    password: str

    @property
    def config(self) -> Path:
        return self.home.supervisor / "supervisord.conf"

    def running(self) -> bool:
        try:
            return bool(self._ask("getPID") == self.pid())
        except (OSError, HTTPException, Error, ExpatError):
            return False

    def pid(self) -> int | None:
        try:
            return int((self.home.supervisor / "supervisord.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def launch(self, rendered: str, environment: Mapping[str, str]) -> None:
        """Start supervisord in the background, in a session of its own. Raises StackFailed if it does not answer."""
        self.config.unlink(missing_ok=True)
        self.config.touch(mode=0o600)
        self.config.write_text(rendered)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config)]
        started = subprocess.run(
            command, check=False, env=dict(environment), cwd=self.home.path, capture_output=True, text=True, timeout=60
        )
        deadline = time.monotonic() + 20
        while started.returncode == 0 and time.monotonic() < deadline:
            if self.running():
                return
            time.sleep(0.05)
        log = self.home.log("supervisord")
        raise StackFailed("supervisord", (started.stderr or started.stdout).strip() or tail(log), log)

    def start(self, names: Iterable[str]) -> None:
        """Start those programs that do not run; returns at once."""
        states = self.states()
        for name in names:
            if states.get(name) not in _STARTED:
                self._ask("startProcess", name, False)

    def states(self) -> dict[str, str]:
        """State by program, in supervisord's words: RUNNING, BACKOFF, FATAL, STOPPED ...; empty if it is gone."""
        if not self.running():
            return {}
        answer = self._ask("getAllProcessInfo")
        assert isinstance(answer, list)
        return {str(info["name"]): str(info["statename"]) for info in answer if isinstance(info, dict)}

    def shut_down(self, seconds: float = 60) -> None:
        """End supervisord and, in order, all its programs; returns when it is gone or the time is up."""
        pid = self.pid()
        if pid is None or not self.running():
            return
        process = psutil.Process(pid)
        self._ask("shutdown")
        try:
            process.wait(seconds)
        except psutil.TimeoutExpired:
            process.kill()

    def _ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - methods by name, as XML-RPC has them
        url = f"http://signalq:{self.password}@{HOST}:{self.port}/RPC2"
        with ServerProxy(url, transport=_ImpatientTransport()) as server:
            return getattr(server.supervisor, method)(*arguments)


class _ImpatientTransport(Transport):
    """XML-RPC that does not wait for ever."""

    def make_connection(self, host: Any) -> HTTPConnection:  # noqa: ANN401 - xmlrpc's own type is private
        connection = super().make_connection(host)
        connection.timeout = _ASK_SECONDS
        return connection
