"""An operator's desk: the week of one park, paid through a real billing-orders, and what they do next."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.adjustment import Adjusted
from signalq_billing.domain.config import Limits, ParkConfig
from signalq_billing.domain.period import Period
from signalq_billing.services.adjust import Adjuster, PeriodAdjusted
from tests.integration.payments import submitter
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.paid_week import NOW, WEEK, WEEKLY, PaidWeek, at, config, event

D = Decimal
LATE = [event("cam-good", "online", at(21, "10:00")), event("cam-good", "offline", at(21, "11:00"))]


class Desk(PaidWeek):
    """The week of one park, paid through a real billing-orders; what an operator does about it afterwards."""

    billing: BillingOrdersProcess

    def adjuster(self) -> Adjuster:
        return Adjuster(
            cadences={WEEKLY.name: WEEKLY},
            source=self.source,
            activity=self.cluster.adapter(bad_row_share=self.source.bad_row_share),
            payouts=self.payouts,
            adjustments=PostgresAdjustments(self.engine),
            configs=self.configs,
            billing=connect(self.billing.base_url, self.billing.token, 5.0),
            submitter=submitter(self.engine, self.billing),
            metrics=NoMetrics(),
            actor="adjust",
            announce=lambda _: None,
        )

    def send(self) -> None:
        submitter(self.engine, self.billing).submit(self.payouts.payouts())

    def adjusts(self, period: Period = WEEK, *parks: str, **options: Any) -> PeriodAdjusted:  # noqa: ANN401
        done = self.adjuster().adjust(period, parks, now=NOW, **options)
        assert self.cluster.left_over() == []
        return done

    def adjusts_one(self, **options: Any) -> Adjusted:  # noqa: ANN401
        (park,) = self.adjusts(**options).parks
        return park

    def amounts(self) -> list[tuple[int, str, str]]:
        """(revision, amount, carried) of every order that billing-orders has."""
        payloads = [order["payload"] for order in self.billing.books()["orders"]]
        return [(each["revision"], each["amount"], each["carried"]) for each in payloads]

    def applies(self, changed: ParkConfig) -> None:
        self.configs.apply([changed], "ada@ops")


def paid_desk(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    """35.50 RUB for cam-good, created."""
    made = Desk(engine, cluster, config(limits=Limits()))
    made.billing = billing
    made.pay()
    made.send()
    return made


def rejected_desk(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    """A week that billing-orders refused to pay."""
    made = Desk(engine, cluster, config(limits=Limits()))
    made.billing = billing
    made.pay()
    billing.faults.fail(422)
    made.send()
    billing.faults.clear()
    (payout,) = made.payouts.payouts()
    assert payout.hold_reason
    return made
