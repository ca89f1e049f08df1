"""What the person reads who is woken: one line that says it, then money, reasons, steps and places."""

import datetime as dt
import json

import pytest

from signalq_billing.domain.alert import AlertKind
from signalq_billing.domain.alert_document import alert_of, document
from signalq_billing.domain.alert_text import Places, duration, first_few, message
from signalq_billing.domain.telling import Claim, Occasion
from tests.unit.domain.alerts import NOON, alert

PLACES = Places("https://airflow.example/", "https://wiki.example/runbook")
PERIOD = {"cadence": "weekly_msk", "period_name": dt.date(2026, 11, 16)}


def test_a_message_says_what_how_much_why_what_to_do_and_where() -> None:
    said = message(Claim(alert(**PERIOD), Occasion.NEW, 1), NOON, PLACES)
    assert said.subject == "signalq-billing: hold expired: 2 parks, 12,345.60 RUB wait"
    assert said.text.splitlines() == [
        "Since 2026-11-23 11:00 UTC, 1 h ago.",
        "",
        "Money in question: 12,345.60 RUB",
        "  park-1 10,000.00 RUB",
        "  park-2 2,345.60 RUB",
        "",
        "Why:",
        "  - nobody looked",
        "",
        "Do:",
        "  1. look",
        "",
        "Page:    https://airflow.example/signalq/period?cadence=weekly_msk&period=2026-11-16",
        "Runbook: https://wiki.example/runbook/hold-expired.md",
    ]


def test_what_is_told_again_says_so() -> None:
    before = NOON - dt.timedelta(hours=4, minutes=5)
    said = message(Claim(alert(), Occasion.STILL, 2, told_at=before), NOON, PLACES)
    assert said.subject.startswith("signalq-billing: STILL: hold expired")
    assert said.text.startswith("You were told of this 4 h 5 min ago, and it is not over.")
    assert message(Claim(alert(), Occasion.WORSE, 2), NOON, PLACES).subject.startswith("signalq-billing: WORSE: hold")


def test_what_is_over_asks_nothing_of_anybody() -> None:
    said = message(Claim(alert(), Occasion.OVER, 2, told_at=NOON), NOON, PLACES)
    assert said.subject.startswith("signalq-billing: OVER: hold expired")
    assert "lasted 1 h" in said.text
    assert "Do:" not in said.text


def test_without_addresses_a_message_still_says_where_to_look() -> None:
    said = message(Claim(alert(), Occasion.NEW, 1), NOON, Places()).text
    assert "Page:    /signalq/ in Airflow's UI" in said
    assert "Runbook: docs/runbook/hold-expired.md" in said


def test_a_park_whose_id_is_no_text_breaks_neither_subject_nor_link() -> None:
    strange = alert(title="held: park a\nb\x00c", park_id="п&=/ \n", **PERIOD)
    said = message(Claim(strange, Occasion.NEW, 1), NOON, PLACES)
    assert said.subject == "signalq-billing: held: park a b c"
    assert "period=2026-11-16&park=%D0%BF%26%3D%2F+%0A" in said.text


@pytest.mark.parametrize("kind", list(AlertKind))
def test_an_alert_survives_being_kept(kind: AlertKind) -> None:
    kept = json.loads(json.dumps(document(alert(kind, level=2, once=True, park_id="п\x00", **PERIOD))))
    assert alert_of(kept) == alert(kind, level=2, once=True, park_id="п\x00", **PERIOD)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "under a minute"), (60, "1 min"), (7200, "2 h"), (7860, "2 h 11 min"), (86400, "1 d"), (100_000, "1 d 3 h")],
)
def test_times_are_told_as_people_say_them(seconds: int, text: str) -> None:
    assert duration(dt.timedelta(seconds=seconds)) == text


def test_a_thousand_parks_are_told_in_a_line() -> None:
    assert first_few(f"park-{n}" for n in range(1000)) == "park-0, park-1, park-2, park-3, park-4 and 995 more"
