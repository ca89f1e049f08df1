"""A week of one park with a camera for every way to earn something or nothing, computed and stored for real."""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Graduated, Tier
from signalq_billing.domain.config import Charge, Limits, ParkConfig, PayTerms, Scope
from signalq_billing.domain.period import Cadence, Every, Period
from signalq_billing.domain.source import Source
from signalq_billing.services.compute import compute_and_store
from signalq_billing.services.explain import Explainer, Explanation
from signalq_billing.services.extract import extract_and_save
from signalq_billing.services.verify import Verification, verify
from tests.integration.ytsaurus.conftest import Cluster

MOSCOW = dt.timezone(dt.timedelta(hours=3))
WEEKLY = Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
WEEK: Period = WEEKLY.starting(dt.date(2026, 11, 16))
NOW = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
PARK = "park-7f3a"


def at(day: int, time: str) -> dt.datetime:
    """A time of Moscow in November 2026."""
    return dt.datetime.combine(dt.date(2026, 11, day), dt.time.fromisoformat(time), MOSCOW)


def event(device_id: str, status: str, when: dt.datetime, park_id: str = PARK) -> dict[str, Any]:
    micros = (when - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    return {"park_id": park_id, "device_id": device_id, "status": status, "status_at": micros}


EVENTS = [
    event("cam-good", "online", at(15, "23:30")),
    event("cam-good", "offline", at(16, "01:00:00.250000")),
    event("cam-good", "online", at(16, "08:00")),
    event("cam-good", "online", at(16, "08:00")),  # a repeated row
    event("cam-good", "online", at(16, "09:00"), "park-other"),
    event("cam-good", "online", at(17, "10:00")),
    event("cam-good", "busy", at(17, "10:00")),  # earlier in the order than online: it stands for no time
    event("cam-good", "offline", at(17, "11:30")),
    event("cam-good", "online", at(18, "22:30")),
    event("cam-good", "offline", at(19, "12:00")),
    event("cam-lazy", "online", at(17, "10:00")),
    event("cam-lazy", "offline", at(17, "11:30")),
    event("cam-lazy", "online", at(18, "10:00")),
    event("cam-lazy", "offline", at(18, "10:10")),
    event("cam-mute", "online", at(15, "20:00")),
    event("cam-elsewhere", "online", at(17, "12:00"), "park-other"),
    event("cam-later", "online", at(23, "00:00")),
    event("cam-broken", "", at(18, "12:00")),
    event("cam-gone", "online", dt.datetime(2026, 10, 1, 12, tzinfo=MOSCOW)),
    event("cam-clock", "online", at(23, "04:30"), "park-other"),
]


def config(**changes: Any) -> ParkConfig:  # noqa: ANN401
    terms = PayTerms(
        currency="RUB",
        activity=ActivityRules(("online",), min_active_seconds_per_day=3600, max_silence_seconds=7200),
        charge=Charge(
            Graduated((Tier(Decimal(2), Decimal("10")), Tier(None, Decimal("12.50"), Decimal("3")))),
            "active_day",
            Scope.DEVICE,
        ),
        min_active_days=2,
        limits=Limits(device_max=Decimal(30), park_max=Decimal("29.99")),
    )
    return ParkConfig(PARK, dt.date(2026, 1, 1), WEEKLY.name, replace(terms, **changes))


@dataclass
class PaidWeek:
    """The parts of the product that pay and explain, on a real database and a real client."""

    engine: Engine
    cluster: Cluster
    config: ParkConfig = field(default_factory=config)

    def __post_init__(self) -> None:
        self.payouts = PostgresPayoutStore(self.engine)
        self.configs = PostgresConfigStore(self.engine)
        self.configs.apply([self.config], "ada@ops")
        self.cluster.status_history(EVENTS)

    @property
    def source(self) -> Source:
        return replace(self.cluster.source, bad_row_share=self.cluster.source.bad_row_share * 100)

    def pay(self) -> None:
        """Compute and store, as a run does; nothing is sent."""
        activity = self.cluster.adapter(bad_row_share=self.source.bad_row_share)
        snapshot_id = extract_and_save(
            WEEK, [self.config], source=self.source, activity=activity, payouts=self.payouts,
            metrics=NoMetrics(), now=NOW, actor="run",
        )  # fmt: skip
        compute_and_store(
            self.payouts.snapshot(snapshot_id), snapshot_id, [self.config],
            activity=activity, payouts=self.payouts, actor="run",
        )  # fmt: skip
        activity.discard(self.payouts.snapshot(snapshot_id).result_table)

    def add(self, *events: dict[str, Any]) -> None:
        """Rows that come late."""
        self.cluster.client.write_table(self.cluster.client.TablePath(self.source.table, append=True), events)

    def explain(self, device_id: str, park_id: str = PARK, **options: Any) -> Explanation:  # noqa: ANN401
        explainer = Explainer(
            cadences={WEEKLY.name: WEEKLY}, source=self.source, activity=self.cluster.adapter(),
            payouts=self.payouts, configs=self.configs, metrics=NoMetrics(), now=NOW,
        )  # fmt: skip
        return explainer.explain(park_id, device_id, WEEK.name, **options)

    def verify(self, *parks: str) -> Verification:
        return verify(
            WEEK.cadence, WEEK.name, parks, source=self.source, activity=self.cluster.adapter(),
            payouts=self.payouts, metrics=NoMetrics(), now=NOW,
        )  # fmt: skip
