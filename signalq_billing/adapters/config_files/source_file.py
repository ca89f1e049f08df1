"""source.yaml: where status_history lies and how it is to be read (SPEC section 10)."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.report import Report
from signalq_billing.adapters.config_files.values import Wrong, matching, number, text, timezone, whole
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Tree, read_tree
from signalq_billing.domain.config_rules import Place
from signalq_billing.domain.source import MAX_WATERMARK, DailyTables, Source, SourceColumns, check_daily_name

FILE = "source.yaml"
_PATH = matching(r"//.*[^/]", "a path in YTsaurus, such as //home/signalq/status_history")
_WATERMARK = matching(
    rf"{MAX_WATERMARK}|//.+/@.+", "max, or the path of an attribute, such as //home/signalq/status_history/@replicated"
)
_DEFAULT = Source(table="", result_directory="")
_DAILY = DailyTables("")


def read_source(directory: Path, report: Report) -> Source:
    """source.yaml, its problems told to `report`; where there are any, the result is of no use."""
    if not (directory / FILE).exists():
        report.problem(Place(FILE, 0), "", f"must exist in {directory}")
        return _DEFAULT
    tree, readable = read_tree(directory / FILE, FILE, report)
    if not readable:
        return _DEFAULT
    if tree is not None and not isinstance(tree, Keyed):
        report.problem(tree.at, "", "must be a mapping, beginning with `table:`")
        return _DEFAULT
    return _source(Keys(tree or Keyed(Place(FILE, 1)), report))


def _source(keys: Keys) -> Source:
    source = Source(
        table=_table(keys),
        result_directory=keys.need("result_directory", _PATH) or "",
        columns=_columns(keys.keys("columns")),
        watermark=keys.may("watermark", _WATERMARK, _DEFAULT.watermark),
        lookback_days=keys.may("lookback_days", whole(0, 3650), _DEFAULT.lookback_days),
        replica_lag_allowance=_lag_allowance(keys),
        bad_row_share=_bad_row_share(keys),
        clique=keys.may("clique", text, _DEFAULT.clique),
        spill_above_bytes=keys.optional("spill_above_bytes", whole(1_000_000, 10**15)),
        device_buckets=keys.may("device_buckets", whole(1, 100), _DEFAULT.device_buckets),
    )
    keys.close()
    return source


def _table(keys: Keys) -> str | DailyTables:
    """A path, or a mapping for a directory of daily tables."""
    inner = keys.keys("table") if isinstance(keys.tree.values.get("table"), Keyed) else None
    if inner is None:
        return keys.need("table", _PATH) or ""
    daily = DailyTables(
        directory=inner.need("directory", _PATH) or "",
        name=inner.may("name", _daily_name, _DAILY.name),
        timezone=inner.may("timezone", timezone, _DAILY.timezone),
        days_around=inner.may("days_around", whole(0, 31), _DAILY.days_around),
    )
    inner.close()
    return daily


def _daily_name(tree: Tree) -> str:
    found = text(tree)
    try:
        check_daily_name(found)
    except ValueError as error:
        raise Wrong(f"{found!r} {error}") from None
    return found


def _lag_allowance(keys: Keys) -> dt.timedelta:
    seconds = keys.optional("replica_lag_allowance_seconds", whole(0, 30 * 86_400))
    return _DEFAULT.replica_lag_allowance if seconds is None else dt.timedelta(seconds=seconds)


def _bad_row_share(keys: Keys) -> Fraction:
    share = keys.optional("bad_row_share", number(high=Decimal(1)))
    return _DEFAULT.bad_row_share if share is None else Fraction(share)


def _columns(keys: Keys | None) -> SourceColumns:
    if keys is None:
        return SourceColumns()
    columns = SourceColumns(
        park_id=keys.may("park_id", text, "park_id"),
        device_id=keys.may("device_id", text, "device_id"),
        status=keys.may("status", text, "status"),
        status_at=keys.may("status_at", text, "status_at"),
        event_id=keys.optional("event_id", text),
    )
    keys.close()
    names: dict[str, str] = {}
    for key in ("park_id", "device_id", "status", "status_at", "event_id"):
        name = getattr(columns, key)
        if name is not None and names.setdefault(name, key) != key:
            keys.problem(key, f"is the column {name!r}, like {names[name]}; each needs a column of its own")
    return columns
