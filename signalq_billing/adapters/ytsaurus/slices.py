"""A result table in slices of its rows, so that its size is no matter: all of one table, each whole and counted."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from yt.wrapper import TablePath, YtClient

from signalq_billing.adapters.ytsaurus.arrow import arrow_table, gone, read_whole
from signalq_billing.adapters.ytsaurus.failures import translated
from signalq_billing.errors import SourceUnavailable

REMEDY = "extract the period again"


@dataclass(frozen=True, slots=True)
class Slices:
    """One table as it was found: its rows are read by its id, not by its name, so that all slices are of this one.

    Result tables are written once and never change, so that no transaction and no lock has to live as long as reading
    takes.
    """

    client: YtClient
    path: str
    node_id: str
    rows: int

    def of(self, rows_at_once: int, schema: pa.Schema) -> Iterator[pa.Table]:
        """All rows, so many at a time, in the order they are stored in. Raises SourceUnavailable, SourceInvalid."""
        for first in range(0, self.rows, rows_at_once):
            yield self.between(first, min(first + rows_at_once, self.rows), schema)

    def between(self, first: int, last: int, schema: pa.Schema) -> pa.Table:
        """Rows [first, last). A read that brings another number of rows is repeated."""

        def checked(content: bytes, path: str) -> pa.Table:
            found = arrow_table(content, schema, path)
            if found.num_rows != last - first:
                raise SourceUnavailable(
                    f"reading {path}: {found.num_rows} of {last - first} rows from row {first} on came"
                )
            return found

        address = TablePath(f"#{self.node_id}", start_index=first, end_index=last, simplify=False, client=self.client)
        return read_whole(self.client, self.path, checked, REMEDY, address)


def slices(client: YtClient, path: str) -> Slices:
    """Look at a result table. Raises SourceUnavailable, or SourceInvalid if it is gone."""
    with translated(f"reading {path}", gone(REMEDY)):
        attributes = client.get(path, attributes=["id", "row_count"]).attributes
    return Slices(client, path, str(attributes["id"]), int(attributes["row_count"]))
