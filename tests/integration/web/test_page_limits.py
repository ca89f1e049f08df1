"""What the page must not do: let anybody in, run what an id says, or fail without a word."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk
from tests.integration.web import fleet
from tests.integration.web.conftest import Person
from tests.integration.web.words import WHERE, Words, links, words
from tests.unit.domain.builders import period

ODD_IDS = [
    "<script>alert(1)</script>",
    "\"onmouseover='x' {{ 7 * 7 }}",
    "a/b?c=d&e#f %2F ../..",
    "nul\x00 and \\ and\nnewline",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
    "🚕" * 1000,
    "x" * 4000,
    " ",
]


@pytest.mark.parametrize("odd", ODD_IDS, ids=lambda odd: odd[:12].encode("unicode_escape").decode())
def test_any_id_is_text_and_nothing_else(engine: Engine, page: TestClient, odd: str) -> None:
    (payout,) = fleet.parks(engine, {odd: fleet.HELD})
    plain = Words()
    pages = [
        "/",
        f"/period?{WHERE}&q={quote(odd[:20])}",
        f"/park?{WHERE}&park={quote(odd, safe='')}",
        f"/line?{WHERE}&park={quote(odd, safe='')}&device=cam-0001",
    ]
    for address in pages:
        answer = page.get(address)
        assert answer.status_code == 200, address
        plain.feed(answer.text)
        found = [each for each in links(answer.text) if each.startswith("/park")]
        assert not found or page.get(found[0].split("#")[0]).status_code == 200
    assert set(plain.tags) & {"script"} == {"script"}
    assert "alert(1)" not in re.sub(r"&lt;script&gt;alert\(1\)", "", "".join(page.get(each).text for each in pages))
    assert "49" not in re.findall(r"onmouseover='x' (\S+)", plain.text)
    assert payout.park_id == odd


def test_what_is_not_there_is_a_404_with_what_there_is(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, {"park-7f3a": fleet.CREATED})
    for address, instead in (
        (f"/period?cadence={period().cadence}&period=2026-01-05", f"{period().cadence} {period().name}"),
        (f"/period?cadence=weekly_mks&period={period().name}", "did you mean"),
        (f"/park?{WHERE}&park=park-7f3b", "park park-7f3a"),
        (f"/line?{WHERE}&park=nobody&device=cam-1", "all 1 parks"),
        ("/nothing", "There is no such page"),
        ("/period", "This address is not complete"),
    ):
        answer = page.get(address)
        assert (answer.status_code, instead in words(answer.text)) == (404, True), address


def test_no_date_is_told_how_to_write_one(page: TestClient) -> None:
    answer = page.get("/period?cadence=c&period=yesterday")
    assert answer.status_code == 400
    assert "YYYY-MM-DD" in answer.text


def test_postgresql_down_is_a_page_that_names_the_runbook(desk_of: Callable[..., Desk]) -> None:
    gone = make_engine("postgresql://nobody@127.0.0.1:1/none")
    down = desk_of()
    desk = Desk(
        access=down.access,
        pages=lambda: PostgresPayoutPages(gone),
        payouts=lambda: PostgresPayoutStore(gone),
        explainer=down.explainer,
        cadences=down.cadences,
        now=down.now,
    )
    for address in ("/", f"/period?{WHERE}", f"/park?{WHERE}&park=x", f"/line?{WHERE}&park=x&device=y"):
        answer = TestClient(make_app(desk)).get(address)
        assert answer.status_code == 503
        assert "docs/runbook/postgresql-down.md" in answer.text
    gone.dispose()


def test_nobody_sees_anything_without_being_let_in(engine: Engine, desk_of: Callable[..., Desk]) -> None:
    fleet.parks(engine, fleet.STATES)

    def nobody() -> Person:
        raise HTTPException(401, "log in to Airflow first")

    made = desk_of()
    desk = Desk(nobody, made.pages, made.payouts, made.explainer, made.cadences, made.now)
    client = TestClient(make_app(desk))
    for address in ("/", "/waiting?state=held", f"/period?{WHERE}", f"/park?{WHERE}&park=park-held", "/line?x=y"):
        answer = client.get(address)
        assert answer.status_code == 401, address
        assert "RUB" not in answer.text


def test_a_route_that_forgets_to_ask_who_is_there_asks_all_the_same(desk_of: Callable[..., Desk]) -> None:
    def nobody() -> Person:
        raise HTTPException(401, "log in to Airflow first")

    made = desk_of()
    app = make_app(Desk(nobody, made.pages, made.payouts, made.explainer, made.cadences, made.now))
    app.get("/forgetful")(lambda: "money")
    assert TestClient(app).get("/forgetful").status_code == 401


def test_one_who_may_only_look_is_offered_no_action(engine: Engine, desk_of: Callable[..., Desk]) -> None:
    fleet.parks(engine, fleet.STATES)
    viewer = TestClient(make_app(desk_of(Person("vera", acts=False))))
    for address in (f"/period?{WHERE}", f"/park?{WHERE}&park=park-held"):
        html = viewer.get(address).text
        assert "/confirm?" not in html
        assert 'type="checkbox"' not in html
        assert "park-held" in html


def test_nothing_inline_may_run_and_nothing_is_kept(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, fleet.STATES)
    for address in ("/", f"/period?{WHERE}", f"/park?{WHERE}&park=park-held", f"/line?{WHERE}&park=park-held&device=x"):
        answer = page.get(address)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script>|javascript:", answer.text)
