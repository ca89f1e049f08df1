"""Which tests run side by side: a file never splits, and everything that shares the one real Airflow is one lane."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.postgres_fixtures"]

_HERE = Path(__file__).parent
# Longest first: the lane with the real Airflow mostly waits, the crash tests keep a core busy beside it.
_LANES = ("scenarios", "faults", "simulation")
_ONE_AIRFLOW = ("scenarios",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its lane for pytest-xdist, and begin with the long ones."""
    items.sort(key=lambda item: _rank(_room(item)))
    for item in items:
        lane = "airflow" if _room(item) in _ONE_AIRFLOW else str(item.path.relative_to(_HERE))
        item.add_marker(pytest.mark.xdist_group(lane))


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(_HERE).parts[0]


def _rank(room: str) -> int:
    return _LANES.index(room) if room in _LANES else len(_LANES)
