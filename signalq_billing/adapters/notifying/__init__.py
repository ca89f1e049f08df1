"""Ways to tell people that need no Airflow: a webhook, e-mail, the log. None of them repeats a secret."""

from signalq_billing.adapters.notifying.email import EmailNotifier
from signalq_billing.adapters.notifying.log import LogNotifier
from signalq_billing.adapters.notifying.webhook import WebhookNotifier

__all__ = ["EmailNotifier", "LogNotifier", "WebhookNotifier"]
