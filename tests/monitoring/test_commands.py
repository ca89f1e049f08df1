"""`signalq-billing` sends metrics where Airflow's config says, with their tags, and loses nothing over it."""

import json
import socket
from collections.abc import Collection
from pathlib import Path

import pytest

from signalq_billing.domain.metric import CATALOGUE, MetricType
from tests.monitoring.paying import PERIOD, Shell
from tests.monitoring.receivers import Received, in_catalogue, otlp, statsd

WEEKLY = (("cadence", "weekly_msk"),)
MONEY = (("cadence", "weekly_msk"), ("currency", "RUB"))
NOT_SENT = {
    "alerts.open",
    "payouts.adjusted",
    "discrepancies",
    "discrepancies.minor_units",
    "discrepancies.not_compared",
}


def value(received: Collection[Received], name: str, tags: tuple[tuple[str, str], ...] = WEEKLY) -> float:
    """A counter's sum, the last of a gauge or timer."""
    found = [each.value for each in received if (each.name, each.tags) == (name, tags)]
    assert found, (name, tags, sorted({each.name for each in received}))
    return sum(found) if CATALOGUE[name].type is MetricType.COUNTER else found[-1]


def told_well(received: Collection[Received]) -> None:
    """What a paid week should have told, all of it by the catalogue."""
    assert [each for each in received if not in_catalogue(each)] == []
    assert value(received, "orders.created") == 1
    assert value(received, "payouts.created") == 1
    assert value(received, "orders.minor_units", MONEY) == 2999
    assert value(received, "extract.rows_read") > 10
    assert value(received, "extract.bad_rows", (*WEEKLY, ("reason", "status_missing"))) == 1
    assert value(received, "extract.bad_rows", (*WEEKLY, ("reason", "not_utf8"))) == 0
    assert value(received, "run.duration") > value(received, "extract.duration") > 0


def test_a_run_and_a_reconcile_tell_statsd_all_that_the_catalogue_has(paying: Shell) -> None:
    with statsd() as receiver:
        done = paying.does("run", *PERIOD, "--json", **receiver.environment())
        reconciled = paying.does("reconcile", **receiver.environment())
    assert (done.code, reconciled.code) == (0, 0), done.err + reconciled.err
    assert json.loads(done.out)
    told_well(receiver.ours)
    assert value(receiver.ours, "dependencies.up", (("dependency", "ytsaurus"),)) == 1
    assert value(receiver.ours, "payouts.open", MONEY) == 0
    assert set(CATALOGUE) - {each.name for each in receiver.ours} == NOT_SENT


def test_opentelemetry_gets_the_same_before_the_process_ends(paying: Shell) -> None:
    with otlp() as receiver:
        done = paying.does("run", *PERIOD, "--json", **receiver.environment())
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)
    told_well(receiver.ours)


def test_the_config_file_of_airflow_counts_as_its_environment_does(paying: Shell) -> None:
    with statsd() as receiver:
        lines = [f"{name[18:].lower()} = {each}" for name, each in receiver.environment().items()]
        config = Path(paying.environment["AIRFLOW_HOME"]) / "airflow.cfg"
        config.write_text("\n".join(["[metrics]", *lines, ""]))
        done = paying.does("reconcile")
    assert done.code == 0, done.err
    assert value(receiver.ours, "standing.measured", ()) == 1


@pytest.mark.parametrize("way", ["statsd", "otlp"])
def test_a_receiver_that_is_down_costs_nothing_but_a_moment(paying: Shell, way: str) -> None:
    with socket.socket() as deaf:  # bound and not listening: the port is nobody's
        deaf.bind(("127.0.0.1", 0))
        port = str(deaf.getsockname()[1])
        down = {
            "statsd": {"AIRFLOW__METRICS__STATSD_ON": "True", "AIRFLOW__METRICS__STATSD_PORT": port},
            "otlp": {"AIRFLOW__METRICS__OTEL_ON": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"},
        }[way]
        done = paying.does("run", *PERIOD, "--json", **down)
    assert (done.code, done.err) == (0, "")
    (payout,) = json.loads(done.out)["payouts"]
    assert (payout["total"], payout["payment_progress"]) == ("29.99", "created")


def test_without_metrics_airflow_is_not_even_imported(paying: Shell) -> None:
    done = paying.does("reconcile", PYTHONPROFILEIMPORTTIME="1")
    assert done.code == 0
    assert "signalq_billing.services.reconcile" in done.err
    assert "airflow.sdk" not in done.err
