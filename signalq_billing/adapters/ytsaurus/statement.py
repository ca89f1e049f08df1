"""The ClickHouse statements this package runs, rendered from the .sql files beside it: every name and value that is
put into one is escaped here."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Template

from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source, SourceColumns

EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
FUTURE_ALLOWANCE = dt.timedelta(hours=1)
NO_SILENCE_LIMIT = 2**62
RULE_SCHEMA = (
    {"name": "park_id", "type": "string", "required": True},
    {"name": "rule", "type": "string", "required": True},
)


def identifier(name: str) -> str:
    """`name` as a quoted ClickHouse identifier: a column, or the path of a table in YT."""
    return '"' + _escaped(name).replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """`text` as a ClickHouse string literal."""
    return "'" + _escaped(text).replace("'", "\\'") + "'"


def _escaped(text: str) -> str:
    controls = {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    return "".join(controls.get(char, char) for char in text.replace("\\", "\\\\"))


def micros(instant: dt.datetime) -> int:
    """Whole microseconds since the epoch, exactly."""
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def instant(microseconds: int) -> dt.datetime:
    """The UTC instant that many microseconds after the epoch. Raises OverflowError beyond the year 9999."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)


def rule(rules: ActivityRules) -> str:
    """A park's rules as activity.sql reads them: the longest interval in microseconds, then each active status in
    hexadecimal, every part followed by a comma."""
    seconds = rules.max_silence_seconds
    limit = NO_SILENCE_LIMIT if seconds is None else min(seconds * 1_000_000, NO_SILENCE_LIMIT)
    statuses = (status.encode().hex().upper() for status in rules.active_statuses)
    return ",".join((str(limit), *statuses, ""))


def rule_rows(rules: Mapping[str, ActivityRules]) -> list[dict[str, str]]:
    """The rows of the table that activity.sql joins events with, one for each park that is asked for."""
    return [{"park_id": park_id, "rule": rule(each)} for park_id, each in sorted(rules.items())]


def activity_statement(
    request: ActivityRequest,
    source: Source,
    tables: Sequence[str],
    rule_table: str,
    result_table: str,
    bucket: tuple[int, int] = (0, 1),
) -> str:
    """The statement that computes a whole period from `tables` into `result_table` (SPEC section 4): all devices, or
    those of one bucket of so many."""
    period, row = request.period, _row(source.columns)
    return _template("activity.sql").substitute(
        _columns(source.columns),
        **_period_bounds(period, source.lookback_days),
        **_good_bounds(request.clock),
        source=_union(tables),
        asked=_asked(request, source.columns, tables) if request.narrow else "1",
        rules=identifier(rule_table),
        result=identifier(result_table),
        of_bucket=_of_bucket(source.columns, *bucket),
        row=f"({', '.join(row)})",
        example=_example([f"bad_row.{number}" for number in range(1, len(row) + 1)]),
        other_example=_example([f"other_bad_row.{number}" for number in range(1, len(row) + 1)]),
    )


def joined_statement(parts: Sequence[str], result_table: str) -> str:
    """The statement that makes the result tables of all buckets one."""
    return _template("joined.sql").substitute(parts=_union(parts), number=len(parts), result=identifier(result_table))


def device_statement(
    device_id: str, period: Period, clock: dt.datetime, source: Source, tables: Sequence[str], result_table: str
) -> str:
    """The statement that puts what `tables` say about one device into `result_table` (SPEC section 3)."""
    return _template("device.sql").substitute(
        _columns(source.columns),
        **_period_bounds(period, source.lookback_days),
        **_good_bounds(clock),
        device=literal(device_id),
        source=_union(tables),
        result=identifier(result_table),
        example=_example(_row(source.columns)),
    )


def watermark_statement(source: Source, tables: Sequence[str], clock: dt.datetime) -> str:
    """The statement that asks `tables` for the newest good row alone."""
    return _template("watermark.sql").substitute(_columns(source.columns), **_good_bounds(clock), source=_union(tables))


def _union(tables: Sequence[str]) -> str:
    """One table, or several as if they were one."""
    named = ", ".join(map(identifier, tables))
    return named if len(tables) == 1 else f"concatYtTables({named})"


def _asked(request: ActivityRequest, columns: SourceColumns, tables: Sequence[str]) -> str:
    """Whether a row's device was ever seen in a park asked for. All of such a device's rows count, for another park's
    event ends an interval."""
    parks = ", ".join(literal(park_id) for park_id in sorted(request.rules)) or literal("")
    return _template("asked.sql").substitute(_columns(columns), source=_union(tables), parks=parks)


def _of_bucket(columns: SourceColumns, number: int, buckets: int) -> str:
    """Which rows are of a bucket: all of a device, and each of those without one."""
    device = f"ifNull(source.{identifier(columns.device_id)}, '')"
    return f"WHERE cityHash64({device}) % {buckets} = {number}" if buckets > 1 else ""


def _good_bounds(clock: dt.datetime) -> dict[str, int]:
    return {"earliest": micros(EARLIEST), "latest": micros(clock + FUTURE_ALLOWANCE)}


def _period_bounds(period: Period, lookback_days: int) -> dict[str, int | str]:
    start, end = micros(period.start), micros(period.end)
    window_start = max(start - lookback_days * 86_400_000_000, 0)
    offsets = [micros(midnight) - window_start for midnight in period.midnights[:-1]]
    return {
        "period_start": start,
        "period_end": end,
        "window_start": window_start,
        "lookback_length": start - window_start,
        "window_length": end - window_start,
        "window_bits": (end - window_start).bit_length(),
        "midnights": "[" + ", ".join(f"toUInt64({offset})" for offset in offsets) + "]",
    }


def _columns(columns: SourceColumns) -> dict[str, str]:
    named = (columns.park_id, columns.device_id, columns.status, columns.status_at)
    return dict(zip(("park_id", "device_id", "status", "status_at"), map(identifier, named), strict=True))


def _row(columns: SourceColumns) -> list[str]:
    """The expressions of a row's values: park, device, status, instant, and the event's id where there is one."""
    named = [f"source.{column}" for column in _columns(columns).values()]
    named[3] = f"reinterpretAsUInt64({named[3]})"
    return named if columns.event_id is None else [*named, f"source.{identifier(columns.event_id)}"]


def _example(row: Sequence[str]) -> str:
    """The arguments of a concat that shows a row: its values in hexadecimal, `-` for null, separated by colons."""
    texts = [*row[:3], *(f"toString({value})" for value in row[3:])]
    return ", ':', ".join(f"ifNull(hex({text}), '-')" for text in texts)


@cache
def _template(name: str) -> Template:
    """The file without its comments: they are for its readers, and the statement has to begin with its verb."""
    lines = files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines()
    return Template("\n".join(line for line in lines if not line.lstrip().startswith("--")))
