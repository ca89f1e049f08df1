"""Alerts reach real receivers: a webhook over HTTP, a mail server over SMTP, a notifier of Airflow."""

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from signalq_billing.connections import Connection, from_environment
from signalq_billing.domain.alert_text import Places, message
from signalq_billing.domain.telling import Claim, Occasion
from signalq_billing.errors import NotTold, UsageError
from signalq_billing.orchestration import notifiers
from signalq_billing.ports import Notifier
from signalq_billing.settings import Settings
from tests.unit.domain.alerts import NOON, alert
from tests.webhook_receiver import Receiver, receiving

# Each connection to the mail server of the tests is warned of.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

MESSAGE = message(Claim(alert(title="hold expired: парк-1, 12,345.60 RUB wait"), Occasion.NEW, 1), NOON, Places())
SECRETS = ("token-of-the-webhook", "secret-path", "mail-password")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@dataclass
class Mailbox:
    """A real mail server that wants a login, and what it took."""

    port: int = 0
    refuse: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.refuse:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == b"mail-password"
        return AuthResult(success=right, handled=False)

    def connection(self, password: str = "mail-password") -> str:
        extra = {"from_email": "signalq@example.com", "disable_ssl": True, "disable_tls": True, "timeout": 5}
        shape = {"conn_type": "smtp", "host": "127.0.0.1", "port": self.port, "login": "signalq", "password": password}
        return json.dumps({**shape, "extra": extra})


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        made = Mailbox(free.getsockname()[1])
    controller = _serving(made)
    yield made
    asyncio.run_coroutine_threadsafe(_all_gone(controller), controller.loop).result(30)
    controller.stop()


async def _all_gone(controller: Controller) -> None:
    """Whoever has just hung up is still being seen off."""
    while controller.server is not None and controller.server._active_count:  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)


def _serving(mailbox: Mailbox) -> Controller:
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ready_timeout=60,
        authenticator=mailbox.authenticate,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    return controller


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.INFO)
    yield
    assert not any(secret in caplog.text for secret in SECRETS)


def made(environment: dict[str, str], **settings: str) -> list[Notifier]:
    def connection(conn_id: str) -> Connection:
        found = from_environment(conn_id, environment)
        if found is None:
            raise UsageError(f"connection {conn_id!r} is not known")
        return found

    return notifiers.notifiers(Settings.model_validate(settings), connection)


def hooked(receiver: Receiver, **extra: object) -> Notifier:
    environment = {"AIRFLOW_CONN_ALERTS": json.dumps(receiver.connection(**extra))}
    (notifier,) = made(environment, notifier_webhook="alerts")
    return notifier


def mailed(mailbox: Mailbox, to: str = "ann@example.com, bob@example.com", **changes: str) -> Notifier:
    environment = {"AIRFLOW_CONN_SMTP_DEFAULT": mailbox.connection(**changes)}
    (notifier,) = made(environment, notifier_email=to)
    return notifier


def test_a_webhook_gets_the_text_and_the_facts(receiver: Receiver) -> None:
    hooked(receiver, headers={"X-Team": "payouts"}, body={"channel": "#payouts"}).tell(MESSAGE)
    (call,) = receiver.received
    assert call.path == "/services/secret-path"
    assert call.headers["Authorization"] == "Bearer token-of-the-webhook"
    assert call.headers["X-Team"] == "payouts"
    assert call.body["text"] == f"{MESSAGE.subject}\n\n{MESSAGE.text}"
    assert (call.body["kind"], call.body["occasion"], call.body["channel"]) == ("hold_expired", "new", "#payouts")
    assert call.body["money"] == {"RUB": "12345.60"}


