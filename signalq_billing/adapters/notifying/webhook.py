"""Alerts by HTTP POST, as JSON. The address may itself be a secret: of it only the host is ever told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from signalq_billing.domain.alert_text import Message
from signalq_billing.errors import NotTold


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts are posted. `token` is sent as a bearer token, `headers` and `body` with every message; `text_only`
    leaves out everything but `text`, for services that refuse what they do not know."""

    conn_id: str
    host: str
    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, object] = field(default_factory=dict, repr=False)
    text_only: bool = False


class WebhookNotifier:
    """Posts `{"text": ..., "subject": ..., "kind": ..., ...}`; chat services show `text`."""

    def __init__(self, webhook: Webhook, timeout_seconds: float = 10) -> None:
        self._webhook = webhook
        self._timeout = timeout_seconds
        self.name = f"webhook {webhook.conn_id}"

    def tell(self, message: Message) -> None:
        """Post once; raises NotTold for anything but a 2xx."""
        hook = self._webhook
        text = {"text": f"{message.subject}\n\n{message.text}"}
        facts = {} if hook.text_only else {"subject": message.subject, **message.document}
        headers = {**hook.headers, **({"Authorization": f"Bearer {hook.token}"} if hook.token else {})}
        try:
            answer = requests.post(
                hook.url,
                json={**facts, **text, **hook.body},
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            # `from None`: the texts of these errors hold the address
            raise NotTold(f"{self.name} ({hook.host}) cannot be reached: {type(error).__name__}") from None
        if not 200 <= answer.status_code < 300:
            raise NotTold(f"{self.name} ({hook.host}) answered HTTP {answer.status_code}")
