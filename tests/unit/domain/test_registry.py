"""The registries of charge models and units, with packages outside this repo that are really there."""

import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import CHARGE_MODELS, ChargeModel, Flat, Standard
from signalq_billing.domain.charge.accepted import as_charge_model
from signalq_billing.domain.registry import NotOffered, Registry
from signalq_billing.domain.units import UNITS, Unit
from signalq_billing.domain.units.unit import as_unit
from signalq_billing.errors import UsageError
from tests.unit.domain.builders import device
from tests.unit.domain.outside_package import FULL_DAY, MODULE, STEPPED, install

TOLD = f"signalq-extra 1.0 (entry point '{STEPPED}')"


def models() -> Registry[type[ChargeModel]]:
    """The registry of charge models as a new process has it."""
    return Registry(CHARGE_MODELS.kind, CHARGE_MODELS.group, CHARGE_MODELS.built_ins, as_charge_model)


def units() -> Registry[Unit]:
    return Registry(UNITS.kind, UNITS.group, UNITS.built_ins, as_unit)


def test_a_model_and_a_unit_of_another_package_are_there_like_our_own(site: Path) -> None:
    install(site, models=STEPPED, units=FULL_DAY)
    known = models()
    kind = known["stepped"]
    model = kind(step=Decimal(5), step_amount=Decimal(7))  # type: ignore[call-arg]
    assert model.price(Fraction(11)) == 21
    assert list(known) == [*CHARGE_MODELS.built_ins, "stepped"]
    assert len(known) == len(CHARGE_MODELS.built_ins) + 1
    assert "stepped" in known
    assert known.name_of(kind) == "stepped"
    assert models().name_of(kind) == "stepped"
    assert units()["full_day"](device(days=2, seconds=86_400), ActivityRules(("online",)), True) == 2


def test_origin_tells_the_package_and_its_version_and_nothing_for_our_own(site: Path) -> None:
    install(site, version="2.1.post3", models=STEPPED)
    assert models().origin("stepped") == "signalq-extra 2.1.post3"
    assert "signalq_extra" not in sys.modules
    assert [models().origin(name) for name in CHARGE_MODELS.built_ins] == [""] * 5


def test_a_name_that_nobody_offers_is_no_name() -> None:
    assert "auction" not in models()
    assert models().get("auction") is None
    with pytest.raises(NotOffered, match=r"^there is no charge model 'auction': correct the name, or install the pack"):
        models()["auction"]


def test_each_package_is_imported_only_when_its_name_is_used(site: Path) -> None:
    install(site, models=STEPPED)
    install(site, "signalq-extra-two", models="other = signalq_extra_two:Stepped")
    known = models()
    assert {"other", "stepped"} < set(known)
    assert known["other"].__name__ == "Stepped"
    assert {name for name in sys.modules if name.startswith("signalq_extra")} == {"signalq_extra_two"}


