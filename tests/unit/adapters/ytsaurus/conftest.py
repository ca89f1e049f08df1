"""One embedded engine for all tests of this directory: it takes a second to start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.adapters.ytsaurus.warehouse import Warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    directory: Path = tmp_path_factory.mktemp("warehouse")
    engine = Warehouse(directory)
    yield engine
    engine.close()
