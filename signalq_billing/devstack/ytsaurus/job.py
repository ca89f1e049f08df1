"""What the cluster hands a query worker, and what comes back: plain JSON on the worker's pipes."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class SourceTable:
    """A table as the query names it: a directory of Parquet files and, per column, name, type and expression.

    `expression` is empty for a column taken as it lies; `type` is then the type it is read as.
    """

    name: str
    directory: str
    columns: list[tuple[str, str, str]]


@dataclass(slots=True)
class Job:
    """One query. `schema` (YSON text) is the schema rows must be made to fit, empty to derive it from the result."""

    query: str
    tables: list[SourceTable]
    settings: dict[str, str]
    timestamps: str
    schema: str = ""
    columns: list[str] = field(default_factory=list)
    row_limit: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def job_from_json(value: dict[str, Any]) -> Job:
    tables = [
        SourceTable(item["name"], item["directory"], [tuple(c) for c in item["columns"]]) for item in value["tables"]
    ]
    return Job(**{**value, "tables": tables})


@dataclass(slots=True)
class Outcome:
    """How a job ended. `files` are (name, rows, weight) in order; an error has a message and ClickHouse's code."""

    error: str = ""
    code: int = 0
    schema: str = ""
    files: list[tuple[str, int, int]] = field(default_factory=list)
    truncated: bool = False
    confined: bool = False
    rows: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def outcome_from_json(value: dict[str, Any]) -> Outcome:
    return Outcome(**{**value, "files": [tuple(item) for item in value["files"]]})