BREAKS = {
    "cannot be imported": (
        "import no_such_module_anywhere",
        f"the charge model 'stepped' of {TOLD} cannot be imported (ModuleNotFoundError: No module named "
        "'no_such_module_anywhere'): install the package anew, or a version that fits",
    ),
    "gives up": (
        "raise SystemExit('licence expired')",
        f"the charge model 'stepped' of {TOLD} cannot be imported (SystemExit: licence expired): install the package",
    ),
    "lacks the name": (
        "x = 1",
        f"the charge model 'stepped' of {TOLD} cannot be imported (AttributeError: module 'signalq_extra' has no",
    ),
    "a function": (
        "def Stepped(quantity): return 0",
        f"what {TOLD} offers as the charge model 'stepped' is not one: it must be a class decorated with "
        "@dataclass(frozen=True). Install a version of the package that is right",
    ),
    "an instance": (MODULE + "Stepped = Stepped(Decimal(1), Decimal(1))", "it must be a class decorated with"),
    "not frozen": (MODULE.replace("(frozen=True)", ""), "it must be a class decorated with @dataclass(frozen=True)"),
    "no counts_units": (
        MODULE.replace("counts_units: ClassVar[bool] = True", ""),
        "it must say `counts_units: ClassVar[bool] = True`, or False for a model without a unit",
    ),
    "counts_units a field": (
        MODULE.replace("counts_units: ClassVar[bool] = True", "").replace(
            "step_amount: Decimal", "step_amount: Decimal\n    counts_units: bool = True"
        ),
        "it must say `counts_units: ClassVar[bool] = True`",
    ),
    "no price": (MODULE.replace("def price", "def cost"), "it must have a method `price(self, quantity: Fraction)"),
    "a price of nothing": (
        MODULE.replace(", quantity: Fraction", ""),
        "it must have a method `price(self, quantity: F",
    ),
    "a float": (
        MODULE.replace("step_amount: Decimal", "step_amount: float"),
        "it has a field `step_amount` of a kind no config can hold; a field can be Decimal, int, str, bool, one of th",
    ),
    "a list": (MODULE.replace("step_amount: Decimal", "step_amount: list[Decimal]"), "it has a field `step_amount` of"),
    "a tuple of numbers": (
        MODULE.replace("step_amount: Decimal", "step_amount: tuple[Decimal, ...]"),
        "`step_amount` of",
    ),
    "a pair": (
        MODULE.replace("step_amount: Decimal", "step_amount: tuple[Decimal, Decimal]"),
        "`step_amount` of a kind",
    ),
    "a pair of its own": (
        MODULE.replace("step_amount: Decimal", "step_amount: 'tuple[Stepped, Stepped]'"),
        "`step_amount` of a kind no config can hold",
    ),
    "one of two": (MODULE.replace("step_amount: Decimal", "step_amount: Decimal | str"), "`step_amount` of a kind"),
    "a taken name": (
        MODULE.replace("step_amount: Decimal", "unit: str"),
        "it has a field `unit`: that key of `charge`",
    ),
    "unknown annotations": (
        MODULE.replace("step_amount: Decimal", "step_amount: 'Money'"),
        "it has annotations that cannot be read (NameError: name 'Money' is not defined)",
    ),
    "inner floats": (
        MODULE.replace(
            "@dataclass(frozen=True)\nclass Stepped",
            "@dataclass(frozen=True)\nclass Step:\n    size: float\n\n\n@dataclass(frozen=True)\nclass Stepped",
        ).replace("step_amount: Decimal", "steps: tuple[Step, ...]"),
        "it has a field `steps.size` of a kind no config can hold",
    ),
}


@pytest.mark.parametrize(("module", "told"), BREAKS.values(), ids=BREAKS)
def test_a_broken_model_is_told_with_its_package_and_breaks_nothing_else(site: Path, module: str, told: str) -> None:
    install(site, module=module, models=STEPPED)
    install(site, "signalq-extra-two", models="other = signalq_extra_two:Stepped")
    known = models()
    for _ in range(2):
        with pytest.raises(UsageError) as caught:
            known["stepped"]
        assert told in str(caught.value)
        assert TOLD in str(caught.value)
    assert known["standard"] is Standard
    assert known.name_of(Flat) == "flat"
    assert known.name_of(known["other"]) == "other"
    known.verify("standard")
    known.verify("other")
    with pytest.raises(UsageError, match="stepped"):
        known.verify("stepped")


@pytest.mark.parametrize(
    "fields",
    [
        "a: Decimal",
        "a: Decimal | None",
        "a: Optional[Decimal] = None",
        "a: int\n    b: str\n    c: bool = False",
        "steps: tuple[Step, ...]",
        "steps: tuple[Step, ...] = ()",
        "steps: 'tuple[Step, ...]'",
    ],
)
def test_whatever_config_files_can_hold_can_be_a_field(site: Path, fields: str) -> None:
    install(
        site,
        module=f"""
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Optional

@dataclass(frozen=True)
class Step:
    size: Decimal
    inner: "tuple[Step, ...]" = ()

@dataclass(frozen=True, slots=True)
class Stepped:
    counts_units: ClassVar[bool] = False
    {fields}

    def price(self, quantity): return 0
""",
        models=STEPPED,
    )
    models().verify("stepped")


