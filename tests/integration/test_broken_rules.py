"""A charge model or unit that is missing or broken: its park waits and says why, the others are paid."""

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.activity import ActivitySnapshot, BadRows, ParkActivity
from signalq_billing.domain.charge import CHARGE_MODELS
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import StoreResult
from signalq_billing.domain.units import UNITS
from signalq_billing.errors import UsageError
from signalq_billing.ports import StoredPayout
from signalq_billing.services.compute import compute_and_store, payouts_of
from signalq_billing.services.extract import request_for
from tests.unit.domain.builders import config, device, period


@dataclasses.dataclass(frozen=True)
class Auction:
    """A model of another package, as broken as `answer` is."""

    counts_units: ClassVar[bool] = True

    answer: Callable[[], object]

    def price(self, quantity: Fraction) -> Fraction:
        return self.answer()  # type: ignore[return-value]


class Extracted:
    """The result of an extraction: every park has one camera with three active days."""

    def __init__(self, parks: list[str]) -> None:
        self.parks = sorted(parks, key=str.encode)

    def read(self, result_table: str, of: Period) -> Iterator[ParkActivity]:
        return iter([ParkActivity(park, (device(days=3),)) for park in self.parks])


def compute(engine: Engine, configs: list[ParkConfig]) -> list[StoredPayout]:
    digest = request_for(period(), configs, period().end).rules_digest
    snapshot = ActivitySnapshot(period(), "//result", period().end, 3, BadRows(), period().end, "", digest)
    store, extracted = PostgresPayoutStore(engine), Extracted([each.park_id for each in configs])
    with pytest.raises(UsageError, match="park b"):
        list(payouts_of(snapshot, configs, extracted))  # type: ignore[arg-type]
    snapshot_id = store.save_snapshot(snapshot, "test")
    return compute_and_store(
        snapshot, snapshot_id, configs, activity=extracted, payouts=store, actor="test"  # type: ignore[arg-type]
    )  # fmt: skip


def paid_without_b(stored: list[StoredPayout]) -> str:
    """That parks a and c have a payout and b has none; returns what is said of b."""
    results = {each.park_id: each for each in stored}
    assert {results[park].result for park in "ac"} == {StoreResult.STORED}
    assert (results["b"].result, results["b"].order_count) == (StoreResult.NOT_COMPUTED, 0)
    return results["b"].problem


def with_model(model: object, park_id: str = "b") -> ParkConfig:
    return config(model, park_id=park_id)  # type: ignore[arg-type]


@pytest.mark.parametrize("registry", [CHARGE_MODELS, UNITS])
def test_a_park_whose_package_is_gone_waits_and_the_others_are_paid(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, registry: dict[str, object]
) -> None:
    with monkeypatch.context() as installed:
        installed.setitem(CHARGE_MODELS.built_ins, "auction", Paced)
        installed.setitem(UNITS.built_ins, "wheel_turn", UNITS["active_day"])
        applied = [config(park_id="a"), with_model(Paced(Decimal(1))), config(park_id="c")]
        if registry is UNITS:
            applied[1] = config(park_id="b", unit="wheel_turn")
        PostgresConfigStore(engine).apply(applied, "test")
    told = paid_without_b(compute(engine, PostgresConfigStore(engine).current()))
    name = "unit 'wheel_turn'" if registry is UNITS else "charge model 'auction'"
    assert told.startswith(f"park b, {period()}: ")
    assert f"there is no {name}: correct the name, or install the package that offers it" in told
    assert PostgresConfigStore(engine).apply(PostgresConfigStore(engine).current(), "test")["unchanged"] == 3


@dataclasses.dataclass(frozen=True)
class Paced:
    """A model of another package that works."""

    counts_units: ClassVar[bool] = True

    unit_amount: Decimal

    def price(self, quantity: Fraction) -> Fraction:
        return quantity


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: 1 / 0, "failed to price 3 units (ZeroDivisionError: division by zero)"),
        (lambda: 0.5, "priced 3 units at 0.5: a price must be a Fraction that is not negative"),
        (lambda: Decimal(5), "priced 3 units at Decimal('5'): a price must be a Fraction"),
        (lambda: Fraction(-1), "priced 3 units at Fraction(-1, 1)"),
        (lambda: True, "priced 3 units at True"),
        (lambda: None, "priced 3 units at None"),
    ],
)
def test_a_model_that_breaks_its_word_stops_only_its_own_park(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object], told: str
) -> None:
    plain = [config(park_id="a"), config(park_id="b"), config(park_id="c")]
    PostgresConfigStore(engine).apply(plain, "test")
    problem = paid_without_b(compute(engine, [plain[0], with_model(Auction(answer)), plain[2]]))
    assert problem.startswith(f"park b, {period()}: the charge model Auction of {__name__} {told}")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: 1 / 0, "failed to count device cam-1 (ZeroDivisionError: division by zero)"),
        (lambda: 1.0, "counted 1.0 for device cam-1: a quantity must be a Fraction that is not negative"),
        (lambda: -1, "counted -1 for device cam-1"),
        (lambda: True, "counted True for device cam-1"),
    ],
)
def test_a_unit_that_breaks_its_word_stops_only_its_own_park(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object], told: str
) -> None:
    def wheel_turn(device: object, rules: object, eligible: bool) -> object:
        return answer()

    monkeypatch.setitem(UNITS.built_ins, "wheel_turn", wheel_turn)  # type: ignore[arg-type]
    configs = [config(park_id="a"), config(park_id="b", unit="wheel_turn"), config(park_id="c")]
    PostgresConfigStore(engine).apply(configs, "test")
    problem = paid_without_b(compute(engine, configs))
    assert problem.startswith(f"park b, {period()}: the unit ")
    assert told in problem
