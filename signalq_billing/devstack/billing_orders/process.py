"""Running the stand-in as a process of its own, and the remote control of its switches and books for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

Switch = str | int | float | None
_PACKAGE = "signalq_billing.devstack.billing_orders"


class FaultControl:
    """The switches of a running stand-in; see `faults.Fault` for what the keywords mean."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def add(self, do: str, **switch: Switch) -> None:
        self._remote.call("POST", "/_faults", {"do": do, **switch})

    def fail(self, status: int, **switch: Switch) -> None:
        """Answer with `status`; `retry_after` adds that header."""
        self.add("status", status=status, **switch)

    def delay(self, seconds: float, **switch: Switch) -> None:
        self.add("delay", delay_seconds=seconds, **switch)

    def cut(self, **switch: Switch) -> None:
        """Drop the connection without an answer."""
        self.add("cut", **switch)

    def wrong_body(self, kind: str, **switch: Switch) -> None:
        """Answer 200 with a body that is not the object asked for; after the commit unless told otherwise."""
        self.add("body", body=kind, **{"when": "after", **switch})

    def down(self) -> None:
        """Drop every connection until cleared."""
        self.add("cut", call="any", times=None)

    def clear(self) -> None:
        self._remote.call("DELETE", "/_faults")

    def all(self) -> list[dict[str, Any]]:
        """The switches with their `hits`."""
        return list(self._remote.call("GET", "/_faults")["faults"])


class Remote:
    """Calls to the admin addresses, past any proxy."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, document: object = None) -> dict[str, Any]:
        response = self._session.request(method, self._base_url + path, json=document, timeout=30)
        if response.status_code != 200:
            raise ValueError(f"{method} {path}: {response.status_code} {response.text}")
        answer: dict[str, Any] = response.json()
        return answer

    def close(self) -> None:
        self._session.close()


class BillingOrdersProcess:
    """A running stand-in. It ends with `stop`, or with the process that started it."""

    def __init__(self, data_dir: Path, token: str, port: int, page_size: int) -> None:
        self.data_dir, self.token, self._page_size = data_dir, token, page_size
        self.base_url = ""
        self._launch(port)
        self._remote = Remote(self.base_url, token)
        self.faults = FaultControl(self._remote)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2])

    def books(self) -> dict[str, Any]:
        """{"orders": [what the service answers, plus posts, park_id, payload], "totals": {currency: sum}}."""
        return self._remote.call("GET", "/_books")

    def stop(self) -> None:
        """End it in order; calling it again does nothing."""
        self._process.terminate()
        self._end()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._process.kill()
        self._end()

    def restart(self) -> None:
        """Start again after `stop` or `kill`: the same address, token and books; no switches."""
        self._launch(self.port)

    def _launch(self, port: int) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", _PACKAGE, "--port", str(port), "--data", str(self.data_dir)]
        command += ["--page-size", str(self._page_size), "--end-with-stdin"]
        with (self.data_dir / "billing-orders.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "BILLING_ORDERS_TOKEN": self.token},
                text=True,
            )
        assert self._process.stdout is not None
        announced = self._process.stdout.readline().split()
        if not announced:
            self._end()
            raise RuntimeError(f"the billing-orders stand-in did not start, see {self.data_dir / 'billing-orders.log'}")
        self.base_url = announced[-1]

    def _end(self) -> None:
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        if hasattr(self, "_remote"):
            self._remote.close()


def start(data_dir: Path | str, token: str, port: int = 0, *, page_size: int = 100) -> BillingOrdersProcess:
    """Start the stand-in on 127.0.0.1; returns once it listens. Port 0 takes a free one."""
    return BillingOrdersProcess(Path(data_dir), token, port, page_size)
