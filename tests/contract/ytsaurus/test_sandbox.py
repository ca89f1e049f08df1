"""A query reaches its own tables and nothing else: by the syntax tree, by ClickHouse's mode, and by the kernel."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from yt.wrapper import YtError

from signalq_billing.devstack.ytsaurus import allowed
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from tests.contract.ytsaurus.conftest import Cluster

pytestmark = pytest.mark.usefixtures("stand_in")

# What ClickHouse itself would do, were it not for the syntax tree.
BY_TREE = [
    "SELECT * FROM file('{secret}', 'LineAsString')",
    "SELECT file('{secret}')",
    "SELECT * FROM url('file://{secret}', 'LineAsString')",
    "SELECT * FROM url('http://{proxy}/api', 'LineAsString')",
    "SELECT * FROM s3('http://{proxy}/bucket', 'LineAsString')",
    "SELECT * FROM remote('{proxy}', system.one)",
    "SELECT * FROM executable('cat {secret}', 'LineAsString', 'line String')",
    "SELECT * FROM sqlite('{secret}', 't')",
    "SELECT * FROM mysql('{proxy}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM view(SELECT * FROM file('{secret}', 'LineAsString'))",
    "SELECT 1 WHERE 1 IN (SELECT 1 FROM file('{secret}', 'LineAsString'))",
    "WITH (SELECT any(line) FROM file('{secret}', 'LineAsString')) AS x SELECT x",
    "SELECT dictGet('d', 'v', 1)",
    "EXPLAIN actions = 1 SELECT file('{secret}')",
    "EXPLAIN SYNTAX SELECT file('{secret}')",
    "EXPLAIN PLAN SELECT * FROM file('{secret}', 'LineAsString')",
    "DESCRIBE TABLE (SELECT file('{secret}') AS line)",
    "DESCRIBE TABLE file('{secret}', 'LineAsString')",
    "SELECT * FROM loop(file('{secret}', 'LineAsString')) LIMIT 1",
    "SELECT * FROM merge('', '.*')",
    "SELECT * FROM `file`('{secret}', 'LineAsString')",
    "/* */ SELECT arrayMap(x -> file(x), ['{secret}'])",
    "SELECT * FROM Python(sys)",
    "SELECT * FROM system.tables",
    "SELECT * FROM system.processes",
]
ATTEMPTS = [
    *BY_TREE[:2],
    "SELECT * FROM `{secret}`",
    "SELECT 1 INTO OUTFILE '{out}'",
    "INSERT INTO FUNCTION file('{out}', 'CSV') SELECT 1",
    "CREATE TABLE x ENGINE = File(CSV, '{secret}')",
    "CREATE DATABASE evil",
    "ATTACH TABLE x FROM '{secret}' (a String) ENGINE = File(CSV)",
    "SET readonly = 0",
    "SYSTEM SHUTDOWN",
    "SELECT 1; SELECT * FROM file('{secret}', 'LineAsString')",
    "SELECT 1 SETTINGS readonly = 0, allow_ddl = 1; DROP TABLE x",
]


@pytest.fixture(scope="module")
def trees() -> dict[str, str]:
    """Syntax trees of BY_TREE, told by ClickHouse in a process of its own."""
    script = """
import json, os, sys
import chdb
tree = lambda query: chdb.query("EXPLAIN AST " + query, "TSVRaw").bytes().decode()
print(json.dumps({query: tree(query) for query in json.load(sys.stdin)}))
sys.stdout.flush()
os._exit(0)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, input=json.dumps(BY_TREE), capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("query", BY_TREE)
def test_what_reaches_outside_is_refused_by_its_syntax_tree(query: str, trees: dict[str, str]) -> None:
    with pytest.raises(ClusterError, match="not allowed"):
        allowed.check(trees[query])


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_query_cannot_leave_its_data(cluster: Cluster, attempt: str, tmp_path: Path) -> None:
    secret, out = tmp_path / "secret.txt", tmp_path / "out.csv"
    secret.write_text("very-secret")
    with pytest.raises(YtError) as caught:
        cluster.query(attempt.format(secret=secret, out=out, proxy=cluster.proxy))
    assert "very-secret" not in str(caught.value)
    assert not out.exists()


def test_a_query_sees_no_table_it_does_not_name(cluster: Cluster) -> None:
    mine = cluster.table("mine", [{"a": 1}], [{"name": "a", "type": "int64"}])
    cluster.table("other", [{"a": 2}], [{"name": "a", "type": "int64"}])
    assert cluster.query(f'SELECT * FROM "{mine}"') == [{"a": 1}]
    with pytest.raises(YtError):
        cluster.query(f"SELECT * FROM \"{mine}\" UNION ALL SELECT * FROM file('../*/in-0/*.parquet')")


