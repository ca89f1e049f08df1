"""A cluster (the local stand-in), the real client, and a status_history of its own for each test."""

import gc
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.adapters.ytsaurus.query import Patience
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.devstack.ytsaurus.process import Handle, start
from signalq_billing.domain.source import Source

TOKEN = "a-token"
QUICK = {
    "proxy": {"retries": {"count": 2, "backoff": {"exponential_policy": {"start_timeout": 10, "max_timeout": 50}}}},
    "write_retries": {"count": 2, "backoff": {"exponential_policy": {"start_timeout": 10, "max_timeout": 50}}},
}


@dataclass
class Cluster:
    """A stand-in with a directory for one test."""

    handle: Handle
    client: YtClient
    directory: str = field(default_factory=lambda: f"//home/{uuid4().hex}")

    @property
    def source(self) -> Source:
        return Source(f"{self.directory}/status_history", f"{self.directory}/results")

    def adapter(self, patience: Patience | None = None, **changes: object) -> YtActivitySource:
        return YtActivitySource(self.client, replace(self.source, **changes), patience or Patience(time_limit=60))  # type: ignore[arg-type]

    def status_history(self, rows: list[dict[str, Any]], status_at: str = "timestamp", required: bool = False) -> None:
        types = {"park_id": "string", "device_id": "string", "status": "utf8" if required else "string"}
        schema = [
            {"name": name, "type": kind, "required": required}
            for name, kind in {**types, "status_at": status_at}.items()
        ]
        self.client.create("table", self.source.table, recursive=True, attributes={"schema": schema})
        self.client.write_table(self.source.table, rows)

    def left_over(self) -> list[str]:
        """Every node that is not a directory below the result directory."""
        if not self.client.exists(self.source.result_directory):
            return []
        return [str(path) for path in self.client.search(self.source.result_directory, node_type=["table", "document"])]


@pytest.fixture(scope="session", params=["datetime64", "uint64"])
def either_stand_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """Stand-ins for both ways in which clusters show timestamps in CHYT."""
    handle = start(tmp_path_factory.mktemp("yt"), TOKEN, timestamps=request.param)
    yield handle
    handle.stop()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    handle = start(tmp_path_factory.mktemp("yt"), TOKEN)
    yield handle
    handle.stop()


@pytest.fixture
def cluster(stand_in: Handle) -> Iterator[Cluster]:
    yield Cluster(stand_in, connect(stand_in))
    stand_in.faults.clear()
    # The client drops the socket of an answer that was cut, rather than closing it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def either_cluster(either_stand_in: Handle) -> Cluster:
    return Cluster(either_stand_in, connect(either_stand_in))


def connect(handle: Handle, token: str = TOKEN) -> YtClient:
    return yt_client(f"http://{handle.proxy}", token, QUICK)
