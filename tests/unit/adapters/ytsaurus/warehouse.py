"""The embedded build of CHYT's engine, holding a status_history: the real statement runs on it."""

import datetime as dt
import io
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from chdb.session import Session

from signalq_billing.adapters.ytsaurus import device, result, statement
from signalq_billing.adapters.ytsaurus.arrow import arrow_table
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from tests.unit.adapters.ytsaurus.reference import Row

RESULT = "//results/table"
STATUS_AT_TYPES = ("UInt64", "Nullable(UInt64)", "DateTime64(6)", "Nullable(DateTime64(6))")


class Warehouse:
    """Tables live in memory under the paths they would have in YT."""

    def __init__(self, directory: Path) -> None:
        self._session = Session(str(directory / "warehouse"))
        self._parquet = directory / "rows.parquet"

    def close(self) -> None:
        self._session.close()

    def execute(self, text: str, output: str = "CSV") -> bytes:
        return bytes(self._session.query(text, output).bytes())

    def status_history(self, rows: list[Row], source: Source, status_at: str = "Nullable(UInt64)") -> None:
        """Replaces the table. Columns are nullable where `status_at` is; a null in one that is not becomes empty."""
        nullable = status_at.startswith("Nullable")
        text = "Nullable(String)" if nullable else "String"
        columns = source.columns
        named = {
            columns.park_id: [row.park_id for row in rows],
            columns.device_id: [row.device_id for row in rows],
            columns.status: [row.status for row in rows],
        }
        table = pa.table({name: pa.array(values, pa.binary()) for name, values in named.items()})
        times = pa.array([row.status_at for row in rows], pa.uint64())
        table = table.append_column(columns.status_at, times)
        pq.write_table(table, self._parquet)
        described = [f"{statement.identifier(name)} {text}" for name in named]
        described.append(f"{statement.identifier(columns.status_at)} {status_at}")
        path = statement.identifier(str(source.table))
        self.execute(f"DROP TABLE IF EXISTS {path}")
        self.execute(f"CREATE TABLE {path} ({', '.join(described)}) ENGINE=Memory")
        if rows:
            at = statement.identifier(columns.status_at)
            as_stored = f"fromUnixTimestamp64Micro(toInt64({at}), 'UTC')" if "DateTime64" in status_at else at
            names = ", ".join(map(statement.identifier, named))
            self.execute(
                f"INSERT INTO {path} SELECT {names}, {as_stored} FROM file('{self._parquet}', 'Parquet') "
                "SETTINGS input_format_null_as_default=1, insert_null_as_default=1"
            )

    def extract(
        self,
        request: ActivityRequest,
        source: Source,
        tables: Sequence[str] | None = None,
        bucket: tuple[int, int] = (0, 1),
    ) -> result.Result:
        """What the adapter's statement writes into its result table, read by the adapter's own reader."""
        self._write_rules(request.rules)
        found = tables or tables_of(source)
        text = statement.activity_statement(request, source, found, "//rules", RESULT, bucket)
        content = self.execute(selected(text), "ArrowStream")
        return result.checked_result([arrow_table(content, result.SCHEMA, RESULT)], RESULT, io.BytesIO())

    def history(self, device_id: str, period: Period, clock: dt.datetime, source: Source) -> DeviceHistory:
        """The same for the statement about one device."""
        content = self.execute(
            selected(statement.device_statement(device_id, period, clock, source, tables_of(source), RESULT)),
            "ArrowStream",
        )
        return device.checked_history(content, RESULT).history(device_id, source.lookback_days)

    def types(self, text: str) -> set[str]:
        """The types of the columns a statement writes."""
        described = self.execute(f"DESCRIBE ({selected(text)})", "TSV").decode().splitlines()
        return {line.split("\t")[1] for line in described}

    def newest(self, source: Source, clock: dt.datetime) -> int:
        """The answer of the statement that asks for the watermark alone."""
        answer = self.execute(statement.watermark_statement(source, tables_of(source), clock), "TSV").decode().strip()
        return 0 if answer == "\\N" else int(answer)

    def _write_rules(self, rules: dict[str, ActivityRules]) -> None:
        self.execute('CREATE OR REPLACE TABLE "//rules" (park_id String, rule String) ENGINE=Memory')
        rows = statement.rule_rows(rules)
        if rows:
            table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in ("park_id", "rule")})
            pq.write_table(table, self._parquet)
            self.execute(f"INSERT INTO \"//rules\" SELECT * FROM file('{self._parquet}', 'Parquet')")


def selected(text: str) -> str:
    """What a statement puts into its result table. Selecting it takes half the time of creating the table, for the
    engine then analyses the query once."""
    creation, created, select = text.partition(" ENGINE=YtTable() AS ")
    assert creation == f'CREATE TABLE "{RESULT}"'
    assert created
    return merged(select)


def merged(text: str) -> str:
    """The same with tables put together as this engine does it."""
    found = re.search(r"concatYtTables\((.*?)\)", text)
    if found is None:
        return text
    paths = "|".join(re.escape(path) for path in re.findall('"(.*?)"', found[1]))
    return text.replace(found[0], f"merge(currentDatabase(), {statement.literal(f'^({paths})$')})")


def warehouse() -> Warehouse:
    return Warehouse(Path(tempfile.mkdtemp(prefix="warehouse-")))


def tables_of(source: Source) -> list[str]:
    return [str(source.table)]
