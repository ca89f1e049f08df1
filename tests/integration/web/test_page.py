"""The page as HTTP answers it, on a real PostgreSQL: what a person reads, where links lead, what odd ids do to it."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from signalq_billing.domain.device_history import DeviceHistory, Event
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk
from tests.integration.web import fleet
from tests.integration.web.conftest import OneDevice
from tests.integration.web.words import WHERE, links, words
from tests.unit.domain.builders import period


def test_an_empty_database_says_where_payouts_come_from(page: TestClient) -> None:
    assert "No payouts are stored yet" in words(page.get("/").text)


def test_what_is_held_or_unknown_comes_before_the_periods(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, fleet.STATES)
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
        fleet.parks(engine, fleet.STATES, week)
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
    fleet.parks(engine, fleet.STATES)
    airflow = FastAPI(root_path="/team/airflow")
    airflow.mount("/signalq", make_app(desk_of()))
    found = links(TestClient(airflow).get("/team/airflow/signalq/").text)
    assert found
    assert all(each.startswith(("/team/airflow/signalq/", "#")) for each in found)


def test_a_period_shows_sums_parks_and_their_states(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, fleet.STATES)
    told = words(page.get(f"/period?{WHERE}").text)
    for park in fleet.STATES:
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
    fleet.parks(engine, fleet.STATES)
    part = page.get(f"/period?{WHERE}&q=held", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "park-held" in part.text
    assert "park-created" not in part.text


def test_a_park_shows_why_it_is_held_its_order_config_and_history(engine: Engine, page: TestClient) -> None:
    fleet.parks(engine, fleet.STATES)
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
