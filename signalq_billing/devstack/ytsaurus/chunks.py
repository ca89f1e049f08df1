"""Chunks: the immutable Parquet files tables are made of, and the sweeping of those nobody needs."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from signalq_billing.devstack.ytsaurus import clock
from signalq_billing.devstack.ytsaurus.database import Database, new_id
from signalq_billing.devstack.ytsaurus.lag import HISTORY_SECONDS

CHUNK_KIND = 100
# Whoever wants some rows of a chunk gets the groups they are in from the disk, whole.
ROWS_PER_GROUP, BYTES_PER_GROUP = 262_144, 2 << 20
# A file that is being read is safe from deletion anyway; this is for those about to be read, or to be part of a table.
GRACE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """What table states keep of a chunk."""

    id: str
    rows: int
    size: int
    weight: int

    def as_json(self) -> list[object]:
        return [self.id, self.rows, self.size, self.weight]


def from_json(value: list[object]) -> Chunk:
    return Chunk(str(value[0]), int(str(value[1])), int(str(value[2])), int(str(value[3])))


class ChunkStore:
    """A directory of chunk files. A chunk exists once its file has its final name."""

    def __init__(self, directory: Path, database: Database) -> None:
        self.directory = directory
        self.database = database
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, chunk_id: str) -> Path:
        return self.directory / f"{chunk_id}.parquet"

    def write(self, batches: Iterable[pa.RecordBatch]) -> list[Chunk]:
        """Write batches to as few chunks as their layouts allow."""
        written: list[Chunk] = []
        writer: pq.ParquetWriter | None = None
        temporary, weight, rows = Path(), 0, 0
        try:
            for batch in batches:
                if writer is not None and not writer.schema.equals(batch.schema, check_metadata=True):
                    writer.close()
                    written.append(self.adopt(temporary, rows, weight))
                    writer = None
                if writer is None:
                    temporary, weight, rows = self.directory / f"{new_id(CHUNK_KIND)}.tmp", 0, 0
                    writer = open_writer(temporary, batch.schema)
                write_batch(writer, batch)
                rows += batch.num_rows
                weight += batch.nbytes
        finally:
            if writer is not None:
                writer.close()
        return [*written, self.adopt(temporary, rows, weight)] if writer is not None else written

    def adopt(self, file: Path, rows: int, weight: int) -> Chunk:
        """Make a finished Parquet file a chunk."""
        chunk = Chunk(new_id(CHUNK_KIND), rows, file.stat().st_size, weight)
        os.replace(file, self.path(chunk.id))
        self.database.run(
            "INSERT INTO chunk VALUES (?, ?, ?, ?, '', ?)", chunk.id, chunk.rows, chunk.size, chunk.weight, clock.now()
        )
        return chunk

    def sweep(self) -> None:
        """Delete files of chunks that no table, transaction or history has needed for a while."""
        now = clock.now()
        with self.database.transaction():
            old = now - HISTORY_SECONDS
            latest = "SELECT max(rowid) FROM history GROUP BY node"
            self.database.run(f"DELETE FROM history WHERE at < ? AND rowid NOT IN ({latest})", old)
            self.database.run("DELETE FROM history WHERE at < ? AND node NOT IN (SELECT id FROM node)", old)
            needed = set(self._needed())
            known = {str(row[0]) for row in self.database.rows("SELECT id FROM chunk")}
            for used in known & needed:
                self.database.run("UPDATE chunk SET unreferenced = NULL WHERE id = ?", used)
            for unused in known - needed:
                self.database.run("UPDATE chunk SET unreferenced = coalesce(unreferenced, ?) WHERE id = ?", now, unused)
            stale = self.database.rows("SELECT id FROM chunk WHERE unreferenced < ?", now - GRACE_SECONDS)
            self.database.run("DELETE FROM chunk WHERE unreferenced < ?", now - GRACE_SECONDS)
        for (chunk_id,) in stale:
            self.path(str(chunk_id)).unlink(missing_ok=True)

    def clear_leftovers(self) -> None:
        """After a crash: files that never became chunks."""
        known = {str(row[0]) for row in self.database.rows("SELECT id FROM chunk")}
        for file in self.directory.iterdir():
            if file.suffix == ".tmp" or file.stem not in known:
                file.unlink()

    def _needed(self) -> Iterator[str]:
        for table in ("node", "history"):
            for (state,) in self.database.rows(f"SELECT state FROM {table}"):
                for chunk in json.loads(str(state)).get("chunks", ()):
                    yield chunk[0]


def open_writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(file, schema, compression="zstd", compression_level=1)


def write_batch(writer: pq.ParquetWriter, batch: pa.RecordBatch) -> None:
    """Write rows in groups that are bounded in rows and, roughly, in bytes."""
    fitting = BYTES_PER_GROUP * batch.num_rows // max(batch.nbytes, 1)
    writer.write_batch(batch, row_group_size=min(max(fitting, 1), ROWS_PER_GROUP))
