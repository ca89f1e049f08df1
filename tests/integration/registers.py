"""Building blocks for tests of registers: the command line on a test's own database and billing-orders."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.postgres import history
from signalq_billing.cli import holds, register
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.errors import SignalqBillingError
from signalq_billing.settings import settings

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


def desk(engine: Engine, billing: BillingOrdersProcess, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A shell connected to this database and this billing-orders; leases there last ten minutes."""
    monkeypatch.setattr(Wiring, "engine", engine)
    told = {"conn_type": "http", "host": billing.base_url, "password": billing.token}
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_ORDERS", json.dumps(told))
    settings.cache_clear()
    return Desk(directory)


def history_of(engine: Engine, action: str) -> list[dict[str, object]]:
    with engine.connect() as connection:
        assert history.verify(connection) == []
        wanted = history.history.select().where(history.history.c.action == action).order_by(history.history.c.id)
        return [dict(row) for row in connection.execute(wanted).mappings()]
