"""Starts a stand-in as a process of its own, for tests and for the local stack."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import signalq_billing
from signalq_billing.devstack.ytsaurus.faults import Faults

START_SECONDS = 30.0


@dataclass(slots=True)
class Handle:
    """A running stand-in. `proxy` is `host:port`, as YtClient wants it."""

    proxy: str
    token: str
    data_dir: Path
    process: "subprocess.Popen[bytes]"

    @property
    def faults(self) -> Faults:
        return Faults(self.proxy)

    def stop(self) -> None:
        """End it in good order; running queries are lost."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power failure of the process would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(
    data_dir: Path | str, token: str, port: int = 0, host: str = "127.0.0.1", timestamps: str = "datetime64"
) -> Handle:
    """Start one and wait until it answers; its output goes to `DIR/log.txt`. Raises RuntimeError if it does not start.

    `timestamps` is how CHYT shows YT's timestamp: uint64 or datetime64. A port of 0 takes a free one.
    """
    directory = Path(data_dir)
    directory.mkdir(parents=True, exist_ok=True)
    address = directory / "address"
    address.unlink(missing_ok=True)
    command = [sys.executable, "-m", "signalq_billing.devstack.ytsaurus", "--host", host, "--port", str(port)]
    options = ["--data", str(directory), "--chyt-timestamp", timestamps]
    root = str(Path(signalq_billing.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    # The token goes where other users of the machine cannot read it.
    environment = {**os.environ, "PYTHONPATH": path, "YT_TOKEN": token}
    with (directory / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [*command, *options],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    proxy = _wait(process, address, directory / "log.txt")
    return Handle(proxy, token, directory, process)


def _wait(process: "subprocess.Popen[bytes]", address: Path, log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if address.exists() and (proxy := address.read_text().strip()) and _answers(proxy):
            return proxy
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise RuntimeError(f"The YT stand-in did not start; the end of {log}:\n{log.read_text(errors='replace')[-2000:]}")


def _answers(proxy: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{proxy}/_faults", timeout=5) as answer:
            return int(answer.status) == 200
    except OSError:
        return False