def test_a_webhook_that_refuses_what_it_does_not_know_gets_text_alone(receiver: Receiver) -> None:
    hooked(receiver, text_only=True, body={"chat_id": 7}).tell(MESSAGE)
    assert set(receiver.received[0].body) == {"text", "chat_id"}


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_a_webhook_that_does_not_take_it_was_not_told(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(NotTold) as told:
        hooked(receiver).tell(MESSAGE)
    assert str(told.value) == f"webhook alerts (127.0.0.1:{receiver.port}) answered HTTP {status}"


def test_a_webhook_that_is_away_is_named_without_its_address(receiver: Receiver) -> None:
    receiver.port = 1
    with pytest.raises(NotTold) as told:
        hooked(receiver).tell(MESSAGE)
    assert str(told.value) == "webhook alerts (127.0.0.1:1) cannot be reached: ConnectionError"
    assert told.value.__cause__ is None


def test_a_mail_is_readable_and_goes_to_everybody(mailbox: Mailbox) -> None:
    mailed(mailbox).tell(MESSAGE)
    (mail,) = mailbox.mails
    assert mail["Subject"] == MESSAGE.subject
    assert (mail["From"], mail["To"]) == ("signalq@example.com", "ann@example.com, bob@example.com")
    assert mail.get_content().replace("\r\n", "\n").rstrip() == MESSAGE.text
    assert mailbox.recipients == [["ann@example.com", "bob@example.com"]]


def test_a_mail_one_address_refuses_was_not_told_whole(mailbox: Mailbox) -> None:
    mailbox.refuse = "bob@example.com"
    with pytest.raises(NotTold, match=r"127\.0\.0\.1 refused bob@example\.com"):
        mailed(mailbox).tell(MESSAGE)
    with pytest.raises(NotTold, match="SMTPRecipientsRefused"):
        mailed(mailbox, to="bob@example.com").tell(MESSAGE)


def test_a_wrong_password_is_told_without_it(mailbox: Mailbox) -> None:
    with pytest.raises(NotTold, match=r"connection smtp_default\): SMTPAuthenticationError 535"):
        mailed(mailbox, password="wrong-mail-password").tell(MESSAGE)


def test_a_mail_server_that_is_away_is_named() -> None:
    with pytest.raises(NotTold, match=r"through 127\.0\.0\.1:1 \(connection smtp_default\): Connection refused"):
        mailed(Mailbox(1)).tell(MESSAGE)


def test_a_server_that_takes_no_plain_text_is_not_given_any(mailbox: Mailbox) -> None:
    environment = {"AIRFLOW_CONN_SMTP_DEFAULT": mailbox.connection().replace('"disable_tls": true', '"disable_tls": 0')}
    (notifier,) = made(environment, notifier_email="ann@example.com")
    with pytest.raises(NotTold, match="SMTPNotSupportedError"):
        notifier.tell(MESSAGE)
    assert mailbox.mails == []


def test_any_notifier_of_airflow_is_told_with_its_templates_filled(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MAIL", mailbox.connection())
    arguments = {
        "smtp_conn_id": "mail",
        "to": "ann@example.com",
        "subject": "{{ alert.subject }}",
        "html_content": "<pre>{{ alert.text }}</pre>{{ alert.kind }}",
    }
    (notifier,) = made(
        {},
        notifier_airflow="airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        notifier_airflow_kwargs=json.dumps(arguments),
    )
    notifier.tell(MESSAGE)
    (mail,) = mailbox.mails
    assert mail["Subject"] == MESSAGE.subject
    body = mail.get_body(("html",))
    assert body is not None
    assert body.get_content().rstrip() == f"<pre>{MESSAGE.text}</pre>hold_expired"


def test_a_notifier_that_fails_or_is_not_there_is_named_alone() -> None:
    (missing,) = made({}, notifier_airflow="nobody.has.ThisNotifier")
    with pytest.raises(NotTold, match=r"^notifier nobody\.has\.ThisNotifier: ModuleNotFoundError$"):
        missing.tell(MESSAGE)
    with pytest.raises(UsageError, match="is not a JSON object"):
        made({}, notifier_airflow="a.B", notifier_airflow_kwargs="[1]")


def test_a_connection_that_is_not_there_keeps_nobody_else_from_being_told(receiver: Receiver) -> None:
    environment = {"AIRFLOW_CONN_ALERTS": json.dumps(receiver.connection())}
    webhook, mail = made(environment, notifier_webhook="alerts", notifier_email="ann@example.com")
    webhook.tell(MESSAGE)
    with pytest.raises(NotTold, match="'smtp_default' is not known"):
        mail.tell(MESSAGE)
    assert len(receiver.received) == 1


def test_without_anybody_alerts_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    (notifier,) = made({})
    notifier.tell(MESSAGE)
    assert MESSAGE.subject in caplog.text
    assert not notifiers.anybody(Settings())
