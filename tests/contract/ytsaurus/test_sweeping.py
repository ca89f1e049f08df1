"""Files nobody needs any more are deleted; those somebody still reads, or may go back to, are not."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from signalq_billing.devstack.ytsaurus import clock, cypress, locks, tables, transactions
from signalq_billing.devstack.ytsaurus.chunks import GRACE_SECONDS, Chunk, ChunkStore
from signalq_billing.devstack.ytsaurus.cluster import Cluster
from signalq_billing.devstack.ytsaurus.lag import HISTORY_SECONDS, Lag
from signalq_billing.devstack.ytsaurus.schema import WEAK


class Clock:
    """The cluster's clock, moved by hand."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "now", made)
    return made


@pytest.fixture
def cluster(tmp_path: Path, hand: Clock) -> Iterator[Cluster]:
    made = Cluster(tmp_path, "token")
    yield made
    made.close()


def write(cluster: Cluster, transaction: str = "", append: bool = False) -> Chunk:
    chunk = cluster.chunks.write([pa.record_batch({"a": [1]})])[0]
    with cluster.session():
        view = cluster.view(transaction)
        cypress.create(view, "table", "//home/t", {"ignore_existing": True})
        tables.put(view, view.table("//home/t"), [chunk], append, WEAK)
    return chunk


def sweep_later(cluster: Cluster, hand: Clock) -> None:
    """Once to see what is not needed any more, and once when that has been so for long enough."""
    for _ in range(2):
        hand.at += HISTORY_SECONDS + GRACE_SECONDS + 1
        cluster.chunks.sweep()


def there(store: ChunkStore, *chunks: Chunk) -> list[bool]:
    return [store.path(chunk.id).exists() for chunk in chunks]


def test_overwritten_chunks_go_and_present_ones_stay(cluster: Cluster, hand: Clock) -> None:
    old, new = write(cluster), write(cluster)
    more = write(cluster, append=True)
    cluster.chunks.sweep()
    assert there(cluster.chunks, old, new, more) == [True, True, True]
    sweep_later(cluster, hand)
    assert there(cluster.chunks, old, new, more) == [False, True, True]


def test_a_snapshot_and_an_open_transaction_keep_what_they_need(cluster: Cluster, hand: Clock) -> None:
    old = write(cluster)
    with cluster.session():
        reader, writer = (transactions.start(cluster.database, "", 10**12, None, {}) for _ in range(2))
        view = cluster.view(reader)
        locks.take_snapshot(view, view.table("//home/t"), Lag())
    write(cluster)
    inside = write(cluster, writer, append=True)
    sweep_later(cluster, hand)
    assert there(cluster.chunks, old, inside) == [True, True]
    with cluster.session():
        transactions.abort(cluster.database, reader)
        transactions.abort(cluster.database, writer)
    sweep_later(cluster, hand)
    assert there(cluster.chunks, old, inside) == [False, False]


def test_removed_tables_leave_no_files(cluster: Cluster, hand: Clock) -> None:
    chunk = write(cluster)
    with cluster.session():
        cypress.remove(cluster.view(), "//home/t", recursive=False, force=False)
    sweep_later(cluster, hand)
    assert there(cluster.chunks, chunk) == [False]
