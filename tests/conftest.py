"""Which tests run side by side: a file never splits, and everything that shares the one real Airflow is one lane."""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.postgres_fixtures", "tests.browser_fixtures"]

_HERE = Path(__file__).parent
# Longest first: the lane with the real Airflow mostly waits, the crash tests keep a core busy beside it.
_LONG = ("scenarios", "faults", "rehearsals", "simulation")
_ONE_AIRFLOW = "tests/scenarios/"


class Lanes(LoadScopeScheduling):
    """A lane goes to one worker, in order: a file, or all that shares the real Airflow."""

    def _split_scope(self, nodeid: str) -> str:
        return _ONE_AIRFLOW if nodeid.startswith(_ONE_AIRFLOW) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    return Lanes(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones."""
    items.sort(key=lambda item: _rank(item.path.relative_to(_HERE).parts[0]))


def _rank(room: str) -> int:
    return _LONG.index(room) if room in _LONG else len(_LONG)