def test_the_kernel_keeps_a_worker_in_its_directory(tmp_path: Path) -> None:
    """The other walls taken away: what is left still holds."""
    own, secret = tmp_path / "own", tmp_path / "secret.txt"
    own.mkdir()
    secret.write_text("very-secret")
    script = f"""
import socket, sys
from pathlib import Path
from signalq_billing.devstack.ytsaurus import sandbox
listener = socket.create_server(("127.0.0.1", 0))
if not sandbox.confine([Path({str(own)!r})], [Path(sys.prefix)]):
    print("no landlock"); sys.exit()
Path({str(own / "mine")!r}).write_text("x")
for attempt in (
    lambda: Path({str(secret)!r}).read_text(),
    lambda: Path({str(tmp_path / "new")!r}).write_text("x"),
    lambda: list(Path("/etc").iterdir()),
    lambda: (Path({str(own)!r}) / "link").symlink_to({str(secret)!r}) or (Path({str(own)!r}) / "link").read_text(),
    lambda: socket.create_connection(listener.getsockname(), timeout=2),
):
    try:
        print("GOT", attempt())
    except PermissionError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    if "no landlock" in done.stdout:
        pytest.skip("this kernel has no Landlock")
    assert done.stdout.split() == ["refused"] * 5
    assert (own / "mine").exists()


def test_the_kernel_holds_when_clickhouse_itself_would_read(tmp_path: Path) -> None:
    """chdb loaded inside the sandbox, nothing else in the way."""
    own, secret = tmp_path / "own", tmp_path / "secret.txt"
    own.mkdir()
    secret.write_text("very-secret")
    script = f"""
import sys, os
from pathlib import Path
os.environ["TMPDIR"] = {str(own)!r}
from signalq_billing.devstack.ytsaurus import sandbox, worker
if not sandbox.confine([Path({str(own)!r})], (*worker.LIBRARIES, *worker.SYSTEM)):
    print("no landlock"); sys.exit()
import chdb
try:
    print(chdb.query("SELECT file('{secret}')"))
except Exception as error:
    print("refused" if "ermission" in str(error) or "denied" in str(error) else error)
sys.stdout.flush()
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=own)
    if "no landlock" in done.stdout:
        pytest.skip("this kernel has no Landlock")
    assert "very-secret" not in done.stdout + done.stderr
    assert "refused" in done.stdout


def _worker_alone(directory: Path, query: str, without: str) -> str:
    """The error of a query whose worker lacks some of its walls; empty if there is none."""
    directory.mkdir()
    script = f"""
import io, json, sys
from signalq_billing.devstack.ytsaurus import allowed, sandbox, worker
from signalq_billing.devstack.ytsaurus.job import Job
{without}
sys.argv = ["worker", {str(directory)!r}]
job = Job({query!r}, [], {{}}, "uint64", row_limit=10)
sys.stdin = io.StringIO(json.dumps(job.as_json()) + "\\n")
worker._end_with_the_cluster = lambda: None
worker.main()
"""
    environment = {"TMPDIR": str(directory), "PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=directory, env=environment
    )
    return str(json.loads(done.stdout.splitlines()[-1])["error"])


NO_KERNEL = "sandbox.confine = lambda *_: True"


def test_clickhouses_mode_holds_without_the_other_walls(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("very-secret")
    query = f"SELECT * FROM file('{secret}', 'LineAsString')"
    error = _worker_alone(tmp_path / "own", query, f"{NO_KERNEL}; allowed.check = lambda tree: None")
    assert "READONLY" in error


def test_the_syntax_tree_holds_without_the_other_walls(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("very-secret")
    assert "not allowed" in _worker_alone(tmp_path / "own", f"SELECT file('{secret}')", NO_KERNEL)


@pytest.mark.parametrize("name", sorted({"numbers", "values", "zeros"} & allowed.TABLE_FUNCTIONS))
def test_harmless_table_functions_may_be_used(name: str) -> None:
    allowed.check(f"SelectQuery (children 1)\n TableExpression (children 1)\n  Function {name} (children 1)")


def test_a_table_function_that_is_not_known_to_be_harmless_is_refused() -> None:
    with pytest.raises(ClusterError, match="azureBlobStorage"):
        allowed.check(
            "SelectQuery (children 1)\n TableExpression (children 1)\n  Function azureBlobStorage (children 1)"
        )
