"""The embedded build of CHYT's engine, holding a status_history: the real statement runs on it."""

import datetime as dt
import tempfile
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from chdb.session import Session

from signalq_billing.adapters.ytsaurus import result, statement
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import Source
from tests.unit.adapters.ytsaurus.reference import Row

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
        path = statement.identifier(source.table)
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

    def extract(self, request: ActivityRequest, source: Source) -> result.Result:
        """What the adapter's statement writes into its result table, read by the adapter's own reader."""
        self._write_rules(request.rules)
        table = f"//results/{uuid4().hex}"
        text = statement.activity_statement(request, source, "//rules", table)
        created = "ENGINE=YtTable()"
        assert text.count(created) == 1
        self.execute(text.replace(created, "ENGINE=Memory"))
        content = self.execute(f'SELECT * FROM "{table}"', "ArrowStream")
        self.execute(f'DROP TABLE "{table}"')
        return result.checked_result(content, table)

    def newest(self, source: Source, clock: dt.datetime) -> int:
        """The answer of the statement that asks for the watermark alone."""
        answer = self.execute(statement.watermark_statement(source, clock), "TSV").decode().strip()
        return 0 if answer == "\\N" else int(answer)

    def _write_rules(self, rules: dict[str, ActivityRules]) -> None:
        self.execute('CREATE OR REPLACE TABLE "//rules" (park_id String, rule String) ENGINE=Memory')
        rows = statement.rule_rows(rules)
        if rows:
            table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in ("park_id", "rule")})
            pq.write_table(table, self._parquet)
            self.execute(f"INSERT INTO \"//rules\" SELECT * FROM file('{self._parquet}', 'Parquet')")


def warehouse() -> Warehouse:
    return Warehouse(Path(tempfile.mkdtemp(prefix="warehouse-")))
