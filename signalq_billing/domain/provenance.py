"""Which packages besides this one had a say in a payout: those its config's charge model and unit come from."""

from signalq_billing.domain.charge import CHARGE_MODELS
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import model_name
from signalq_billing.domain.units import UNITS


def computed_with(config: ParkConfig) -> tuple[str, ...]:
    """Outside packages as "name version", sorted; none for built-in rules and for a config that is not enabled."""
    if config.terms is None:
        return ()
    charge = config.terms.charge
    origins = {CHARGE_MODELS.origin(model_name(charge.model))}
    if charge.unit is not None:
        origins.add(UNITS.origin(charge.unit))
    return tuple(sorted(origins - {""}))
