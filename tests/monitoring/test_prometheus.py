"""Alert rules and dashboard, judged by the real promtool and a real Prometheus, on the series that we really send."""

import importlib.util
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.monitoring.exporter import RULES as MAPPING
from tests.monitoring.exporter import exposition, mapped, series

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
RULES = MONITORING / "prometheus" / "rules.yml"
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "signalq-billing.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
QUERIES = [target["expr"].replace("$cadence", "weekly_msk") for panel in PANELS for target in panel["targets"]]
NAMES = re.compile(r"\b(?:signalq_billing|airflow)_\w+")


def program(name: str) -> str:
    """A program of Prometheus: what `make test` fetched, or this machine's own."""
    fetched = ROOT / ".venv" / "tools" / name
    found = str(fetched) if fetched.exists() else shutil.which(name)
    assert found, f"{name} is missing: `make .venv/tools/promtool` fetches it"
    return found


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program("promtool"), *words], capture_output=True, text=True, timeout=250, check=False)


def test_the_configuration_and_its_rules_are_valid() -> None:
    done = promtool("check", "config", MONITORING / "prometheus" / "prometheus.yml")
    assert done.returncode == 0, done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


def test_alerts_fire_when_they_should_and_end_with_their_reason(tmp_path: Path) -> None:
    unit_tests = tmp_path / "rules_test.yml"
    unit_tests.write_text((Path(__file__).parent / "rules_test.yml").read_text().replace("RULES", str(RULES)))
    done = promtool("test", "rules", unit_tests)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested() -> None:
    tested = (Path(__file__).parent / "rules_test.yml").read_text()
    assert [alert["alert"] for alert in ALERTS if alert["alert"] not in tested] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_what_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert (ROOT / alert["annotations"]["runbook"]).is_file()
    assert alert["annotations"]["summary"]


def test_every_query_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(QUERIES)]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool("check", "rules", tmp_path / "queries.yml")
    assert done.returncode == 0, done.stderr
    assert f"{len(QUERIES)} rules found" in done.stdout


def test_rules_and_dashboard_name_series_and_labels_that_there_are() -> None:
    for query in [*QUERIES, *(alert["expr"] for alert in ALERTS)]:
        named = NAMES.findall(query)
        assert named
        assert set(named) <= set(series()), query
        labels = {label for name in named for label in series()[name]}
        used = re.findall(r"(\w+)\s*(?:=~|!=|!~|=)\s*\"", query)
        used += [label.strip() for group in re.findall(r"\bby \(([^)]*)\)", query) for label in group.split(",")]
        assert set(used) <= labels, query


def test_every_metric_of_the_catalogue_is_shown_or_judged() -> None:
    named = {name for query in [*QUERIES, *(alert["expr"] for alert in ALERTS)] for name in NAMES.findall(query)}
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series()}
    assert ours - {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} == set()


def test_names_keep_their_words_and_nothing_else_is_mapped_to_them() -> None:
    assert mapped("airflow.signalq_billing.orders.created") == "signalq_billing_orders_created"
    assert mapped("airflow.signalq_billing.discrepancies") == "signalq_billing_discrepancies"
    assert mapped("airflow.signalq_billing.discrepancies.minor_units") == "signalq_billing_discrepancies_minor_units"
    assert mapped("airflow.dagrun.duration.failed") == "airflow_dagrun_duration_failed"
    assert {rule.get("ttl") for rule in MAPPING["mappings"]} == {"1h", "50h", None}


def test_the_dashboard_is_what_grafanas_sdk_builds() -> None:
    spec = importlib.util.spec_from_file_location("dashboard", MONITORING / "grafana" / "build_dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    assert json.loads(builder.dashboard()) == DASHBOARD, "run `make dashboard`"


def test_panels_stand_side_by_side_and_say_what_they_show() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    covered: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not covered & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        covered |= cells
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"]["uid"] == "prometheus"
        assert [target["refId"] for target in panel["targets"]] == list("ABC")[: len(panel["targets"])]


def test_what_grafana_is_provisioned_with_fits_together() -> None:
    provisioning = MONITORING / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasource.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards.yaml").read_text())["providers"]
    assert (source["uid"], source["type"]) == ("prometheus", "prometheus")
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]
    mounted = [volume.split(":") for volume in services["grafana"]["volumes"] if volume.startswith("./")]
    (dashboard,) = [Path(target) for path, target, _ in mounted if path.endswith(".json")]
    assert Path(provider["options"]["path"]) == dashboard.parent
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in services


TROUBLE = {
    "signalq_billing_payouts_hold_expired": 2,
    "signalq_billing_orders_oldest_unknown_seconds": 7200,
    "signalq_billing_discrepancies": 3,
    "signalq_billing_extract_bad_row_share": 0.0007,
    "signalq_billing_payouts_fallen_to_zero": 1,
    "signalq_billing_orders_not_created": 1,
    "airflow_dagrun_duration_failed_count": 1,
}
AT_ONCE = {
    *("SignalqHoldExpired", "SignalqUnknownOutcome", "SignalqDiscrepancy", "SignalqBadRows", "SignalqFallenToZero"),
    *("SignalqRejected", "SignalqRunFailed"),
}


@contextmanager
def page(text: str) -> Iterator[str]:
    """An exporter that shows this."""

    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def prometheus(exporter: str, directory: Path) -> Iterator[str]:
    """A Prometheus with the configuration that is shipped, scraping `exporter` every second."""
    config = yaml.safe_load((MONITORING / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [exporter]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(RULES, directory)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = [f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data"]
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen([program("prometheus"), *options, f"--web.listen-address={address}"], stderr=log) as process,
    ):
        try:
            yield f"http://{address}/api/v1"
        finally:
            process.terminate()


def _asked(url: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
    try:
        answer = requests.get(url, params=parameters, timeout=5)
    except requests.ConnectionError:
        return None
    return answer.json()["data"] if answer.ok else None


def test_a_real_prometheus_fires_the_alerts_and_answers_every_query_of_the_dashboard(tmp_path: Path) -> None:
    with page(exposition(TROUBLE)) as exporter, prometheus(exporter, tmp_path) as api:
        firing: set[str] = set()
        empty = QUERIES
        until = time.monotonic() + 120
        while time.monotonic() < until and not (firing >= AT_ONCE and not empty):
            time.sleep(0.5)
            told = _asked(f"{api}/alerts") or {"alerts": []}
            firing = {each["labels"]["alertname"] for each in told["alerts"] if each["state"] == "firing"}
            # An increase takes two scrapes.
            empty = [query for query in empty if not (_asked(f"{api}/query", query=query) or {}).get("result")]
    assert firing == AT_ONCE
    assert empty == []
