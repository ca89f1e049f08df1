"""Lines of a result table outside memory, sorted bytewise by park and device whatever order they came in."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import SEEK_END
from typing import IO, TypeVar

import pyarrow as pa

Line = tuple[bytes, bytes, bytes]  # park, device, seconds per day

SCHEMA = pa.schema(
    [("park_id", pa.large_binary()), ("device_id", pa.large_binary()), ("day_seconds", pa.large_binary())]
)
_KEYS = ("park_id", "device_id")
_ROWS_AT_ONCE = 2_048
Days = TypeVar("Days")


class SortedLines:
    """Sorted runs in `file`, merged when they are read; runs that follow one another are one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._runs: list[list[tuple[int, int]]] = []  # where the pieces of each run are
        self._last: tuple[bytes, ...] = ()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, lines: pa.Table) -> None:
        """Keep lines, of SCHEMA. Raises OSError where there is no room."""
        if not lines.num_rows:
            return
        ordered = lines.sort_by([(name, "ascending") for name in _KEYS])
        if not self._runs or _key(ordered, 0) < self._last:
            self._runs.append([])
        for piece in ordered.to_batches(max_chunksize=_ROWS_AT_ONCE):
            self._runs[-1].append(self._write(piece))
        self._last = _key(ordered, ordered.num_rows - 1)
        self._count += ordered.num_rows

    def __iter__(self) -> Iterator[Line]:
        """All lines, sorted; can be begun anew."""
        return self.read(lambda texts: texts.to_pylist())

    def read(self, days: Callable[[pa.Array], Iterable[Days]]) -> Iterator[tuple[bytes, bytes, Days]]:
        """All lines, sorted, with what `days` makes of the seconds of many; can be begun anew."""
        return heapq.merge(*(self._read(run, days) for run in self._runs))

    def _write(self, piece: pa.RecordBatch) -> tuple[int, int]:
        begin = self._file.seek(0, SEEK_END)
        with pa.ipc.new_stream(self._file, SCHEMA) as writer:
            writer.write_batch(piece)
        return begin, self._file.tell()

    def _read(
        self, pieces: Sequence[tuple[int, int]], days: Callable[[pa.Array], Iterable[Days]]
    ) -> Iterator[tuple[bytes, bytes, Days]]:
        for begin, end in pieces:
            self._file.seek(begin)
            found = pa.ipc.open_stream(self._file.read(end - begin)).read_next_batch()
            keys = (found.column(name).to_pylist() for name in _KEYS)
            yield from zip(*keys, days(found.column("day_seconds")), strict=True)


def _key(lines: pa.Table, row: int) -> tuple[bytes, ...]:
    return tuple(lines[name][row].as_py() for name in _KEYS)
