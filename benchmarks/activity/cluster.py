"""A YT stand-in that has status_history in it already: the generated files are its chunks, not copied but linked."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.adapters.ytsaurus.cluster import YtCluster
from signalq_billing.adapters.ytsaurus.query import Patience
from signalq_billing.devstack.ytsaurus import cypress, tables
from signalq_billing.devstack.ytsaurus.chunks import Chunk, ChunkStore
from signalq_billing.devstack.ytsaurus.database import Database
from signalq_billing.devstack.ytsaurus.process import Handle, start
from signalq_billing.devstack.ytsaurus.view import View

TABLE, CLIQUE, TOKEN = "//home/signalq/status_history", "ch_public", "benchmark"
_SCHEMA = [
    *({"name": name, "type": "string"} for name in ("park_id", "device_id", "status")),
    {"name": "status_at", "type": "timestamp"},
]


def start_with(files: Path) -> Handle:
    """Start one on these files. Its directory lies beside them, for links reach no further."""
    directory = Path(tempfile.mkdtemp(prefix="cluster-", dir=files.parent))
    _adopt(files, directory)
    return start(directory, TOKEN)


def warm_up(proxy: str) -> None:
    """Ask the clique for nothing, so that it is there."""
    YtCluster(client(proxy), Patience()).ping_clique(CLIQUE)


def client(proxy: str) -> YtClient:
    """A client as the product makes it."""
    return yt_client(proxy, TOKEN)


def _adopt(files: Path, directory: Path) -> None:
    """Make a cluster's data directory of which the files are the chunks of the one table."""
    database = Database(directory / "metadata.sqlite")
    store = ChunkStore(directory / "chunks", database)
    with database.transaction():
        cypress.plant(database)
        view = View(database)
        attributes: dict[str, Any] = {"schema": _SCHEMA}
        node = view.node(cypress.create(view, "table", TABLE, {"recursive": True, "attributes": attributes}))
        chunks = [_adopted(store, file) for file in sorted(files.glob("*.parquet"))]
        tables.put(view, node, chunks, append=False, schema=tables.schema_of(node))
    database.close()


def _adopted(store: ChunkStore, file: Path) -> Chunk:
    link = store.directory / f"{file.stem}.tmp"
    os.link(file, link)
    found = pq.read_metadata(file)
    return store.adopt(
        link, found.num_rows, sum(found.row_group(n).total_byte_size for n in range(found.num_row_groups))
    )
