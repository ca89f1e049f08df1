"""Charge models: how a quantity of units becomes an exact amount of money (SPEC section 6). One file per model, named
as configs name it; packages outside this one add theirs as entry points of `signalq_billing.charge_models`."""

from signalq_billing.domain.charge.accepted import as_charge_model, model_of_file
from signalq_billing.domain.charge.flat import Flat
from signalq_billing.domain.charge.graduated import Graduated
from signalq_billing.domain.charge.model import ChargeModel, ChargeStep, charge_steps, exact_price
from signalq_billing.domain.charge.package import Package
from signalq_billing.domain.charge.standard import Standard
from signalq_billing.domain.charge.tier import Tier
from signalq_billing.domain.charge.volume import Volume
from signalq_billing.domain.registry import Registry, by_file

CHARGE_MODELS: Registry[type[ChargeModel]] = Registry(
    "charge model", "signalq_billing.charge_models", by_file(__name__, model_of_file), as_charge_model
)

__all__ = [
    "CHARGE_MODELS",
    "ChargeModel",
    "ChargeStep",
    "Flat",
    "Graduated",
    "Package",
    "Standard",
    "Tier",
    "Volume",
    "charge_steps",
    "exact_price",
]
