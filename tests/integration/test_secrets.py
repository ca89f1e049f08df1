"""Planted secrets come out nowhere: not in what commands print or log, not in errors and tracebacks, not in what task
bodies return, not in the database."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url

from signalq_billing.adapters.postgres import privileges
from signalq_billing.devstack import postgres
from signalq_billing.devstack.sample.configs import write_if_absent
from tests.integration.payments import computed

CORES = ("PlantedDb7Qx", "PlantedYt8Wz", "PlantedBo9Kv")
DB_PASSWORD = f"p@:/w%41 {CORES[0]}+\"'\\#?é"
YT_TOKEN = f"AQ/+%41{CORES[1]}=\"'\\:@"
BO_TOKEN = f"b3/+%41{CORES[2]}=\"'\\:@"
ROLE = "planted_role"


def encoded(secret: str) -> list[str]:
    """Stretches of the secret's base64, wherever in a longer text it may begin."""
    cores = [core for core in CORES if core in secret]
    return [base64.b64encode(b"x" * shift + core.encode())[4:-4].decode() for core in cores for shift in range(3)]


NEEDLES = [*CORES, *(each for secret in (DB_PASSWORD, YT_TOKEN, BO_TOKEN) for each in encoded(secret))]


def leaks(text: str) -> list[str]:
    return [needle for needle in NEEDLES if needle.lower() in text.lower()]


class Parrot(BaseHTTPRequestHandler):
    """Says no, and repeats all that it was told: headers, address, body."""

    status = 500

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        told = f"{self.requestline}\n{self.headers}\n{self.rfile.read(length)!r}"
        body = json.dumps({"code": "no", "message": told, "error": told}).encode()
        self.send_response(self.status, "no " + self.headers.get("Authorization", ""))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-YT-Error", json.dumps({"code": 1, "message": told, "attributes": {"headers": told}}))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def parroting(status: int) -> Iterator[str]:
    """The address of a service of both kinds that says no and repeats everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Saying", (Parrot,), {"status": status}))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def planted(engine: Engine, postgres_server: postgres.PostgresServer) -> Iterator[Mapping[str, object]]:
    """A role of the service whose password is planted, with a payout to be sent."""
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        make = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(DB_PASSWORD))
        connection.execute(make)
    privileges.grant(engine, ROLE)
    computed(engine)
    url = make_url(engine.url)
    yield {"host": url.host, "port": url.port, "schema": url.database, "login": ROLE}
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


def environment(tmp_path: Path, where: str, database: Mapping[str, object], *, as_uri: bool = False) -> dict[str, str]:
    """Connections with planted secrets, as JSON or as URIs; YTsaurus and billing-orders are at `where`."""
    configs = tmp_path / "configs"
    write_if_absent(configs)
    impatient = {"proxy": {"retries": {"enable": False}, "request_timeout": 2000}}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SIGNALQ"))}
    common = {
        **kept,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "SIGNALQ_BILLING_CONFIG": str(configs),
        "SIGNALQ_BILLING_SUBMIT_TRIES": "1",
        "SIGNALQ_BILLING_HTTP_TIMEOUT_SECONDS": "2",
    }
    if not as_uri:
        ytsaurus = {"proxy": f"http://{where}", "token": YT_TOKEN, "client_config": impatient}
        return common | {
            "AIRFLOW_CONN_SIGNALQ_BILLING_DB": json.dumps(
                {"conn_type": "postgres", "password": DB_PASSWORD, **database}
            ),
            "AIRFLOW_CONN_YTSAURUS_DEFAULT": json.dumps({"conn_type": "ytsaurus_cluster", "extra": ytsaurus}),
            "AIRFLOW_CONN_BILLING_ORDERS": json.dumps(
                {"conn_type": "http", "host": f"http://{where}", "password": BO_TOKEN}
            ),
        }
    db, yt, bo = (quote(secret, safe="") for secret in (DB_PASSWORD, YT_TOKEN, BO_TOKEN))
    extra = quote(json.dumps({"proxy": f"http://{where}", "token": YT_TOKEN, "client_config": impatient}), safe="")
    return common | {
        "AIRFLOW_CONN_SIGNALQ_BILLING_DB": (
            f"postgres://{database['login']}:{db}@{database['host']}:{database['port']}/{database['schema']}"
        ),
        "AIRFLOW_CONN_YTSAURUS_DEFAULT": f"ytsaurus-cluster://:{yt}@{where}/?__extra__={extra}",
        "AIRFLOW_CONN_BILLING_ORDERS": f"http://:{bo}@{where}",
    }


def ran(env: Mapping[str, str], script: str, *words: str) -> str:
    """Everything a program says, whatever comes of it."""
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=250, check=False)
    return done.stdout + done.stderr


# Each command as `signalq-billing` would run it, one after another: importing everything takes longest.
TYPING = """
import json, os, sys
from signalq_billing.cli import main
for words, changed in json.loads(sys.argv[1]):
    os.environ.update(changed)
    sys.argv = ["signalq-billing", *words]
    print("TYPED", *words, flush=True)
    try:
        main.main()
    except SystemExit as end:
        print("ENDED", end.code)
