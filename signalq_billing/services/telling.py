"""Telling people: each situation once, again after a pause or when it got worse, and once that it is over."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signalq_billing.domain.alert_text import Message, Places, message
from signalq_billing.domain.telling import Claim, Patience
from signalq_billing.errors import MigrationsMissing, NotTold, StorageUnavailable
from signalq_billing.ports import Notifier, Tellings
from signalq_billing.services.watching.findings import Findings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message: who was told, and who could not be. It counts as told if anybody was."""

    message: Message
    told: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what a look found, to everybody there is. `stored` is the database all machines share; `local` stands in
    while that cannot be used, and remembers what it told, so that this machine does not shout at every look."""

    stored: Callable[[], Tellings]
    local: Tellings
    notifiers: Sequence[Notifier]
    places: Places
    patience: Patience
    now: Callable[[], dt.datetime]

    def tell(self, findings: Findings) -> list[Delivery]:
        """Tell what is due. Without PostgreSQL too: what this machine told meanwhile it will also call over."""
        try:
            shared = self._tell(self.stored(), findings)
        except (StorageUnavailable, MigrationsMissing) as error:
            log.warning("what was told cannot be shared with other machines: %s", error)
            return self._tell(self.local, findings)
        return shared + self._tell_leftovers(findings)

    def _tell(self, tellings: Tellings, findings: Findings) -> list[Delivery]:
        claims = (tellings.claim(alert, self.patience) for alert in findings.alerts)
        told = [self._deliver(tellings, claim) for claim in claims if claim is not None]
        return told + self._tell_over(tellings, findings)

    def _tell_over(self, tellings: Tellings, findings: Findings) -> list[Delivery]:
        seen = {alert.key for alert in findings.alerts}
        gone = [told.alert.key for told in tellings.open() if told.alert.key not in seen]
        claims = (tellings.claim_over(key, self.patience) for key in gone if findings.covers(key))
        return [self._deliver(tellings, claim) for claim in claims if claim is not None]

    def _tell_leftovers(self, findings: Findings) -> list[Delivery]:
        """What only this machine knows it has told: over, or from now on the business of all."""
        for alert in findings.alerts:
            self.local.forget(alert.key)
        return self._tell_over(self.local, findings)

    def _deliver(self, tellings: Tellings, claim: Claim) -> Delivery:
        made = message(claim, self.now(), self.places)
        told: list[str] = []
        failed: list[str] = []
        for notifier in self.notifiers:
            try:
                notifier.tell(made)
                told.append(notifier.name)
            except NotTold as error:
                failed.append(str(error))
                log.error("%s: not told: %s", made.subject, error)
        if told:
            tellings.told(claim)
        else:
            tellings.give_back(claim)
        return Delivery(made, tuple(told), tuple(failed))
