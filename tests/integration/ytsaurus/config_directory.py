"""A config directory that tests change, and the payouts it is held against."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.config_files import load
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.cli.main import app
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim
from signalq_billing.errors import SignalqBillingError
from signalq_billing.settings import settings
from tests.integration.postgres.factories import snapshot
from tests.integration.ytsaurus.conftest import TOKEN, Cluster
from tests.unit.domain.builders import device

WEEK = Period("weekly", dt.date(2026, 11, 2), dt.date(2026, 11, 9), "Europe/Moscow")
START = 1_793_566_800_000_000  # of the week, in Moscow
HOUR, DAY = 3_600_000_000, 86_400_000_000
CADENCES = "- {name: weekly, every: week, anchor: 2026-01-05, timezone: Europe/Moscow}\n"


@dataclass
class Directory:
    """A config directory, written anew whenever a test changes its mind."""

    path: Path
    cluster: Cluster

    def write(self, *parks: str, cadences: str = CADENCES, share: str = "0.5") -> Path:
        source = f"table: {self.cluster.source.table}\nresult_directory: {self.cluster.source.result_directory}\n"
        (self.path / "parks").mkdir(exist_ok=True)
        (self.path / "cadences.yaml").write_text(cadences)
        (self.path / "source.yaml").write_text(f"{source}bad_row_share: {share}\n")
        (self.path / "parks" / "all.yaml").write_text("".join(f"- {park}\n" for park in parks) or "[]")
        return self.path


def park(
    park_id: str,
    amount: int = 10,
    since: str = "2026-01-01",
    currency: str = "RUB",
    cadence: str = "weekly",
    statuses: str = "online",
    enabled: str = "true",
) -> str:
    charge = f"{{model: standard, unit: active_day, unit_amount: {amount}}}"
    return (
        f"{{park_id: {park_id}, effective_from: {since}, cadence: {cadence}, currency: {currency}, enabled: {enabled}, "
        f"activity: {{active_statuses: [{statuses}], max_silence_seconds: 3600}}, charge: {charge}}}"
    )


def days_of(park_id: str, days: int, status: str = "online", device_id: str = "cam") -> list[dict[str, object]]:
    """An hour on each of the first days of the week."""
    return [
        {
            "park_id": park_id,
            "device_id": f"{park_id}-{device_id}",
            "status": status,
            "status_at": START + day * DAY + HOUR,
        }
        for day in range(days)
    ]


LATE_ENOUGH = {"park_id": "elsewhere", "device_id": "x", "status": "off", "status_at": START + 7 * DAY + HOUR}


def paid(engine: Engine, configs: Sequence[ParkConfig], days: int, period: Period = WEEK, claimed: bool = True) -> None:
    """Payouts of `days` days of one camera, as they were computed and claimed."""
    store = PostgresPayoutStore(engine)
    snapshot_id = store.save_snapshot(snapshot(period), "run")
    store.store([compute_payout(each, period, [device(days=days)]) for each in configs], snapshot_id, "run")
    for payout in store.payouts(period.cadence, period.name, [each.park_id for each in configs]) if claimed else ():
        for order in payout.orders:
            assert isinstance(store.claim(order.order_id, "worker", dt.timedelta(minutes=5)), Claim)


def applied(engine: Engine, path: Path) -> list[ParkConfig]:
    """The directory's versions, applied."""
    PostgresConfigStore(engine).apply(load(path).park_configs, "ann")
    return PostgresConfigStore(engine).current()


Run = Callable[..., Any]  # of typer's results, which it keeps to itself


def config_diff(engine: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What runs `signalq-billing config diff` against these; returns typer's result, its errors raised."""
    monkeypatch.setenv("AIRFLOW_CONN_SIGNALQ_BILLING_DB", "postgres://host/database")
    # The engine of the fixture, which closes its connections; a command's own are closed as its process ends.
    monkeypatch.setattr("signalq_billing.adapters.postgres.engine.make_engine", lambda _: engine)
    yt = {"conn_type": "ytsaurus_cluster", "extra": {"proxy": f"http://{cluster.handle.proxy}", "token": TOKEN}}
    monkeypatch.setenv("AIRFLOW_CONN_YTSAURUS_DEFAULT", json.dumps(yt))
    settings.cache_clear()

    def diff(*arguments: object) -> Any:  # noqa: ANN401
        result = CliRunner().invoke(app, ["config", "diff", *map(str, arguments)])
        if isinstance(result.exception, SignalqBillingError):
            raise result.exception
        return result

    return diff
