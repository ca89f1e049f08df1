"""Who is told what is due, by whomever it reaches; what reaches nobody is told by the next look."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from signalq_billing.adapters.told_file import ToldFile
from signalq_billing.domain.alert import AlertKind
from signalq_billing.domain.alert_text import Message, Places
from signalq_billing.domain.telling import Patience
from signalq_billing.errors import NotTold, StorageUnavailable
from signalq_billing.ports import Notifier, Tellings
from signalq_billing.services.telling import Teller
from signalq_billing.services.watching import Findings
from tests.unit.domain.alerts import alert

HELD = Findings((alert(),), frozenset(["hold_expired"]))
OVER = Findings((), frozenset(["hold_expired"]))


class Person:
    """Somebody who is told, or cannot be reached."""

    def __init__(self, name: str = "ann", *, away: bool = False) -> None:
        self.name = name
        self.away = away
        self.read: list[str] = []

    def tell(self, message: Message) -> None:
        if self.away:
            raise NotTold(f"{self.name} is away")
        self.read.append(message.subject.removeprefix("signalq-billing: ").partition(":")[0])


def down() -> Tellings:
    raise StorageUnavailable("PostgreSQL is down")


@pytest.fixture
def teller(tmp_path: Path) -> Callable[..., Teller]:
    def now() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def make(*people: Notifier, stored: Callable[[], Tellings] | None = None) -> Teller:
        shared, local = ToldFile(tmp_path / "shared", now), ToldFile(tmp_path / "local", now)
        return Teller(stored or (lambda: shared), local, people, Places(), Patience(), now)

    return make


def test_what_is_seen_twice_is_told_once_and_once_that_it_is_over(teller: Callable[..., Teller]) -> None:
    ann = Person()
    for findings in (HELD, HELD, OVER, OVER):
        teller(ann).tell(findings)
    assert ann.read == ["hold expired", "OVER"]


def test_what_reaches_nobody_is_told_by_the_next_look(teller: Callable[..., Teller]) -> None:
    ann = Person(away=True)
    (lost,) = teller(ann).tell(HELD)
    assert (lost.told, lost.failed) == ((), ("ann is away",))
    ann.away = False
    teller(ann).tell(HELD)
    assert ann.read == ["hold expired"]


def test_whoever_can_be_reached_is_told_and_that_counts(teller: Callable[..., Teller]) -> None:
    ann, bob = Person(away=True), Person("bob")
    (delivery,) = teller(ann, bob).tell(HELD)
    assert (delivery.told, delivery.failed) == (("bob",), ("ann is away",))
    assert teller(ann, bob).tell(HELD) == []


def test_what_was_not_looked_for_is_not_over(teller: Callable[..., Teller]) -> None:
    ann = Person()
    teller(ann).tell(HELD)
    assert teller(ann).tell(Findings()) == []


def test_without_postgresql_this_machine_remembers_and_hands_over_later(teller: Callable[..., Teller]) -> None:
    ann = Person()
    outage = Findings((alert(AlertKind.DEPENDENCY_DOWN, key="dependency_down:PostgreSQL"), alert()))
    for _ in range(3):
        teller(ann, stored=down).tell(outage)
    assert ann.read == ["dependency down", "hold expired"]
    teller(ann).tell(HELD)  # PostgreSQL is back, and knows nothing of it yet
    assert ann.read == ["dependency down", "hold expired", "hold expired"]
    teller(ann).tell(OVER)
    assert ann.read[3:] == ["OVER"]
