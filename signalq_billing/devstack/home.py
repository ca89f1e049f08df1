"""Where one local stack lives: the directory of its data, logs and secrets, and the mark its processes carry."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MARKER = "SIGNALQ_BILLING_DEV_STACK"
DATA_VARIABLE = "SIGNALQ_BILLING_DEV_DATA"


@dataclass(frozen=True, slots=True)
class Home:
    """A data directory. Everything of a stack is below it, so removing it forgets the stack."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def ytsaurus(self) -> Path:
        return self.path / "ytsaurus"

    @property
    def billing_orders(self) -> Path:
        return self.path / "billing_orders"

    @property
    def airflow(self) -> Path:
        return self.path / "airflow"

    @property
    def config(self) -> Path:
        return self.path / "config"

    @property
    def own_dags(self) -> Path:
        return self.path / "dags"

    @property
    def supervisor(self) -> Path:
        return self.path / "supervisor"

    @property
    def memory(self) -> Path:
        return self.path / "stack.json"

    def log(self, program: str) -> Path:
        return self.path / "logs" / f"{program}.log"

    def prepare(self) -> None:
        """Make the directories; only their owner may read what has secrets in it."""
        for directory in (self.path, self.log("any").parent, self.airflow, self.supervisor):
            directory.mkdir(parents=True, exist_ok=True)
        self.supervisor.chmod(0o700)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time."""
        self.prepare()
        with (self.supervisor / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield


def locate(data: Path | None, environment: Mapping[str, str]) -> Home:
    """The stack of `data`, else of the environment, else of this checkout."""
    named = data or (Path(environment[DATA_VARIABLE]) if environment.get(DATA_VARIABLE) else PROJECT / ".devstack")
    return Home(named.expanduser().resolve())
