"""The page in a real headless Chromium: what people see, type and press keys on."""

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from sqlalchemy import Engine
from starlette.types import ASGIApp

from signalq_billing.domain.device_history import DeviceHistory, Event
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk
from tests.integration.web import fleet
from tests.integration.web.conftest import OneDevice
from tests.unit.domain.builders import period

expect.set_options(timeout=60_000)
WHERE = f"cadence={period().cadence}&period={period().name}"
# As Airflow 3.3 frames the page of a plugin.
SANDBOX = "allow-scripts allow-same-origin allow-forms allow-downloads"
FRAME = f'<html class="dark"><link rel="icon" href="data:,"><iframe src="/signalq/" sandbox="{SANDBOX}">'


@pytest.fixture
def address(engine: Engine, desk_of: Callable[..., Desk], serve: Callable[[ASGIApp], str]) -> str:
    """The page, with 230 parks in all states, mounted as Airflow mounts it, and framed at /framed."""
    states = {f"park-{n:04}": fleet.NOT_CREATED for n in range(224)}
    states |= {"park-held": fleet.HELD, "park-made": fleet.CREATED, "<img src=x onerror=alert(1)>": fleet.HELD}
    states |= {"y" * 4000: fleet.HELD, "park-zero": fleet.ZERO, "park-unknown": fleet.UNKNOWN}
    fleet.parks(engine, states)
    airflow = FastAPI()
    airflow.mount("/signalq", make_app(desk_of()))
    airflow.get("/framed")(lambda: HTMLResponse(FRAME))
    return serve(airflow)


@pytest.fixture
def tab(browser: Browser) -> Page:
    """A tab that fails the test for anything the browser complains about."""
    return _tab(browser)


def _tab(browser: Browser, **context: object) -> Page:
    made = browser.new_context(viewport={"width": 1200, "height": 800}, **context)  # type: ignore[arg-type]
    page = made.new_page()
    page.set_default_timeout(60_000)
    page.on("console", _no_complaint)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    return page


def _no_complaint(message: ConsoleMessage) -> None:
    # What it has against the way Airflow frames pages is not about ours.
    assert message.type not in {"error", "warning"} or "sandbox" in message.text, message.text


def test_typing_finds_parks_without_leaving_the_page(tab: Page, address: str) -> None:
    tab.goto(f"{address}/signalq/period?{WHERE}")
    rows = tab.locator("#parks tbody tr")
    assert rows.count() == 100
    tab.evaluate("window.same = true")
    tab.get_by_label("Park id contains").type("PARK-022")
    expect(rows).to_have_count(4)
    assert tab.evaluate("window.same") is True
    tab.get_by_role("combobox").select_option("held")
    expect(tab.locator("#parks .empty")).to_contain_text("No park of this period is held")


def test_columns_sort_and_pages_turn_by_keyboard_alone(tab: Page, address: str) -> None:
    tab.goto(f"{address}/signalq/period?{WHERE}")
    tab.keyboard.press("Tab")
    expect(tab.get_by_text("Skip to the content")).to_be_focused()
    tab.keyboard.press("Enter")
    head = tab.get_by_role("columnheader", name=re.compile("^Park")).get_by_role("link")
    head.focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("columnheader", name=re.compile("^Park"))).to_have_attribute("aria-sort", "ascending")
    tab.get_by_role("link", name="Next").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#parks nav")).to_contain_text("101 to 200 of 230 parks")


def test_everything_works_as_plain_links_and_forms(browser: Browser, address: str) -> None:
    tab = _tab(browser, java_script_enabled=False)
    tab.goto(f"{address}/signalq/period?{WHERE}")
    tab.get_by_label("Park id contains").fill("made")
    tab.get_by_role("button", name="Find").click()
    tab.get_by_role("link", name="park-made").click()
    tab.get_by_role("link", name="cam-0001").click()
    tab.get_by_role("link", name="Ask YTsaurus for the intervals").click()
    expect(tab.locator("main")).to_contain_text("YTsaurus cannot tell the intervals now")


def test_the_days_come_by_themselves(tab: Page, address: str, source: OneDevice) -> None:
    source.known = DeviceHistory("cam-0001", 30, events=(Event(period().start, "park-made", "online"),))
    tab.goto(f"{address}/signalq/line?{WHERE}&park=park-made&device=cam-0001")
    expect(tab.locator("#intervals .day")).to_have_count(7)
    expect(tab.locator("#intervals .day rect.active")).to_have_count(7)


@pytest.mark.parametrize("width", [360, 1200])
def test_no_id_makes_the_page_wider_than_the_window(tab: Page, address: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    for path in ("/", f"/period?{WHERE}", f"/park?{WHERE}&park={'y' * 4000}"):
        tab.goto(f"{address}/signalq{path}")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
    assert tab.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_colours_are_followed_outside_airflow(browser: Browser, address: str, scheme: str) -> None:
    tab = _tab(browser, color_scheme=scheme)
    tab.goto(f"{address}/signalq/")
    assert _is_dark(tab) is (scheme == "dark")


def test_airflows_colours_are_followed_in_its_frame(browser: Browser, address: str) -> None:
    tab = _tab(browser, color_scheme="light")
    tab.goto(f"{address}/framed")
    frame = next(each for each in tab.frames if each.url.endswith("/signalq/"))
    frame.wait_for_selector("h1")
    assert _is_dark(frame)
    tab.evaluate("document.documentElement.className = 'light'")
    frame.wait_for_function("document.documentElement.dataset.theme === 'light'")
    assert not _is_dark(frame)


def _is_dark(page: object) -> bool:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")  # type: ignore[attr-defined]
    return sum(int(each) for each in colour.strip("rgb()").split(",")) < 3 * 128
