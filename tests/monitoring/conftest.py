"""The services that a command needs to pay a week, and the programs that judge what we ship."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders import process as billing_orders
from signalq_billing.devstack.ytsaurus.process import start
from tests.integration.ytsaurus.conftest import TOKEN, Cluster, connect
from tests.monitoring.paying import Shell, shell


@pytest.fixture
def paying(engine: Engine, tmp_path: Path) -> Iterator[Shell]:
    """A shell beside a week to be paid."""
    billing = billing_orders.start(tmp_path / "billing", "secret-token")
    ytsaurus = start(tmp_path / "yt", TOKEN)
    try:
        yield shell(engine, Cluster(ytsaurus, connect(ytsaurus)), billing, tmp_path)
    finally:
        ytsaurus.stop()
        billing.stop()
