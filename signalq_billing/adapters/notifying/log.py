"""Alerts in the log: what is left where nobody set a notifier."""

import logging

from signalq_billing.domain.alert_text import Message

log = logging.getLogger(__name__)


class LogNotifier:
    """Tells the log of the task or command."""

    name = "the log"

    def tell(self, message: Message) -> None:
        """One error record with the whole text."""
        log.error("%s\n%s", message.subject, message.text)
