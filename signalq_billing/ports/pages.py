"""What the Payouts page reads of stored payouts: many at a glance, a few at a time."""

from typing import Protocol


class PayoutPages(Protocol):
    """Reads for people. Every method is one transaction that changes nothing. Raises StorageUnavailable,
    MigrationsMissing."""
