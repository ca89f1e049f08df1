"""Who keeps payouts back."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Holders(Protocol):
    """Who holds what. Raises StorageUnavailable."""

    def held_by(self, payout_ids: Sequence[int]) -> Mapping[int, str]:
        """By payout, who put it on hold last, as the history names them."""
        ...