"""


PERIOD = ("--cadence", "weekly_msk", "--period", "2026-11-16")
COMMANDS = [
    ("-v", "doctor"),
    ("-v", "doctor", "--json"),
    ("-v", "run", *PERIOD),
    ("-v", "preview", *PERIOD, "--json"),
    ("-v", "reconcile"),
    ("-v", "reconcile", "--json"),
    ("-v", "reconcile", "--compare", *PERIOD, "--json"),
    ("-v", "status", "--json"),
    ("-v", "verify", "--history", "--json"),
    ("-v", "verify", *PERIOD),
    ("-v", "explain", "--cadence", "weekly_msk", "--period", "2026-11-16", "--park", "park-1"),
    ("-v", "db", "upgrade"),
]


def typed(env: Mapping[str, str], *commands: tuple[str, ...]) -> str:
    said = ran(env, TYPING, json.dumps([(words, {}) for words in commands]))
    assert said.count("ENDED") + said.count("TYPED") >= len(commands), said
    assert leaks(said) == [], [line for line in said.splitlines() if leaks(line)]
    return said


@pytest.mark.parametrize(("status", "as_uri"), [(401, False), (500, True)], ids=["refusing-json", "failing-uri"])
def test_services_that_repeat_what_they_are_told_make_no_command_tell_it(
    planted: Mapping[str, object], tmp_path: Path, engine: Engine, status: int, as_uri: bool
) -> None:
    with parroting(status) as where:
        said = typed(environment(tmp_path, where, planted, as_uri=as_uri), *COMMANDS)
    assert "park-1" in said, "the planted password opens the database"
    assert leaks(dumped(engine)) == []


def test_what_billing_orders_repeats_is_stored_nowhere(
    planted: Mapping[str, object], tmp_path: Path, engine: Engine
) -> None:
    with parroting(422) as where:
        said = ran(environment(tmp_path, where, planted), SUBMIT)
    text = dumped(engine)
    assert "billing-orders rejected the order" in text, said
    assert "[hidden]" in text
    assert leaks(said + text) == []


BROKEN = [
    '{"conn_type": "postgres", "host": "h", "password": "%s" "login"}',
    '{"conn_type": "postgres", "host": "h", "port": "%s"}',
    '{"conn_type": "postgres", "host": "h", "extra": "%s"}',
    '{"conn_type": "postgres", "host": "h", "schema": "d", "password": ["%s"]}',
    '{"conn_type": "postgres", "host": "h", "schema": "d", "pasword": "%s"}',
    "postgres://user:p@ss:w/%s@host:5432/db",
    "postgres://user:%s@host:port/db",
    "postgres://user:12/%s@127.0.0.1:1/db",
    "postgres://user:[%s@127.0.0.1:1/db",
    "://%s",
    "%s",
]


def test_a_connection_that_cannot_be_read_is_not_repeated(tmp_path: Path) -> None:
    env = environment(tmp_path, "127.0.0.1:1", {"host": "127.0.0.1", "port": 1, "schema": "d", "login": "l"})
    names = [f"AIRFLOW_CONN_{name}" for name in ("SIGNALQ_BILLING_DB", "YTSAURUS_DEFAULT", "BILLING_ORDERS")]
    good = {name: env[name] for name in names}
    wrong = [good | {name: broken.replace("%s", f"x{CORES[0]}y")} for name in names for broken in BROKEN]
    said = ran(env, TYPING, json.dumps([(["-v", "doctor"], each) for each in wrong]))
    assert said.count("ENDED 1") == len(wrong), said
    assert leaks(said) == [], [line for line in said.splitlines() if leaks(line)]


def test_nobody_answers_and_nobody_tells(planted: Mapping[str, object], tmp_path: Path) -> None:
    typed(environment(tmp_path, "127.0.0.1:1", {**planted, "port": 1}), *COMMANDS[:4])
    wrong = {**planted, "password": f"wrong{DB_PASSWORD}"}
    said = typed(environment(tmp_path, "127.0.0.1:1", wrong), ("-v", "status"), ("-v", "doctor", "--json"))
    assert "password authentication failed" in said


def test_a_traceback_of_a_defect_shows_no_secret(planted: Mapping[str, object], tmp_path: Path) -> None:
    said = ran(environment(tmp_path, "127.0.0.1:1", planted), DEFECT)
    assert "Traceback" in said
    assert "a defect of ours" in said
    assert leaks(said) == []


def test_task_bodies_return_and_log_no_secret(planted: Mapping[str, object], tmp_path: Path) -> None:
    with parroting(500) as where:
        said = ran(environment(tmp_path, where, planted), TASKS)
    assert said.count("TASK") == 7, said
    assert leaks(said) == [], [line for line in said.splitlines() if leaks(line)]


SUBMIT = """
from signalq_billing.cli.bootstrap import Wiring
wiring = Wiring()
print(wiring.submitter.submit(wiring.payouts.payouts()))
"""

DEFECT = """
import sys, threading, traceback
from signalq_billing import connections
from signalq_billing.cli import main
def defect(*_):
    raise RuntimeError("a defect of ours")
