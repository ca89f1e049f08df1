"""What the stores' tests share: a world on a database of its own."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.integration.postgres.factories import World


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    """The stores on an empty database; whatever a test did, the history must be whole afterwards."""
    made = World(engine)
    yield made
    assert made.history_problems() == []
