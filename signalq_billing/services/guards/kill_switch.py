"""The guard that nothing passes."""

from signalq_billing.domain.guards import Guards
from signalq_billing.errors import Held


def check_kill_switch(guards: Guards) -> None:
    """Raises Held while `kill_switch` is on: nothing at all is sent."""
    if guards.kill_switch:
        raise Held("kill_switch is on in guards.yaml: nothing is sent until it is off")
