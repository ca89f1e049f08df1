"""The `charge` of a config: keys by model, tiers without gaps, money that is a number."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import pytest

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.charge import CHARGE_MODELS
from signalq_billing.domain.config_body import from_body, to_body
from tests.unit.adapters.config_files.writing import directory, park, problems

AT = "parks/p.yaml:6: park park-1 charge"


def told(tmp_path: Path, charge: str) -> list[str]:
    return problems(directory(tmp_path, p=park(charge=charge)))


def graduated(*tiers: str) -> str:
    return f"{{model: graduated, unit: active_day, tiers: [{', '.join(tiers)}]}}"


@pytest.mark.parametrize(
    ("charge", "problem"),
    [
        ("{unit: active_day, unit_amount: 1}", f"{AT}.model: is missing; for example `model: standard"),
        (
            "{model: graduatd, unit: active_day, tiers: [{up_to: null, unit_amount: 1}]}",
            f"{AT}.model: 'graduatd' is not known here; did you mean 'graduated'?",
        ),
        ("{model: standard, unit_amount: 1}", f"{AT}.unit: is missing; for example `unit: active_day"),
        (
            "{model: standard, unit: active_dya, unit_amount: 1}",
            f"{AT}.unit: 'active_dya' is not known here; did you mean 'active_day'?",
        ),
        ("{model: flat, amount: 1, unit: day}", f"{AT}.unit: 'day' is not known here; known are active_day, active_de"),
        ("{model: standard, unit: active_day}", f'{AT}.unit_amount: is missing; for example `unit_amount: "10.00"'),
        ("{model: standard, unit: active_day, unit_amount: null}", f"{AT}.unit_amount: is missing"),
        ("{model: flat, amount: 1, scope: fleet}", f"{AT}.scope: 'fleet' is not known here; known are device, park"),
        ("{model: flat, amount: -0.01}", f"{AT}.amount: must be at least 0, not -0.01"),
        ("{model: flat, amount: ten}", f"{AT}.amount: 'ten' is not a number; write digits and a point, such as 12.50"),
        ("{model: flat, amount: '1,5'}", f"{AT}.amount: '1,5' is not a number"),
        ("{model: flat, amount: 1_000}", f"{AT}.amount: '1_000' is not a number"),
        ("{model: flat, amount: .inf}", f"{AT}.amount: '.inf' is not a number"),
        ("{model: flat, amount: .nan}", f"{AT}.amount: '.nan' is not a number"),
        ("{model: flat, amount: 0x10}", f"{AT}.amount: '0x10' is not a number"),
        ("{model: flat, amount: 12:30}", f"{AT}.amount: '12:30' is not a number"),
        ("{model: flat, amount: '١٢'}", f"{AT}.amount: '١٢' is not a number"),
        ("{model: flat, amount: ''}", f"{AT}.amount: '' is not a number"),
        ("{model: flat, amount: [1]}", f"{AT}.amount: must be a number"),
        ("{model: flat, amount: 010}", f"{AT}.amount: 010 is unclear, YAML takes a leading zero for octal"),
        ("{model: flat, amount: 1e99}", f"{AT}.amount: must be at most 1000000000000000, not 1000"),
        (f"{{model: flat, amount: {'1' * 41}}}", f"{AT}.amount: '{'1' * 40}' is not a number"),
        (
            "{model: package, unit: active_day, package_size: 0, package_amount: 1}",
            f"{AT}.package_size: must be above 0, not 0",
        ),
        (
            "{model: package, unit: active_day, package_size: 1, package_amount: 1, free_units: -1}",
            f"{AT}.free_units: must be at least 0, not -1",
        ),
        ("{model: flat, amount: 1, tiers: []}", f"{AT}.tiers: unknown key; known are amount, model, scope, unit"),
        ("{model: graduated, unit: active_day}", f"{AT}.tiers: is missing; for example `tiers: [{{up_to: 5, "),
        (graduated(), f"{AT}.tiers: must be a list with at least one item; for example"),
        (graduated("5"), f"{AT}.tiers[0]: must be a mapping of keys to values"),
        (graduated("{up_to: 5, unit_amount: 1}", "6"), f"{AT}.tiers[1]: must be a mapping of keys to values"),
        (
            graduated("{unit_amount: 1}"),
            f"{AT}.tiers[0].up_to: is missing; for example `up_to: null` (null says that the last tier",
        ),
        (graduated("{up_to: null}"), f"{AT}.tiers[0].unit_amount: is missing"),
        (
            graduated("{up_to: null, unit_amount: 1, flat: 3}"),
            f"{AT}.tiers[0].flat: unknown key; known are flat_amount, unit_amount, up_to",
        ),
        (
            graduated("{up_to: null, unit_amount: 1, flat_amout: 3}"),
            f"{AT}.tiers[0].flat_amout: unknown key; did you mean 'flat_amount'?",
        ),
        (
            graduated("{up_to: 5, unit_amount: 1}"),
            f"{AT}.tiers[0].up_to: the last tier must have `up_to: null`, so that every quantity has a price",
        ),
        (
            graduated("{up_to: null, unit_amount: 1}", "{up_to: null, unit_amount: 1}"),
            f"{AT}.tiers[0].up_to: only the last tier has `up_to: null`",
        ),
        (
            graduated("{up_to: 5, unit_amount: 1}", "{up_to: 5, unit_amount: 1}", "{up_to: null, unit_amount: 1}"),
            f"{AT}.tiers[1].up_to: 5 must be above 5, where this tier begins",
        ),
        (
            graduated("{up_to: 0, unit_amount: 1}", "{up_to: null, unit_amount: 1}"),
            f"{AT}.tiers[0].up_to: 0 must be above 0, where this tier begins",
        ),
    ],
)
def test_a_mistake_in_a_charge_is_told_with_its_path(tmp_path: Path, charge: str, problem: str) -> None:
    [only] = told(tmp_path, charge)
    assert only.startswith(problem)


def test_a_bad_amount_does_not_hide_a_bad_order_of_tiers(tmp_path: Path) -> None:
    charge = graduated("{up_to: 5, unit_amont: 1}", "{up_to: 4, unit_amount: -1}", "{up_to: 9, unit_amount: 1}")
    assert [line.split(" charge.")[1].split(":")[0] for line in told(tmp_path, charge)] == [
        "tiers[0].unit_amont",
        "tiers[0].unit_amount",
        "tiers[1].unit_amount",
        "tiers[1].up_to",
        "tiers[2].up_to",
    ]


def test_tiers_on_lines_of_their_own_are_told_by_their_line(tmp_path: Path) -> None:
    charge = "\n  model: volume\n  unit: active_day\n  tiers:\n  - up_to: 5\n    unit_amount: 1\n  - up_to: 4\n"
    assert [line.split(" ")[0] for line in told(tmp_path, charge)] == [
        "parks/p.yaml:12:",
        "parks/p.yaml:12:",
        "parks/p.yaml:12:",
    ]


@dataclass(frozen=True, slots=True)
class Bonus:
    """A model from outside: pays `amount`, and `extra` once `after` units are reached, if it is set at all."""

    counts_units: ClassVar[bool] = True

    amount: Decimal
    after: Decimal | None
    extra: Decimal = Decimal(0)
    strict: bool = False

    def price(self, quantity: Fraction) -> Fraction:
        return Fraction(self.amount)


@pytest.mark.parametrize(
    ("keys", "model"),
    [
        ("amount: 5, after: null", Bonus(Decimal(5), None)),
        ("amount: 5, after: 2.5, extra: 1, strict: yes", Bonus(Decimal(5), Decimal("2.5"), Decimal(1), True)),
    ],
)
def test_a_new_model_needs_no_code_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str, model: Bonus
) -> None:
    monkeypatch.setitem(CHARGE_MODELS.built_ins, "bonus", Bonus)
    where = directory(tmp_path, p=park(charge=f"{{model: bonus, unit: active_hour, {keys}}}"))
    [config] = load(where).park_configs
    assert config.terms is not None
    assert config.terms.charge.model == model
    assert from_body(to_body(config)) == config


def test_a_new_model_is_checked_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHARGE_MODELS.built_ins, "bonus", Bonus)
    assert told(tmp_path, "{model: bonus, unit: active_hour, amount: -1, strict: 5, extr: 1}") == [
        f"{AT}.after: is missing",
        f"{AT}.amount: must be at least 0, not -1",
        f"{AT}.extr: unknown key; did you mean 'extra'?",
        f"{AT}.strict: must be true or false, not '5'",
    ]


def test_the_keys_of_a_model_that_is_not_there_are_not_judged_but_those_of_a_misspelt_one_are(tmp_path: Path) -> None:
    assert [line.split(": ")[1] for line in told(tmp_path, "{model: auction, unit: active_day, bid: 5}")] == [
        "park park-1 charge.model"
    ]
    assert [line.split(": ")[1] for line in told(tmp_path, "{model: standrad, unit: active_day, unit_amont: 5}")] == [
        "park park-1 charge.model",
        "park park-1 charge.unit_amont",
        "park park-1 charge.unit_amount",
    ]


def test_a_misspelt_model_hides_nothing_else_that_is_wrong_with_its_charge(tmp_path: Path) -> None:
    tiers = "[{up_to: 5, unit_amount: -1}, {up_to: 4, unit_amount: 1}]"
    assert told(tmp_path, f"{{model: gradutaed, unit: active_dya, scope: prak, tiers: {tiers}, amount: 1}}") == [
        f"{AT}.amount: unknown key; did you mean 'unit'?",
        f"{AT}.model: 'gradutaed' is not known here; did you mean 'graduated'?",
        f"{AT}.scope: 'prak' is not known here; did you mean 'park'?",
        f"{AT}.tiers[0].unit_amount: must be at least 0, not -1",
        f"{AT}.tiers[1].up_to: 4 must be above 5, where this tier begins",
        f"{AT}.tiers[1].up_to: the last tier must have `up_to: null`, so that every quantity has a price",
        f"{AT}.unit: 'active_dya' is not known here; did you mean 'active_day'?",
    ]


@dataclass(frozen=True)
class Step:
    """A row of a model's list."""

    size: Decimal


@dataclass(frozen=True)
class Picky:
    """A model from outside that takes its keys only together."""

    counts_units: ClassVar[bool] = False

    low: Decimal
    high: Decimal = Decimal(5)
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")

    def price(self, quantity: Fraction) -> Fraction:
        return Fraction(self.low)


def test_what_a_model_has_against_its_keys_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHARGE_MODELS.built_ins, "picky", Picky)
    assert told(tmp_path, "{model: picky, low: 6}") == [
        f"{AT}: its model does not take these keys together: low 6 is above high 5"
    ]


def test_a_list_with_a_default_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHARGE_MODELS.built_ins, "picky", Picky)
    assert told(tmp_path, "{model: picky, low: 1}") == []
    [config] = load(directory(tmp_path, p=park(charge="{model: picky, low: 1, steps: [{size: 2}]}"))).park_configs
    assert config.terms is not None
    assert config.terms.charge.model == Picky(Decimal(1), steps=(Step(Decimal(2)),))
    assert from_body(to_body(config)) == config
