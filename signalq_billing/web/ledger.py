"""What the page's actions need of the house it lives in: a journal that outlives the process, and runs of DAGs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from signalq_billing.domain.action import Action


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a result: what happened, to how many payouts, with how much money, and to which parks."""

    words: str
    count: int
    money: str
    parks: tuple[str, ...] = ()
    good: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one form: who did it, when and why, and what became of the payouts. `run_id`: a run that does it."""

    form_id: str
    action: Action
    user: str
    at: dt.datetime
    cadence: str
    period: str
    told: tuple[Told, ...]
    why: str = ""
    dag_id: str | None = None
    run_id: str | None = None
    run_address: str | None = None


class Journal(Protocol):
    """What was done on the page, by whom: kept where administrators look for such things, and never changed."""

    def turn(self, form_id: str) -> AbstractContextManager[object]:
        """One at a time, in all processes, for each form."""
        ...

    def find(self, form_id: str) -> Done | None:
        """What came of a form before."""
        ...

    def keep(self, done: Done) -> None: ...


class Runs(Protocol):
    """Runs of DAGs, started in a person's name."""

    def start(self, dag_id: str, run_id: str, conf: Mapping[str, Any], user: str, note: str) -> str:
        """Start a run, or find the one of that id; returns its address. Raises Refused, in words."""
        ...
