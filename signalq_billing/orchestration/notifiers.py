"""Who is told of alerts, as the settings say: a webhook, e-mail, any notifier of Airflow; the log if nobody is."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from signalq_billing.adapters.notifying import EmailNotifier, LogNotifier, WebhookNotifier
from signalq_billing.adapters.notifying.connected import mail_server_of, webhook_of
from signalq_billing.domain.alert_text import Message, Places
from signalq_billing.errors import NotTold, SignalqBillingError, UsageError

if TYPE_CHECKING:
    from signalq_billing.connections import Connection
    from signalq_billing.ports import Notifier
    from signalq_billing.settings import Settings

_BASE_URL = "AIRFLOW__API__BASE_URL"


def anybody(knobs: Settings) -> bool:
    """Whether the settings name anybody to be told."""
    return bool(knobs.notifier_webhook or knobs.email_addresses or knobs.notifier_airflow)


def notifiers(knobs: Settings, connection: Callable[[str], Connection]) -> list[Notifier]:
    """Everybody the settings name. One whose connection is wrong fails when it is told something, not before, so
    that the others are told. Raises UsageError for arguments that are no JSON object."""
    found: list[Notifier] = []
    if hook := knobs.notifier_webhook:
        found.append(_Later(f"webhook {hook}", lambda: WebhookNotifier(webhook_of(connection(hook)))))
    if addresses := knobs.email_addresses:
        server = knobs.notifier_email_connection
        mail = _Later(f"e-mail through {server}", lambda: EmailNotifier(mail_server_of(connection(server)), addresses))
        found.append(mail)
    if knobs.notifier_airflow:
        found.append(AirflowNotifier(knobs.notifier_airflow, _arguments(knobs)))
    return found or [LogNotifier()]


def places(knobs: Settings) -> Places:
    """Where messages link to: the setting, else what Airflow's own environment variable says."""
    return Places(knobs.airflow_url or os.environ.get(_BASE_URL, ""), knobs.runbook_url or "")


def told_file() -> Path:
    """Where this machine remembers what it told while PostgreSQL was down."""
    return Path(tempfile.gettempdir()) / f"signalq-billing-{os.getuid()}" / "told.json"


class _Later:
    """A notifier that is made when there is something to tell."""

    def __init__(self, name: str, make: Callable[[], Notifier]) -> None:
        self.name = name
        self._make = make

    def tell(self, message: Message) -> None:
        try:
            self._make().tell(message)
        except NotTold:
            raise
        except SignalqBillingError as error:
            raise NotTold(f"{self.name}: {error}") from None


class AirflowNotifier:
    """Any notifier of Airflow or its providers. Its templated fields may use `alert.subject`, `alert.text`,
    `alert.kind` and all else that a webhook gets."""

    def __init__(self, path: str, arguments: Mapping[str, Any]) -> None:
        self.name = f"notifier {path}"
        self._path = path
        self._arguments = arguments

    def tell(self, message: Message) -> None:
        """Notify, by `async_notify` where a notifier has nothing else. Raises NotTold without the notifier's own
        words, which may repeat its arguments."""
        from airflow.sdk.bases.notifier import BaseNotifier

        alert = {**message.document, "subject": message.subject, "text": message.text}
        context: Any = {"alert": alert}  # one name: a notifier's own fields go into the context under theirs
        try:
            notifier = resolve_name(self._path)(**self._arguments)
            if type(notifier).notify is not BaseNotifier.notify:
                notifier(context)
            else:
                notifier.context = context
                asyncio.run(_awaited(notifier))
        except Exception as error:  # a notifier fails in whatever way its service does
            raise NotTold(f"{self.name}: {type(error).__name__}") from None


async def _awaited(notifier: Any) -> None:  # noqa: ANN401 - any awaitable notifier
    await notifier


def _arguments(knobs: Settings) -> dict[str, Any]:
    try:
        found = json.loads(knobs.notifier_airflow_kwargs.get_secret_value())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError("SIGNALQ_BILLING_NOTIFIER_AIRFLOW_KWARGS is not a JSON object")
    return found
