"""What is told to people: what has been told already, and the ways there are to tell them."""

from collections.abc import Sequence
from typing import Protocol

from signalq_billing.domain.alert import Alert
from signalq_billing.domain.alert_text import Message
from signalq_billing.domain.telling import Claim, Patience, Told


class Tellings(Protocol):
    """What has been told of the situations that are not over. A claim is the right to tell one: of two processes that
    claim at once, one gets it. Raises StorageUnavailable, MigrationsMissing."""

    def open(self) -> list[Told]:
        """Every situation that is not over, by key."""
        ...

    def claim(self, alert: Alert, patience: Patience) -> Claim | None:
        """Note that `alert` is seen; the right to tell it if that is due."""
        ...

    def claim_over(self, key: str, patience: Patience) -> Claim | None:
        """Note that the situation is not seen any more; the right to tell that it is over. One that was never told
        is forgotten."""
        ...

    def told(self, claim: Claim) -> None:
        """It was told; a situation that is over is forgotten."""
        ...

    def give_back(self, claim: Claim) -> None:
        """It could not be told: somebody else may at once."""
        ...

    def forget(self, key: str) -> None:
        """Nothing is known of the situation any more."""
        ...


class Notifier(Protocol):
    """A way to tell people. `name` is how logs call it; neither holds a secret."""

    @property
    def name(self) -> str: ...

    def tell(self, message: Message) -> None:
        """Raises NotTold, with a reason that holds no secret."""
        ...


Notifiers = Sequence[Notifier]