connections.postgres_url = defect
sys.argv = ["signalq-billing", "-v", "status"]
main.main()
"""

TASKS = """
import datetime as dt, logging, sys, traceback
from types import SimpleNamespace
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
from signalq_billing.orchestration import bootstrap, payouts, reconcile, this_run
start = dt.datetime(2026, 11, 15, 21, tzinfo=dt.timezone.utc)
run = SimpleNamespace(conf={}, run_after=dt.datetime(2026, 11, 23, tzinfo=dt.timezone.utc))
task = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1, xcom_pull=lambda **_: None)
context = {"dag_run": run, "ti": task, "params": {}, "data_interval_start": start}
payouts.get_current_context = this_run.get_current_context = reconcile.get_current_context = lambda: context
bodies = {
    "check": lambda: payouts.check_dependencies("weekly_msk"),
    "watermark": lambda: payouts.watermark_reached("weekly_msk"),
    "extract": lambda: payouts.extract("weekly_msk"),
    "submit": lambda: payouts.submit("weekly_msk", {"label": "park-1", "park_ids": ["park-1"]}),
    "report": lambda: payouts.report("weekly_msk"),
    "reconcile": reconcile.reconcile,
    "compare": reconcile.compare,
}
for name, body in bodies.items():
    try:
        print("TASK", name, repr(body()))
    except Exception:
        print("TASK", name, traceback.format_exc())
"""


def dumped(engine: Engine) -> str:
    """Everything in the database, as pg_dump writes it."""
    program = postgres._program("pg_dump")
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run([program, "--inserts", url], check=True, capture_output=True, text=True).stdout
