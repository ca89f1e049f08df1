"""The page as HTTP answers it, on a real PostgreSQL: what a person reads, where links lead, what odd ids do to it."""

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.device_history import DeviceHistory, Event
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk
from tests.integration.web import fleet
from tests.integration.web.conftest import OneDevice, Person
from tests.unit.domain.builders import period

WHERE = f"cadence={period().cadence}&period={period().name}"
STATES = {
    "park-held": fleet.HELD,
    "park-created": fleet.CREATED,
    "park-unknown": fleet.UNKNOWN,
    "park-zero": fleet.ZERO,
}
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


class Words(HTMLParser):
    """The text of a page, and the tags it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def words(html: str) -> str:
    parser = Words()
    parser.feed(html)
    return re.sub(r"\s+", " ", parser.text)


def links(html: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', html)]


def test_an_empty_database_says_where_payouts_come_from(page: TestClient) -> None:
    assert "No payouts are stored yet" in words(page.get("/").text)


def test_what_is_held_or_unknown_comes_before_the_periods(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, STATES)
    fleet.expire_holds(engine)
    told = words(page.get("/").text)
    assert told.index("park-held") < told.index("park-unknown") < told.index("last 1 period")
    assert "3.1 times the median" in told
    assert "expired" in told
    assert "did not answer within 30 s" in told
    assert "park-created" not in told


def test_a_quiet_day_says_that_nothing_waits(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    assert "no payout waits for anybody" in words(page.get("/").text)


def test_every_link_of_every_page_leads_somewhere(engine: Engine, page: TestClient) -> None:
    for week in fleet.weeks(period(), 2):
        fleet.parks(engine, STATES, week)
    seen, wanted = set[str](), ["/"]
    while wanted:
        address = wanted.pop()
        if address in seen or address.startswith(("/confirm", "/static")):
            continue
        seen.add(address)
        answer = page.get(address)
        assert answer.status_code == 200, address
        if len(seen) < 60:
            wanted += [each.split("#")[0] for each in links(answer.text) if each.startswith("/")]
    assert {each.split("?")[0] for each in seen} >= {"/", "/period", "/park", "/line"}


def test_links_begin_where_the_page_is_mounted(engine: Engine, desk_of: Callable[..., Desk]) -> None:
    fleet.parks(engine, STATES)
    airflow = FastAPI(root_path="/team/airflow")
    airflow.mount("/signalq", make_app(desk_of()))
    found = links(TestClient(airflow).get("/team/airflow/signalq/").text)
    assert found
    assert all(each.startswith(("/team/airflow/signalq/", "#")) for each in found)


def test_a_period_shows_sums_parks_and_their_states(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, STATES)
    told = words(page.get(f"/period?{WHERE}").text)
    for park in STATES:
        assert park in told
    assert "4 parks" in told
    assert "outcome unknown" in told
    only = words(page.get(f"/period?{WHERE}&state=held").text)
    assert "1 park" in only
    assert "park-created" not in only


@pytest.mark.parametrize("junk", ["page=-1", "page=99999999999999999999", "page=x", "sort=no", "state=no", "q=%00%ff"])
def test_an_address_somebody_changed_by_hand_still_answers(engine: Engine, page: TestClient, junk: str) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    for path in (f"/period?{WHERE}&{junk}", f"/park?{WHERE}&park=park-1&{junk}"):
        assert page.get(path).status_code == 200


def test_the_search_box_gets_only_the_table(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, STATES)
    part = page.get(f"/period?{WHERE}&q=held", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "park-held" in part.text
    assert "park-created" not in part.text


def test_a_park_shows_why_it_is_held_its_order_config_and_history(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, STATES)
    told = words(page.get(f"/park?{WHERE}&park=park-unknown").text)
    for expected in (
        "outcome unknown",
        "did not answer within 30 s",
        "version 2026-01-01",
        "cli anna@desk",
        "device_max 50: applied to",
        "claimed to be sent",
        "computed and stored",
    ):
        assert expected in told
    assert "3.1 times the median" in words(page.get(f"/park?{WHERE}&park=park-held").text)
    assert "It pays nothing" in words(page.get(f"/park?{WHERE}&park=park-zero").text)


def test_revisions_stand_beside_each_other_and_a_debt_is_told(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    fleet.adjust(engine, "park-1", days=3)
    told = words(page.get(f"/park?{WHERE}&park=park-1").text)
    assert "Revision 2: -" in told
    assert "Revision 1: 150.00 RUB created" in told
    assert "The park owes" in told
    assert "amounts over all revisions that stand" in told
    rows = words(page.get(f"/period?{WHERE}").text)
    assert "1 park" in rows
    line = words(page.get(f"/line?{WHERE}&park=park-1&device=cam-0001").text)
    assert "This is revision 2 of 2." in line


def test_lines_are_sorted_searched_and_paged(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED}, cameras=250)
    ordered = re.findall(r"cam-\d{4}</bdi>", page.get(f"/park?{WHERE}&park=park-1&sort=seconds&down=yes").text)
    assert ordered[0] == "cam-0249</bdi>"
    assert len(ordered) == 100
    last = words(page.get(f"/park?{WHERE}&park=park-1&page=3").text)
    assert "201 to 250 of 250 lines" in last
    one = words(page.get(f"/park?{WHERE}&park=park-1&q=CAM-0007").text)
    assert "1 to 1 of 1 line" in one


def test_a_line_is_explained_though_ytsaurus_is_down(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    told = words(page.get(f"/line?{WHERE}&park=park-1&device=cam-0001").text)
    assert "cam-0001 in park park-1" in told
    assert "device_max 50: applied" in told
    assert "Order and attempts" in told
    asked = page.get(f"/line?{WHERE}&park=park-1&device=cam-0001&intervals=yes")
    assert asked.status_code == 200
    assert "YTsaurus cannot tell the intervals now: YTsaurus: connection refused" in words(asked.text)
    assert "yt-down" in asked.text


def test_a_day_is_drawn_and_told(engine: Engine, source: OneDevice, page: TestClient) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    begins = period().start
    hours = [dt.timedelta(hours=each) for each in (1, 5, 9)]
    source.known = DeviceHistory(
        "cam-0001",
        30,
        events=(
            Event(begins + hours[0], "park-1", "online"),
            Event(begins + hours[1], "park-2", "online"),
            Event(begins + hours[2], "park-1", "offline"),
        ),
    )
    part = page.get(f"/line?{WHERE}&park=park-1&device=cam-0001&intervals=yes", headers={"HX-Request": "true"}).text
    assert '<rect class="active" x="41" y="4" width="167"' in part
    assert '<rect class="other" x="208" y="4" width="167"' in part
    told = words(part)
    assert "01:00:00-05:00:00" in told
    assert "online: active; until online in park-2" in told
    assert "belongs to that park" in told
    assert "s when it was computed" in told


def test_a_device_without_a_line_is_told_why(engine: Engine, source: OneDevice, page: TestClient) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    source.known = DeviceHistory("cam-none", 30)
    told = words(page.get(f"/line?{WHERE}&park=park-1&device=cam-none&intervals=yes").text)
    assert "has no line in this payout" in told
    assert "never had a row of it" in told


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
    fleet.parks(engine, STATES)

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
    fleet.parks(engine, STATES)
    viewer = TestClient(make_app(desk_of(Person("vera", acts=False))))
    for address in (f"/period?{WHERE}", f"/park?{WHERE}&park=park-held"):
        html = viewer.get(address).text
        assert "/confirm?" not in html
        assert 'type="checkbox"' not in html
        assert "park-held" in html


def test_nothing_inline_may_run_and_nothing_is_kept(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, STATES)
    for address in ("/", f"/period?{WHERE}", f"/park?{WHERE}&park=park-held", f"/line?{WHERE}&park=park-held&device=x"):
        answer = page.get(address)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script>|javascript:", answer.text)
