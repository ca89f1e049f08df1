"""status_history as Parquet files, laid out like the chunks of the stand-in, made once and kept."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks.activity.events import SCHEMA, batches
from benchmarks.activity.fleet import Fleet
from signalq_billing.devstack.ytsaurus.chunks import ROWS_PER_GROUP, open_writer

ROWS_PER_FILE = 5_000_000
_VERSION = 1  # of what is generated: another one is made anew


def place(cache: Path, fleet: Fleet, events: int) -> Path:
    """The directory that the files of these parameters are in, or will be."""
    return cache / f"status_history-{_VERSION}-{events}-{fleet.devices}-{fleet.parks}-{fleet.seed}"


def make(cache: Path, fleet: Fleet, events: int, wrote: Callable[[], None] = lambda: None) -> Path:
    """The directory, filled unless it was already; `wrote` is called after every row group."""
    directory = place(cache, fleet, events)
    if directory.exists():
        return directory
    unfinished = directory.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    writer, rows = None, ROWS_PER_FILE
    for number, group in enumerate(_groups(batches(fleet, events))):
        if writer is None or rows >= ROWS_PER_FILE:
            if writer is not None:
                writer.close()
            writer, rows = open_writer(unfinished / f"{number:06}.parquet", SCHEMA), 0
        writer.write_table(group, row_group_size=ROWS_PER_GROUP)
        rows += group.num_rows
        wrote()
    if writer is not None:
        writer.close()
    unfinished.rename(directory)
    return directory


def _groups(some: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in row groups of one size, but for the last one."""
    waiting: list[pa.RecordBatch] = []
    for batch in some:
        waiting.append(batch)
        while sum(each.num_rows for each in waiting) >= ROWS_PER_GROUP:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, ROWS_PER_GROUP).combine_chunks()
            waiting = table.slice(ROWS_PER_GROUP).to_batches()
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()
