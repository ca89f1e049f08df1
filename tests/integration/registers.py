"""Building blocks for tests of registers: the command line on a test's own database and billing-orders."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.postgres import history
from signalq_billing.cli import holds, register
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.errors import SignalqBillingError

PERIOD = ("--cadence", "weekly_msk", "--period", "2026-11-16")
Row = dict[str, str]


@dataclass
class Done:
    """How a command ended, with exit codes as `main` gives them."""

    code: int
    out: str
    err: str


@dataclass
class Desk:
    """An operator's shell."""

    directory: Path

    def types(self, *words: str | Path) -> Done:
        app = typer.Typer()
        register.mount(app)
        holds.mount(app)
        result = CliRunner().invoke(app, [str(word) for word in words])
        if isinstance(result.exception, SignalqBillingError):
            return Done(result.exception.exit_code, result.stdout, f"{result.stderr}error: {result.exception}")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def does(self, *words: str | Path) -> Done:
        done = self.types(*words)
        assert done.code == 0, done.out + done.err
        return done

    def exported(self, name: str = "register.csv", *words: str) -> Path:
        self.does("export", *PERIOD, "--output", self.directory / name, "--force", *words)
        return self.directory / name

    def filled(self, change: Callable[[Row], object], name: str = "filled.csv") -> Path:
        """The register as CSV with every row changed by a person."""
        rows = list(csv.DictReader(io.StringIO(self.exported().read_text(), newline="")))
        for row in rows:
            change(row)
        written = io.StringIO()
        writer = csv.DictWriter(written, rows[0], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        (self.directory / name).write_text(written.getvalue(), newline="")
        return self.directory / name

    def paid(self, doc_id: str = "PP-1", park_id: str | None = None) -> Path:
        """The register with `doc_id` on every line of what was paid, of one park or of all."""

        def pay(row: Row) -> None:
            if row["external_ref"] and park_id in (None, row["park_id"]):
                row["doc_id"] = doc_id

        return self.filled(pay)


def billing_connection(billing: BillingOrdersProcess) -> str:
    return json.dumps({"conn_type": "http", "host": billing.base_url, "password": billing.token})


def filled_in(workbook: Path, sheet: str, doc_id: str) -> Path:
    """The XLSX register with `doc_id` in every row of one sheet, as a person types it."""
    book = openpyxl.load_workbook(workbook)
    heading = [cell.value for cell in book[sheet][1]]
    for row in book[sheet].iter_rows(min_row=2):
        if row[heading.index("external_ref")].value:
            row[heading.index("doc_id")].value = doc_id
    book.save(workbook)
    return workbook


def history_of(engine: Engine, action: str) -> list[dict[str, object]]:
    with engine.connect() as connection:
        assert history.verify(connection) == []
        wanted = history.history.select().where(history.history.c.action == action).order_by(history.history.c.id)
        return [dict(row) for row in connection.execute(wanted).mappings()]


def rows(engine: Engine, sql: str) -> list[dict[str, Any]]:
    """What a statement of a test gives."""
    with engine.begin() as connection:
        result = connection.exec_driver_sql(sql)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


def everything(engine: Engine) -> list[object]:
    """All that is stored about payouts, to see that nothing changed."""
    tables = ("payout", "payout_line", "payout_order", "order_attempt", "history")
    return [rows(engine, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]
