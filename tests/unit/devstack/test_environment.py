import json
import shlex
from pathlib import Path

import pytest

from signalq_billing.connections import from_environment, http_base_url, postgres_url, ytsaurus_settings
from signalq_billing.devstack import environment as env
from signalq_billing.devstack.environment import Environment
from signalq_billing.devstack.home import MARKER, Home
from signalq_billing.devstack.memory import Memory
from signalq_billing.devstack.programs import AIRFLOW, embedded


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.prepare()
    return made


@pytest.fixture
def memory(home: Home) -> Memory:
    return Memory(home.memory)


def composed(home: Home, memory: Memory, **given: str) -> Environment:
    return env.compose(home, memory, given)


def test_connections_of_the_stack_are_read_as_the_service_reads_them(home: Home, memory: Memory) -> None:
    exports = composed(home, memory).exports
    database = from_environment("signalq_billing_db", exports)
    ytsaurus = from_environment("ytsaurus_default", exports)
    billing = from_environment("billing_orders", exports)
    assert database
    assert ytsaurus
    assert billing
    assert postgres_url(database).endswith(f"@127.0.0.1:{memory.port('postgres')}/signalq_billing")
    assert ytsaurus_settings(ytsaurus)[:2] == (f"http://127.0.0.1:{memory.port('ytsaurus')}", memory.secret("ytsaurus"))
    assert http_base_url(billing) == f"http://127.0.0.1:{memory.port('billing-orders')}"
    assert billing.password == memory.secret("billing-orders")


@pytest.mark.parametrize(("variable", "program"), [(env.YTSAURUS, "ytsaurus"), (env.BILLING_ORDERS, "billing-orders")])
def test_what_is_named_is_used_and_nothing_started_for_it(
    home: Home, memory: Memory, variable: str, program: str
) -> None:
    named = composed(home, memory, **{variable: "http://elsewhere:80"})
    assert named[variable] == "http://elsewhere:80"
    assert program not in {each.name for each in embedded(home, memory, named)}
    assert program in {each.name for each in embedded(home, memory, composed(home, memory))}


def test_a_named_database_leaves_postgresql_to_airflow_alone(home: Home, memory: Memory) -> None:
    named = composed(home, memory, **{env.DATABASE: "postgres://elsewhere/db"})
    assert "postgres" in {each.name for each in embedded(home, memory, named)}
    assert "postgres" not in {each.name for each in embedded(home, memory, named, airflow=False)}


def test_a_named_config_directory_is_used(home: Home, memory: Memory) -> None:
    assert composed(home, memory, SIGNALQ_BILLING_CONFIG="/etc/parks")[env.CONFIG] == "/etc/parks"
    assert composed(home, memory)[env.CONFIG] == str(home.config)


def test_a_shell_that_took_the_exports_starts_the_same_stack(home: Home, memory: Memory) -> None:
    exports = composed(home, memory).exports
    again = env.compose(home, memory, env.from_outside(exports))
    assert again.given == {}


def test_a_shell_that_took_the_exports_of_another_stack_starts_one_of_its_own(home: Home, memory: Memory) -> None:
    other = Home(home.path.parent / f"{home.path.name} other")
    other.prepare()
    theirs = composed(other, Memory(other.memory), SIGNALQ_BILLING_TASK_RETRIES="1").exports
    shell = {**theirs, "SIGNALQ_BILLING_DEV_DATA": str(other.path)}
    assert env.from_outside(shell, home) == {"SIGNALQ_BILLING_TASK_RETRIES": "1"}
    assert env.compose(home, memory, env.from_outside(shell, home))[env.CONFIG] == str(home.config)


def test_exports_from_before_a_port_moved_do_not_count_as_given(home: Home, memory: Memory) -> None:
    before = composed(home, memory).exports
    for name in ("ytsaurus", "postgres", "billing-orders"):
        memory.put(f"port.{name}", str(memory.port(name) + 1))
    assert env.compose(home, memory, env.from_outside(before)).given == {}


def test_settings_of_the_caller_win_and_are_exported(home: Home, memory: Memory) -> None:
    caller = {"SIGNALQ_BILLING_LEASE_SECONDS": "7", "SIGNALQ_BILLING_DEV_DATA": "/x", "HOME": "/root"}
    given = env.from_outside(caller)
    assert given == {"SIGNALQ_BILLING_LEASE_SECONDS": "7"}
    assert env.compose(home, memory, given).exports["SIGNALQ_BILLING_LEASE_SECONDS"] == "7"


def test_exports_survive_a_shell(home: Home, memory: Memory) -> None:
    exports = composed(home, memory, SIGNALQ_BILLING_CONFIG="/it's a $place").exports
    words = [shlex.split(line) for line in env.shell(exports).splitlines()]
    assert {word[1].partition("=")[0]: word[1].partition("=")[2] for word in words} == exports


def test_programs_see_the_stacks_airflow_and_no_other(home: Home, memory: Memory) -> None:
    caller = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "PGHOST": "elsewhere", "PATH": "/bin", "NO_PROXY": "a.b"}
    caller |= {"SIGNALQ_BILLING_DEV_DATA": "/x", "PYTHONDONTWRITEBYTECODE": "1"}
    seen = env.for_programs(home, memory, composed(home, memory), caller)
    assert seen["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert seen["AIRFLOW_HOME"] == str(home.airflow)
    assert not {"PGHOST", "SIGNALQ_BILLING_DEV_DATA", "PYTHONDONTWRITEBYTECODE"} & set(seen)
    assert seen["PATH"] == "/bin"
    assert set(seen["NO_PROXY"].split(",")) == {"a.b", "127.0.0.1", "localhost"}
    assert seen[MARKER] == str(home.path)


def test_airflow_is_four_programs_or_none(home: Home, memory: Memory) -> None:
    with_it = {each.name for each in embedded(home, memory, composed(home, memory))}
    without = {each.name for each in embedded(home, memory, composed(home, memory), airflow=False)}
    assert with_it - without == set(AIRFLOW)


def test_everything_listens_on_this_machine_alone(home: Home, memory: Memory) -> None:
    seen = env.for_programs(home, memory, composed(home, memory), {})
    assert seen["AIRFLOW__API__HOST"] == "127.0.0.1"
    for name in (env.DATABASE, env.BILLING_ORDERS):
        assert json.loads(seen[name])["host"] == "127.0.0.1"


def test_programs_run_as_the_services_role_and_only_a_person_gets_the_owners_connection(
    home: Home, memory: Memory
) -> None:
    here = composed(home, memory)
    seen = env.for_programs(home, memory, here, {})
    service, owner = (
        from_environment(name, here.exports) for name in ("signalq_billing_db", "signalq_billing_db_owner")
    )
    assert service
    assert owner
    assert (service.login, owner.login) == ("signalq_service", "postgres")
    assert env.DATABASE_OWNER not in seen
    assert env.DATABASE_OWNER not in env.for_programs(home, memory, here, here.exports)
    assert owner.password
    assert not [name for name, value in seen.items() if name.startswith("AIRFLOW_CONN") and owner.password in value]


def test_a_named_database_has_no_owner_of_ours(home: Home, memory: Memory) -> None:
    named = composed(home, memory, **{env.DATABASE: "postgres://elsewhere/db"})
    assert env.DATABASE_OWNER not in named.exports
    owner = {env.DATABASE_OWNER: "postgres://owner@elsewhere/db"}
    assert composed(home, memory, **{env.DATABASE: "postgres://elsewhere/db"}, **owner).exports[env.DATABASE_OWNER]
