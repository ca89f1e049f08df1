"""Units: what is counted of a device's activity, exactly (SPEC section 6). One file per unit."""

from signalq_billing.domain.units.active_day import active_day
from signalq_billing.domain.units.active_device import active_device
from signalq_billing.domain.units.active_hour import active_hour
from signalq_billing.domain.units.unit import Unit

UNITS: dict[str, Unit] = {
    "active_day": active_day,
    "active_hour": active_hour,
    "active_device": active_device,
}

__all__ = ["UNITS", "Unit"]
