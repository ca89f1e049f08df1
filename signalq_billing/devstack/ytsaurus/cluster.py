"""The cluster as a whole: its data directory, its clocks and sweeps, and what every command needs at hand."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from signalq_billing.devstack.ytsaurus import cypress, transactions
from signalq_billing.devstack.ytsaurus.chunks import ChunkStore
from signalq_billing.devstack.ytsaurus.database import Database
from signalq_billing.devstack.ytsaurus.misbehaviour import Misbehaviour
from signalq_billing.devstack.ytsaurus.tracker import Tracker
from signalq_billing.devstack.ytsaurus.view import View

EXPIRY_SECONDS = 0.25
SWEEP_SECONDS = 60.0


class Cluster:
    """One YT cluster in one directory. `timestamps` is how CHYT shows YT's timestamp: uint64 or datetime64."""

    def __init__(self, directory: Path, token: str, timestamps: str = "datetime64") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._claim = _claimed(directory)
        self._expired_at = 0.0
        self._stopped = threading.Event()
        self.directory = directory
        self.token = token
        self.database = Database(directory / "metadata.sqlite")
        self.chunks = ChunkStore(directory / "chunks", self.database)
        self.misbehaviour = Misbehaviour()
        self.spool = directory / "spool"
        self.spool.mkdir(exist_ok=True)
        for leftover in self.spool.iterdir():
            leftover.unlink()
        with self.database.transaction():
            cypress.plant(self.database)
            transactions.renew_all(self.database)
        self.chunks.clear_leftovers()
        self.tracker = Tracker(self, directory, timestamps)
        threading.Thread(target=self._sweep, name="sweep", daemon=True).start()

    def view(self, transaction: str = "", lagging: bool = False) -> View:
        return View(self.database, transaction, self.misbehaviour.lag() if lagging else None)

    @contextmanager
    def session(self) -> Iterator[None]:
        """One command's metadata transaction; what has run out is gone before it looks."""
        with self.database.lock:
            now = time.monotonic()
            if now - self._expired_at > EXPIRY_SECONDS:
                self._expired_at = now
                with self.database.transaction():
                    transactions.expire(self.database)
                    cypress.expire(self.database)
            with self.database.transaction():
                yield

    def close(self) -> None:
        self._stopped.set()
        self.tracker.close()
        self.database.close()
        self._claim.close()

    def _sweep(self) -> None:
        while not self._stopped.wait(SWEEP_SECONDS):
            with self.session():
                self.database.run("DELETE FROM mutation WHERE at < ?", time.time() - 3600)
            self.chunks.sweep()
            self.tracker.sweep()


def _claimed(directory: Path) -> IO[str]:
    """An open file whose lock says that the directory is taken; it goes with the process. Raises RuntimeError."""
    claim = (directory / "lock").open("w")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        raise RuntimeError(f"{directory} is in use by another stand-in") from None
    return claim
