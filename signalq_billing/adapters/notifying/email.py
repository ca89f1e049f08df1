"""Alerts by e-mail, over a connection of Airflow's own `smtp` type; without Airflow, for it may be what is down."""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from signalq_billing.domain.alert_text import Message
from signalq_billing.errors import NotTold


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `tls` from the first byte on, else `starttls`, else plain."""

    conn_id: str
    host: str
    port: int
    sent_from: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    starttls: bool = True
    timeout_seconds: float = 10


class EmailNotifier:
    """Sends plain text to some addresses."""

    def __init__(self, server: MailServer, addresses: Sequence[str]) -> None:
        self._server = server
        self._addresses = tuple(addresses)
        self.name = f"e-mail to {', '.join(self._addresses)}"

    def tell(self, message: Message) -> None:
        """Hand the mail in; raises NotTold if the server does not take it for every address."""
        server = self._server
        try:
            with self._connected() as client:
                if server.login and server.password:
                    client.login(server.login, server.password)
                refused = client.send_message(self._mail(message), server.sent_from, self._addresses)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            through = f"{server.host}:{server.port} (connection {server.conn_id})"
            raise NotTold(f"{self.name} through {through}: {_said(error)}") from None
        if refused:
            raise NotTold(f"{self.name}: {server.host} refused {', '.join(refused)}")

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_seconds, context=context)
        client = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
        try:
            if server.starttls:
                client.starttls(context=ssl.create_default_context())
        except BaseException:
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
            raise
        return client

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = self._server.sent_from
        mail["To"] = ", ".join(self._addresses)
        mail["Date"] = formatdate(localtime=False)
        mail["Message-ID"] = make_msgid(domain="signalq-billing")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text + "\n")
        return mail


def _said(error: Exception) -> str:
    """The server's code and the kind of trouble; not its words, which may repeat what was sent."""
    code = getattr(error, "smtp_code", None)
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return str(error.strerror or error)
    return f"{type(error).__name__}{f' {code}' if code else ''}"
