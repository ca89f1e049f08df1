"""The environment the stack's programs, the DAGs and `dev env` share: connections as SPEC section 10 shapes them.

A connection or config directory that is named in the environment already is used as given, and nothing is started
in its place: embedded by default, real when named.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signalq_billing.devstack import airflow_settings, postgres
from signalq_billing.devstack.home import DATA_VARIABLE, MARKER, Home
from signalq_billing.devstack.local_ports import HOST
from signalq_billing.devstack.memory import Memory

DATABASE = "AIRFLOW_CONN_SIGNALQ_BILLING_DB"
DATABASE_OWNER = "AIRFLOW_CONN_SIGNALQ_BILLING_DB_OWNER"
YTSAURUS = "AIRFLOW_CONN_YTSAURUS_DEFAULT"
BILLING_ORDERS = "AIRFLOW_CONN_BILLING_ORDERS"
CONFIG = "SIGNALQ_BILLING_CONFIG"
NAMES = (DATABASE, DATABASE_OWNER, YTSAURUS, BILLING_ORDERS, CONFIG)
SERVICE_ROLE = "signalq_service"  # what the service connects as; the owner of the tables is the server's superuser
_PREFIX = "SIGNALQ_BILLING_"
# The last one: a dozen Python processes that each compile everything anew take twice as long to start.
_NOT_INHERITED = ("AIRFLOW__", "PG", f"{_PREFIX}DEV_", "PYTHONDONTWRITEBYTECODE")
_IMPATIENT = {  # nobody wants to watch a local stack wait as long as production does
    "SIGNALQ_BILLING_WATERMARK_POLL_SECONDS": "20",
    "SIGNALQ_BILLING_RETRY_DELAY_SECONDS": "10",
    "SIGNALQ_BILLING_LEASE_SECONDS": "60",
    "SIGNALQ_BILLING_WATERMARK_LAG_SECONDS": "129600",  # the sample history is fed when a period ends, once a day
}
AIRFLOW_URL = "SIGNALQ_BILLING_AIRFLOW_URL"


@dataclass(frozen=True, slots=True)
class Environment:
    """`given` came from outside and wins; `embedded` is what this stack has instead."""

    given: Mapping[str, str]
    embedded: Mapping[str, str]

    def is_given(self, name: str) -> bool:
        return bool(self.given.get(name))

    def __getitem__(self, name: str) -> str:
        return self.given.get(name) or self.embedded[name]

    @property
    def exports(self) -> dict[str, str]:
        """What a person's shell needs to work with this stack."""
        names = dict.fromkeys((*NAMES, *self.embedded, *sorted(self.given)))
        return {name: self[name] for name in names if name in self.embedded or self.is_given(name)}


def from_outside(environment: Mapping[str, str], home: Home | None = None) -> dict[str, str]:
    """Our variables among those of the caller; those about the stack itself are not for its programs, and what
    `dev env` of another stack than `home` has put there is not for this one."""
    ours = {name: value for name, value in environment.items() if name in NAMES or name.startswith(_PREFIX)}
    found = {name: value for name, value in ours.items() if value and not name.startswith(f"{_PREFIX}DEV_")}
    other = Home(Path(environment[DATA_VARIABLE]).expanduser().resolve()) if environment.get(DATA_VARIABLE) else home
    if home is None or other is None or other == home or not (other.postgres / "password").exists():
        return found
    return dict(compose(other, Memory(other.memory), found).given)


def compose(home: Home, memory: Memory, given: Mapping[str, str]) -> Environment:
    """The environment of the stack in `home`. What `dev env` of this very stack has put into the caller's shell does
    not count as given."""
    ours = {CONFIG: str(home.config), AIRFLOW_URL: airflow_settings.api_url(memory)}
    embedded = {**_connections(home, memory), **ours, **_IMPATIENT}
    own = {
        DATABASE: memory.secret("postgres-service"),
        DATABASE_OWNER: postgres.password_of(home.postgres),
        YTSAURUS: memory.secret("ytsaurus"),
        BILLING_ORDERS: memory.secret("billing-orders"),
    }
    foreign = {
        name: value
        for name, value in given.items()
        if value != embedded.get(name)
        and not (name in own and own[name] in value)
        and not (name == AIRFLOW_URL and value.startswith(f"http://{HOST}:"))
    }
    if DATABASE in foreign:  # whoever names a database names its owner, or has none
        embedded.pop(DATABASE_OWNER)
    return Environment(foreign, embedded)


def _connections(home: Home, memory: Memory) -> dict[str, str]:
    ytsaurus = {"proxy": f"http://{HOST}:{memory.port('ytsaurus')}", "token": memory.secret("ytsaurus")}
    server = {"conn_type": "postgres", "host": HOST, "port": memory.port("postgres"), "schema": "signalq_billing"}
    shapes: dict[str, dict[str, object]] = {
        DATABASE: {**server, "login": SERVICE_ROLE, "password": memory.secret("postgres-service")},
        DATABASE_OWNER: {
            **server,
            "login": postgres.SUPERUSER,
            "password": postgres.password_of(home.postgres),
        },
        YTSAURUS: {"conn_type": "ytsaurus_cluster", "extra": ytsaurus},
        BILLING_ORDERS: {
            "conn_type": "http",
            "schema": "http",
            "host": HOST,
            "port": memory.port("billing-orders"),
            "password": memory.secret("billing-orders"),
        },
    }
    return {name: json.dumps(shape) for name, shape in shapes.items()}


def for_programs(home: Home, memory: Memory, environment: Environment, caller: Mapping[str, str]) -> dict[str, str]:
    """Everything a program of the stack is started with: the caller's variables, Airflow's settings, ours, the mark."""
    local = ",".join(filter(None, (caller.get("NO_PROXY") or caller.get("no_proxy"), HOST, "localhost")))
    foreign = {name: value for name, value in caller.items() if not name.startswith(_NOT_INHERITED)}
    foreign.pop(DATABASE_OWNER, None)  # what runs is not who owns
    return {
        **foreign,
        **airflow_settings.variables(home, memory),
        **{name: value for name, value in environment.exports.items() if name != DATABASE_OWNER},
        "NO_PROXY": local,
        "no_proxy": local,
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",  # what lies in the working directory is not a module
        "SPT_NOENV": "1",  # programs that rename themselves must not overwrite the mark
        MARKER: str(home.path),
    }


def shell(variables: Mapping[str, str]) -> str:
    """`export NAME=value` lines, quoted for a POSIX shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
