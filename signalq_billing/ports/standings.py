"""Where all payouts stand, in numbers."""

from typing import Protocol

from signalq_billing.domain.standing import Standing


class Standings(Protocol):
    """What is open, held and unknown, over all periods, at one moment. Raises StorageUnavailable."""

    def standing(self) -> Standing:
        """Costs as much as there are open orders, however many are settled."""
        ...
