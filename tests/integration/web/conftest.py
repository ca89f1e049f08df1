"""The page on a real database, for one who may act, with a YTsaurus that is down unless a test says otherwise."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from signalq_billing.errors import SourceUnavailable
from signalq_billing.services.explain import Explainer
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk
from tests.unit.domain.builders import WEEKLY


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    name: str = "anna"
    acts: bool = True

    def may_act_on(self, dag_id: str) -> bool:
        return self.acts and dag_id.startswith("signalq_payouts_")


@dataclass
class OneDevice:
    """An activity source that knows one device, or is down."""

    known: DeviceHistory | None = None

    def history(self, device_id: str, period: Period, clock: dt.datetime) -> DeviceHistory:
        if self.known is None:
            raise SourceUnavailable("YTsaurus: connection refused")
        return replace(self.known, device_id=device_id)


@pytest.fixture
def source() -> OneDevice:
    return OneDevice()


@pytest.fixture
def desk_of(engine: Engine, source: OneDevice) -> Callable[..., Desk]:
    """Makes what the page works with, for a person."""
    store = PostgresPayoutStore(engine)

    def make(person: Person | None = None) -> Desk:
        someone = person or Person()
        return Desk(
            access=lambda: someone,
            pages=lambda: PostgresPayoutPages(engine),
            payouts=lambda: store,
            explainer=lambda: Explainer(
                cadences={WEEKLY.name: WEEKLY},
                source=Source("//status_history", "//results"),
                activity=source,  # type: ignore[arg-type] - only its history is asked for
                payouts=store,
                configs=PostgresConfigStore(engine),
                metrics=NoMetrics(),
                now=dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC),
            ),
            cadences=lambda: {WEEKLY.name: WEEKLY},
            now=lambda: dt.datetime.now(dt.UTC),
        )

    return make


@pytest.fixture
def page(desk_of: Callable[..., Desk]) -> TestClient:
    """The page as a client of HTTP sees it."""
    return TestClient(make_app(desk_of()), raise_server_exceptions=True)
