"""A YT stand-in with the result table of an extraction in it, as a clique writes one that is asked for its lines in
order, or as one does that writes in pieces."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from yt.wrapper import YtClient

from benchmarks.store.fleet import Fleet
from signalq_billing.adapters.ytsaurus.arrow import arrow_table
from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.adapters.ytsaurus.result import SCHEMA
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.devstack.ytsaurus.process import start
from signalq_billing.domain.source import Source

TOKEN = "benchmark"
_TYPES = {field.name: "uint64" if pa.types.is_uint64(field.type) else "string" for field in SCHEMA}


@contextmanager
def cluster(directory: Path) -> Iterator[str]:
    """Its address; it stops at the end."""
    handle = start(directory, TOKEN)
    try:
        yield handle.proxy
    finally:
        handle.stop()


def client(proxy: str) -> YtClient:
    return yt_client(f"http://{proxy}", TOKEN)


def source(proxy: str) -> YtActivitySource:
    """The product's own way to it."""
    return YtActivitySource(client(proxy), Source("//home/status_history", "//home/results"))


def write_result(proxy: str, fleet: Fleet, in_pieces: bool) -> str:
    """A fleet's result table; its path."""
    path = f"//home/results/{fleet.parks}-{'pieces' if in_pieces else 'sorted'}"
    schema = [{"name": name, "type": kind, "required": True} for name, kind in _TYPES.items()]
    to = client(proxy)
    to.create("table", path, recursive=True, attributes={"schema": schema})
    slices = list(fleet.content())
    if in_pieces:
        random.Random(6).shuffle(slices)
    to.write_table(path, (row for content in slices for row in arrow_table(content, SCHEMA, path).to_pylist()))
    return path
