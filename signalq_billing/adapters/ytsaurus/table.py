"""What the cluster says about status_history without reading it: its columns, and which state of it there is."""

from collections.abc import Iterable, Mapping
from typing import Any

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.failures import FAILURES, translated
from signalq_billing.domain.source import Source
from signalq_billing.errors import SourceInvalid

TEXT = ("string", "utf8")
INSTANT = ("timestamp", "timestamp64", "uint64", "int64")


def check_columns(client: YtClient, table: str, source: Source) -> None:
    """Returns if a table exists and has the configured columns in types we can read.

    Raises SourceInvalid naming the field of source.yaml, SourceUnavailable.
    """
    with translated(f"looking at {table}", "there is no such table; correct `table` in source.yaml"):
        schema = list(client.get(f"{table}/@schema"))
    check_schema(schema, table, source)


def check_schema(schema: Iterable[Mapping[str, Any]], table: str, source: Source) -> dict[str, str]:
    """The types by column of a table whose schema is as configured, none for one without a schema. Raises SourceInvalid
    naming the field of source.yaml."""
    types = {str(column["name"]): _type(column) for column in schema}
    # Without a schema nothing can be told in advance: then the query has to.
    for field, name, wanted in _wanted(source) if types else ():
        if name not in types:
            raise SourceInvalid(
                f"{table} has no column {name!r}; correct columns.{field} in source.yaml "
                f"(there are: {', '.join(sorted(types))})"
            )
        if wanted and types[name] not in wanted:
            raise SourceInvalid(
                f"{table}: column {name!r} is {types[name]}, but columns.{field} in source.yaml must name "
                f"one of type {' or '.join(wanted)}"
            )
    return types


def revision(client: YtClient, path: str) -> str:
    """A name for the present state of a table, as far as the cluster gives one; best effort, "" if it does not."""
    try:
        attributes = client.get(path, attributes=["id", "content_revision", "revision"]).attributes
    except (*FAILURES, AttributeError):
        return ""
    return state_named(attributes)


def state_named(attributes: Mapping[str, Any]) -> str:
    """The name of a table's state by what its attributes `id`, `content_revision` and `revision` say."""
    number = attributes.get("content_revision", attributes.get("revision"))
    return "@".join(str(part) for part in (attributes.get("id"), number) if part is not None)


def _wanted(source: Source) -> list[tuple[str, str, tuple[str, ...]]]:
    columns = source.columns
    named: list[tuple[str, str, tuple[str, ...]]] = [
        ("park_id", columns.park_id, TEXT),
        ("device_id", columns.device_id, TEXT),
        ("status", columns.status, TEXT),
        ("status_at", columns.status_at, INSTANT),
    ]
    if columns.event_id is not None:
        named.append(("event_id", columns.event_id, ()))
    return named


def _type(column: Mapping[str, Any]) -> str:
    """The column's type without its being optional."""
    described = column.get("type_v3", column.get("type", "any"))
    while isinstance(described, dict) and described.get("type_name") == "optional":
        described = described["item"]
    if isinstance(described, dict):
        described = described.get("type_name", "any")
    return str(described)
