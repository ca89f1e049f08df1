"""How hard to try with billing-orders before an order is left to a later run."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubmitPolicy:
    """How hard to try. Seconds, but for `tries`, `concurrency` (calls to billing-orders under way at once) and
    `give_up_after` (failures in a row over all orders, after which no new call is started). `patience` is the longest
    pause before an order is left for later, `call` how long one call to billing-orders may take."""

    lease: dt.timedelta = dt.timedelta(seconds=600)
    concurrency: int = 8
    tries: int = 4
    first_pause: float = 0.5
    patience: float = 30.0
    give_up_after: int = 5
    call: dt.timedelta = dt.timedelta(0)

    @property
    def threads(self) -> int:
        """As many as keep `concurrency` calls under way while what others were answered is recorded, which takes about
        a fifth as long as a claim and a call. More only get in each other's way."""
        return self.concurrency + self.concurrency // 4

    @property
    def time_to_send(self) -> float:
        """Seconds after a claim was asked for in which its call may begin: so that it ends within the lease. Half the
        lease where that is too short for a call (which `doctor` tells), for else nothing would ever be sent."""
        return (self.lease - min(self.call, self.lease / 2)).total_seconds()
