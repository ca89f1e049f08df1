"""A place for packages of others, gone after the test, imports and all."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that packages can be installed to."""
    where = tmp_path / "site"
    where.mkdir()
    monkeypatch.syspath_prepend(where)
    before = set(sys.modules)
    yield where
    for name in set(sys.modules) - before:
        if name.startswith("signalq_extra"):
            del sys.modules[name]
