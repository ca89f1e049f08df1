"""Which outside packages had a say in a payout."""

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest

from signalq_billing.domain.charge import CHARGE_MODELS
from signalq_billing.domain.provenance import computed_with
from signalq_billing.domain.units import UNITS
from tests.unit.domain.builders import config
from tests.unit.domain.outside_package import STEPPED, install


def test_the_packages_of_the_charge_model_and_of_the_unit_are_named(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, models=STEPPED)
    install(site, "signalq-extra-two", "0.3", units="full_day = signalq_extra_two:full_day")
    monkeypatch.setattr(CHARGE_MODELS, "_scan", None)
    monkeypatch.setattr(CHARGE_MODELS, "_loaded", {})
    monkeypatch.setattr(UNITS, "_scan", None)
    monkeypatch.setattr(UNITS, "_loaded", {})
    stepped = CHARGE_MODELS["stepped"](step=Decimal(1), step_amount=Decimal(1))  # type: ignore[call-arg]
    assert computed_with(config()) == ()
    assert computed_with(config(unit="full_day")) == ("signalq-extra-two 0.3",)
    assert computed_with(config(stepped)) == ("signalq-extra 1.0",)
    assert computed_with(config(stepped, unit="full_day")) == ("signalq-extra 1.0", "signalq-extra-two 0.3")
    assert computed_with(dataclasses.replace(config(), terms=None)) == ()