@pytest.mark.parametrize("module", ["full_day = 5", "class full_day: pass", "def full_day(device): return 1"])
def test_a_thing_that_is_not_a_unit_is_told(site: Path, module: str) -> None:
    install(site, module=module, units=FULL_DAY)
    with pytest.raises(
        UsageError, match=r"signalq-extra 1.0 .* as the unit 'full_day' is not one: it must be a function"
    ):
        units()["full_day"]


def test_two_packages_offering_one_name_are_both_named(site: Path) -> None:
    install(site, models=STEPPED)
    install(
        site, "signalq-extra-two", "3.0", models="stepped = signalq_extra_two:Stepped\nfine = signalq_extra_two:Stepped"
    )
    known = models()
    with pytest.raises(UsageError) as caught:
        known["stepped"]
    assert str(caught.value) == (
        f"the charge model 'stepped' is offered more than once, by {TOLD} and signalq-extra-two 3.0 "
        "(entry point 'stepped = signalq_extra_two:Stepped'): uninstall all but one"
    )
    assert known.origin("stepped") == "signalq-extra 1.0, signalq-extra-two 3.0"
    known.verify("fine")


def test_a_built_in_name_stays_ours_and_the_check_tells_who_else_wants_it(site: Path) -> None:
    install(site, models="standard = signalq_extra:Stepped", units="active_day = signalq_extra:full_day")
    known = models()
    assert known["standard"] is Standard
    assert known.origin("standard") == ""
    assert list(known) == list(CHARGE_MODELS.built_ins)
    known.verify("flat")
    with pytest.raises(
        UsageError, match=r"^the charge model 'standard' is built in, and signalq-extra 1.0 \(entry poi"
    ):
        known.verify("standard")
    with pytest.raises(UsageError, match=r"the unit 'active_day' is built in, and signalq-extra 1\.0"):
        units().verify("active_day")


@pytest.mark.parametrize("file", ["METADATA", "entry_points.txt"])
def test_a_package_with_damaged_metadata_stops_only_what_it_offers(site: Path, file: str) -> None:
    install(site, models=STEPPED)
    install(site, "signalq-extra-two", models="other = signalq_extra_two:Stepped")
    (site / "signalq_extra-1.0.dist-info" / file).write_bytes(b"[console_scripts]\n\xff\nnot a line")
    known = models()
    for name in ("standard", "other"):
        known.verify(name)
    if file == "METADATA":
        assert known.origin("stepped").startswith(f"a package without a name in {site}")
    else:
        with pytest.raises(NotOffered, match=r"packages offer cannot be read: signalq-extra 1.0 \(\w+Error: "):
            known["stepped"]


def test_a_broken_package_is_imported_once_and_not_for_every_config(site: Path) -> None:
    install(site, module="print('imported')\nraise ValueError('no')", models=STEPPED)
    told = set()
    with pytest.raises(UsageError) as first:
        (known := models())["stepped"]
    (site / "signalq_extra.py").write_text(MODULE)
    for _ in range(3):
        with pytest.raises(UsageError) as again:
            known["stepped"]
        told.add(str(again.value))
    assert told == {str(first.value)}


def test_a_package_that_is_on_the_path_twice_counts_once_and_as_what_is_imported(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, version="1.0", models=STEPPED)
    monkeypatch.syspath_prepend(install(tmp_path / "nearer", version="2.0", models=STEPPED))
    known = models()
    known.verify("stepped")
    assert known.origin("stepped") == "signalq-extra 2.0"


def test_what_is_not_registered_has_no_name(site: Path) -> None:
    class Foreign(Standard): ...

    install(site, module="import no_such_module_anywhere", models=STEPPED)
    with pytest.raises(UsageError, match=r"Foreign.* is not a charge model that configs can name"):
        models().name_of(Foreign)
