"""Row ranges of a table path: by row index, and by key in sorted tables."""

from collections.abc import Sequence

from signalq_billing.devstack.ytsaurus.chunks import ChunkStore
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.keys import MAXIMUM, SortKey, key_of
from signalq_billing.devstack.ytsaurus.table_output import scan
from signalq_billing.devstack.ytsaurus.tables import Table, keys_of_batch
from signalq_billing.devstack.ytsaurus.yson import Yson


def resolve(store: ChunkStore, table: Table, attributes: dict[str, Yson]) -> list[tuple[int, int]]:
    """[lower, upper) row indexes, one pair per range asked for; the whole table when none was."""
    found = []
    for wanted in _wanted(attributes):
        lower, upper = 0, table.rows
        if "exact" in wanted:
            lower, upper = _exact(store, table, wanted["exact"])
        for limit, is_lower in ((wanted.get("lower_limit"), True), (wanted.get("upper_limit"), False)):
            for row in _limit_rows(store, table, limit or {}):
                lower, upper = (max(lower, row), upper) if is_lower else (lower, min(upper, row))
        found.append((lower, max(lower, upper)))
    return found


def _wanted(attributes: dict[str, Yson]) -> Sequence[dict[str, Yson]]:
    if "ranges" in attributes:
        return list(attributes["ranges"])
    old: dict[str, Yson] = {
        name: attributes[name] for name in ("lower_limit", "upper_limit", "exact") if name in attributes
    }
    return [old]


def _exact(store: ChunkStore, table: Table, limit: dict[str, Yson]) -> tuple[int, int]:
    if "row_index" in limit:
        row = min(int(limit["row_index"]), table.rows)
        return row, min(row + 1, table.rows)
    key = tuple(key_of(part) for part in limit["key"])
    return _first_row(store, table, key), _first_row(store, table, (*key, MAXIMUM))


def _limit_rows(store: ChunkStore, table: Table, limit: dict[str, Yson]) -> list[int]:
    rows = [min(max(int(limit["row_index"]), 0), table.rows)] if "row_index" in limit else []
    if "key" in limit:
        rows.append(_first_row(store, table, tuple(key_of(part) for part in limit["key"])))
    return rows


def _first_row(store: ChunkStore, table: Table, key: SortKey) -> int:
    """The index of the first row whose key is not below `key`."""
    names = table.schema.key_columns
    if not names:
        raise ClusterError(f"Table {table.path} is not sorted: it cannot be read by key")
    for first, batch in scan(store, table, names, 0, table.rows):
        for offset, row in enumerate(keys_of_batch(batch, names)):
            if row >= key:
                return first + offset
    return table.rows
