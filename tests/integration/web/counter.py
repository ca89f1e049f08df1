"""The page with its actions on a test's own database: people with rights, a journal, and runs that are written down."""

import datetime as dt
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from fastapi import HTTPException, Request
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.postgres.turns import turn
from signalq_billing.errors import Refused
from signalq_billing.web.acting import Acting
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk
from signalq_billing.web.form_token import FormTokens
from signalq_billing.web.ledger import Done
from tests.unit.domain.builders import WEEKLY

CADENCE, PERIOD = "weekly_msk", "2026-11-16"
ACTS_ON = {"ann": {"signalq_payouts_weekly_msk"}, "bob": {"signalq_payouts_weekly_msk"}, "viewer": set[str]()}
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@dataclass
class Person:
    """Somebody whom the header `who` names."""

    name: str

    def may_act_on(self, dag_id: str) -> bool:
        return dag_id in ACTS_ON[self.name]


def access(request: Request) -> Person:
    name = request.headers.get("who")
    if name not in ACTS_ON:
        raise HTTPException(401, "who is there?")
    return Person(name)


@dataclass
class Counter:
    """The page's counter: what was done there, and which runs were started."""

    engine: Engine
    kept: list[Done] = field(default_factory=list)
    runs: dict[str, tuple[str, Mapping[str, Any], str, str]] = field(default_factory=dict)
    now: dt.datetime = NOW
    paused: bool = False
    secret: str = "s" * 32

    def turn(self, form_id: str) -> AbstractContextManager[None]:
        return turn(self.engine, form_id)

    def find(self, form_id: str) -> Done | None:
        return next((done for done in self.kept if done.form_id == form_id), None)

    def keep(self, done: Done) -> None:
        self.kept.append(done)

    def start(self, dag_id: str, run_id: str, conf: Mapping[str, Any], user: str, note: str) -> str:
        if self.paused:
            raise Refused(f"the DAG {dag_id} is paused")
        self.runs.setdefault(run_id, (dag_id, conf, user, note))
        return f"/dags/{dag_id}/runs/{run_id}"

    def desk(self) -> Desk:
        store = PostgresPayoutStore(self.engine)
        return Desk(
            access=access,
            pages=lambda: PostgresPayoutPages(self.engine),
            payouts=lambda: store,
            explainer=no_explainer,
            cadences=lambda: {WEEKLY.name: WEEKLY},
            now=lambda: self.now,
            acting=lambda: Acting(lambda: store, self, self, lambda: FormTokens(self.secret)),
        )

    def sits(self, who: str | None = "ann") -> "Clerk":
        headers = {"who": who} if who else {}
        return Clerk(TestClient(make_app(self.desk()), headers=headers, follow_redirects=False))


def no_explainer() -> Any:  # noqa: ANN401
    raise NotImplementedError


@dataclass
class Clerk:
    """One person's browser, without its eyes: what a form shows and what it sends."""

    client: TestClient

    def asks(self, action: str, *parks: str, **more: str) -> Response:
        asked = {"action": action, "cadence": CADENCE, "period": PERIOD, **more}
        return self.client.get("/confirm", params={**asked, **({"park": list(parks)} if parks else {"all": "yes"})})

    def selects(self, action: str, parks: list[str]) -> Response:
        asked = {"action": action, "period": PERIOD, "park": parks}
        return self.client.post(f"/confirm?cadence={CADENCE}", data=asked)

    def sends(self, shown: Response, **filled: str) -> Response:
        """Fill in the form of a page and send it."""
        assert shown.status_code == 200, shown.text
        return self.client.post(f"/do?cadence={CADENCE}", data={**fields(shown.text), **filled})

    def sees(self, sent: Response) -> str:
        """Follow to what came of it; its words."""
        assert sent.status_code == 303, sent.text
        return words(self.client.get(sent.headers["location"]).text)

    def does(self, action: str, *parks: str, **filled: str) -> str:
        return self.sees(self.sends(self.asks(action, *parks), **filled))


def fields(html: str) -> dict[str, list[str]]:
    """The hidden fields of the form to `/do`."""
    form = html[html.index('action="/do?') :]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(unescape(value))
    return found


def words(html: str) -> str:
    """What a page says, on one line."""
    without = re.sub(r"</?(span|bdi|strong|code|time)\b[^>]*>", "", html)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without)))
