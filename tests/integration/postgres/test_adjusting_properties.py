"""Whatever comes late, is corrected, paid, lost or taken back, in whatever order: the books of adjustments balance."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from signalq_billing.domain.adjustment import Step
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Created, Rejected, Unavailable, Unknown
from signalq_billing.domain.period import Period
from tests.integration.postgres.adjustments import Payer
from tests.integration.postgres.factories import WEEK, World, config

D = Decimal
PERIODS = [
    Period(WEEK.cadence, WEEK.name + dt.timedelta(days=7 * n), WEEK.end_date + dt.timedelta(days=7 * n), WEEK.timezone)
    for n in range(3)
]
PARKS = count(1)


class Late(NamedTuple):
    """The source or the config says something else of a period now: what its devices are worth."""

    period: int
    amounts: Mapping[str, int]
    order_per: OrderPer


class Run(NamedTuple):
    period: int


class Adjust(NamedTuple):
    period: int


class Pay(NamedTuple):
    """billing-orders answers everything that can be sent in this way."""

    answer: str


ANSWERS = {
    "created": Created("doc"),
    "unknown": Unknown("cut"),
    "unavailable": Unavailable("503", definite=True),
    "rejected": Rejected(422, "no"),
}
periods = st.integers(0, len(PERIODS) - 1)
amounts = st.dictionaries(st.sampled_from("abc"), st.integers(0, 900), max_size=3)
steps = st.one_of(
    st.builds(Late, periods, amounts, st.sampled_from(OrderPer)),
    st.builds(Run, periods),
    st.builds(Adjust, periods),
    st.builds(Adjust, periods),
    st.builds(Pay, st.just("created")),
    st.builds(Pay, st.sampled_from(list(ANSWERS))),
)


class Books:
    """One park, what its periods are worth now, and what has to hold after each step."""

    def __init__(self, engine: Engine) -> None:
        self.payer = Payer(World(engine), f"park-{next(PARKS)}")
        # Two versions, as the database keeps both: which of them a period is computed by is what its truth says.
        self.configs = {
            order_per: config(
                self.payer.park_id, effective_from=dt.date(2026, 1, 1 + len(order_per.value)), order_per=order_per
            )
            for order_per in OrderPer
        }
        self.payer.world.configs.apply(list(self.configs.values()), "tests")
        self.truth = [Late(n, {"a": 500, "b": 300}, OrderPer.PARK) for n in range(len(PERIODS))]

    def amounts(self, number: int) -> dict[str, str]:
        return {device: f"{minor / 100:.2f}" for device, minor in self.truth[number].amounts.items()}

    def take(self, step: Late | Run | Adjust | Pay) -> None:
        match step:
            case Late():
                self.truth[step.period] = step
            case Run(number):
                self.payer.run(self.amounts(number), **self._changes(number))
            case Adjust(number):
                self._adjust(number)
            case Pay(answer):
                self.payer.pay(ANSWERS[answer])

    def _changes(self, number: int) -> dict[str, object]:
        return {"period": PERIODS[number], "of": self.configs[self.truth[number].order_per]}

    def _adjust(self, number: int) -> None:
        done = self.payer.adjust(self.amounts(number), **self._changes(number))
        if done.step in (Step.LEFT, Step.PROBLEM):
            return
        before = self.payer.payouts()
        again = self.payer.adjust(self.amounts(number), **self._changes(number))
        assert again.step in (Step.NOTHING, Step.KEPT), again
        assert self.payer.payouts() == before
        revisions = [each for each in before if each.period_name == PERIODS[number].name]
        assert sum(each.total for each in revisions) == sum(map(D, self.amounts(number).values()), D(0))
        lines: dict[str, Decimal] = {}
        for each in revisions:
            for line in self.payer.world.payouts.lines(each.payout_id):
                lines[line.device_id] = lines.get(line.device_id, D(0)) + line.amount
        told = {device: D(amount) for device, amount in self.amounts(number).items()}
        assert {device: amount for device, amount in lines.items() if amount or device in told} == told

    def check(self) -> None:
        payouts = self.payer.payouts()
        debt = self.payer.debt()
        assert debt >= 0
        assert sum(each.due for each in payouts) - debt == sum(each.total for each in payouts)
        for each in payouts:
            assert sum(order.amount for order in each.orders) == each.due
            assert all(order.amount > 0 for order in each.orders)
            assert each.carried <= 0 <= each.due


@pytest.mark.timeout(600)
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking through a database takes longer than reading
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=6, max_size=25))
def test_revisions_sum_to_a_recompute_and_orders_and_debt_to_the_revisions(
    engine: Engine, taken: list[Late | Run | Adjust | Pay]
) -> None:
    books = Books(engine)
    for number in range(len(PERIODS)):
        books.take(Run(number))
    books.take(Pay("created"))
    for step in taken:
        books.take(step)
        books.check()
    assert books.payer.world.history_problems() == []
