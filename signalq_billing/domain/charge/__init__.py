"""Charge models: how a quantity of units becomes an exact amount of money (SPEC section 6). One file per model."""

from signalq_billing.domain.charge.flat import Flat
from signalq_billing.domain.charge.graduated import Graduated
from signalq_billing.domain.charge.model import ChargeModel
from signalq_billing.domain.charge.package import Package
from signalq_billing.domain.charge.standard import Standard
from signalq_billing.domain.charge.tier import Tier
from signalq_billing.domain.charge.volume import Volume

CHARGE_MODELS: dict[str, type[ChargeModel]] = {
    "standard": Standard,
    "package": Package,
    "graduated": Graduated,
    "volume": Volume,
    "flat": Flat,
}

__all__ = ["CHARGE_MODELS", "ChargeModel", "Flat", "Graduated", "Package", "Standard", "Tier", "Volume"]
