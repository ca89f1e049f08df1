"""The guards in front of billing-orders: everything that holds money back before it leaves is in this room, and
`submit` alone asks it (SPEC section 11). A payout that a named person released passes all but the kill switch."""

from signalq_billing.services.guards.fallen import fallen_to_zero
from signalq_billing.services.guards.kill_switch import KillSwitch, check_kill_switch
from signalq_billing.services.guards.reasons import reasons_to_hold

__all__ = ["KillSwitch", "check_kill_switch", "fallen_to_zero", "reasons_to_hold"]
