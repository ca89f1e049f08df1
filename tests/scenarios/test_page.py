"""The Payouts page where people meet it: in a real Airflow, behind its login, in its frame, in a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from signalq_billing.connections import from_environment
from signalq_billing.devstack import airflow_settings
from signalq_billing.devstack.billing_orders.process import FaultControl, Remote
from signalq_billing.devstack.memory import Memory
from tests.scenarios.airflow_ui import DAG, Ui, until
from tests.scenarios.operator import Operator, paid_in, weeks_ago

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

PARKS = ["msk-lefortovo", "msk-presnya"]
PATIENCE_MS = 120_000
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def week(operator: Operator, ui: Ui) -> Iterator[str]:
    """A week of two parks that billing-orders did not take: computed, and not created."""
    memory = Memory(operator.home.memory)
    remote = _faults(memory)
    for park in PARKS:
        remote.fail(503, park_id=park, times=None)
    period = weeks_ago(operator, 2)
    parks = [word for park in PARKS for word in ("--park", park)]
    operator.types("run", "--cadence", "weekly_msk", "--period", period, *parks, more=operator.exports())
    assert {each["payment_progress"] for each in paid_in(operator, period).values()} == {"not_created"}
    yield period
    remote.clear()


def _faults(memory: Memory) -> FaultControl:
    address = f"http://127.0.0.1:{memory.port('billing-orders')}"
    return FaultControl(Remote(address, memory.secret("billing-orders")))


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A machine that runs all of Airflow beside the browser is slow, not broken."""
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def visit(operator: Operator, ui: Ui, browser: Browser) -> Iterator[Visit]:
    """Opens a page of Airflow for somebody, or for nobody; everybody has a browser of their own."""
    opened: list[BrowserContext] = []

    def open_page(path: str, who: str | None = None, **options: Any) -> Page:  # noqa: ANN401
        context = browser.new_context(base_url=ui.base, accept_downloads=True, **options)
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        page = context.new_page()
        if who:
            page.goto("/auth/login")
            page.get_by_label("Username").fill(who)
            page.get_by_label("Password").fill(password(operator, who))
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/auth/" not in url)
        page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()


def password(operator: Operator, who: str) -> str:
    secret = {airflow_settings.LOGIN: "airflow", airflow_settings.VIEWER: "airflow-viewer"}[who]
    return Memory(operator.home.memory).secret(secret)


def park_page(period: str, park: str) -> str:
    """The page of a park, in Airflow's frame."""
    return f"/plugin/signalq/signalq/park?cadence=weekly_msk&period={period}&park={park}"


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Payouts']")


def history(operator: Operator, park: str) -> list[dict[str, Any]]:
    """What the database says was done with a park, by whom and why."""
    from sqlalchemy import text

    from signalq_billing.devstack.databases import own_engine

    engine = own_engine(operator.exports())
    with engine.connect() as connection:
        wanted = text("SELECT actor, action, why FROM history WHERE park_id = :park ORDER BY seq")
        found = [dict(row) for row in connection.execute(wanted, {"park": park}).mappings()]
    engine.dispose()
    return found


def test_who_is_logged_out_is_sent_to_airflows_login_and_comes_back(
    operator: Operator, week: str, visit: Visit
) -> None:
    page = visit(f"/signalq/period?cadence=weekly_msk&period={week}")
    page.wait_for_url("**/auth/login**")
    page.get_by_label("Username").fill("viewer")
    page.get_by_label("Password").fill(password(operator, "viewer"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/signalq/period?cadence=weekly_msk&period={week}")
    expect(page.get_by_role("link", name=PARKS[0])).to_be_visible()


@pytest.mark.parametrize("path", ["/signalq/", "/signalq/period", "/signalq/do", "/signalq/confirm"])
def test_programs_without_a_login_get_401(ui: Ui, path: str) -> None:
    assert requests.get(ui.base + path, timeout=60).status_code == 401
    assert requests.post(ui.base + path, timeout=60).status_code in (401, 405)
    forged = {"Authorization": "Bearer forged"}
    assert requests.get(ui.base + path, headers=forged, timeout=60).status_code in (401, 403)


def test_a_viewer_looks_and_is_offered_nothing_and_refused_everything(
    operator: Operator, ui: Ui, week: str, visit: Visit
) -> None:
    page = visit(park_page(week, PARKS[0]), "viewer")
    frame = frame_of(page)
    expect(frame.get_by_role("heading", name=PARKS[0]).first).to_be_visible()
    expect(frame.get_by_role("link", name=re.compile("Hold|Release|Resubmit|Dry run|Download"))).to_have_count(0)
    for path in ("do", "confirm"):
        sent = page.request.post(f"/signalq/{path}?cadence=weekly_msk&period={week}", form={"action": "hold"})
        assert sent.status == 403
        assert "not act on them" in sent.text()
    assert page.request.get(f"/signalq/confirm?action=hold&cadence=weekly_msk&period={week}&all=yes").status == 403
    assert {each["hold_reason"] for each in paid_in(operator, week).values()} == {None}


def test_the_page_is_found_through_airflows_own_navigation(week: str, visit: Visit) -> None:
    page = visit("/", "admin")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Payouts").click()
    expect(frame_of(page).get_by_role("link", name="Payouts")).to_be_visible()
    assert page.url.endswith("/plugin/signalq") or "/plugin/signalq/signalq" in page.url


def test_the_tasks_of_a_payouts_run_lead_to_the_page_of_its_period(ui: Ui, week: str, visit: Visit) -> None:
    run = next(each for each in ui.call("GET", "dagRuns?order_by=-run_after")["dag_runs"] if not each["conf"])
    for task in ("compute", "report"):
        links = ui.call("GET", f"dagRuns/{run['dag_run_id']}/taskInstances/{task}/links")["extra_links"]
        assert "/plugin/signalq/signalq/period?cadence=weekly_msk&period=" in links["Payouts"]
    mapped = ui.call("GET", f"dagRuns/{run['dag_run_id']}/taskInstances/submit/links?map_index=0")["extra_links"]
    assert mapped == links
    page = visit(f"/dags/{DAG}/runs/{run['dag_run_id']}/tasks/compute/details", "admin")
    page.get_by_role("link", name="Payouts", exact=True).click()
    expect(frame_of(page).get_by_role("heading", level=1)).to_contain_text("weekly_msk")


def test_an_operator_holds_with_a_reason_and_a_second_click_does_nothing_more(
    operator: Operator, week: str, visit: Visit
) -> None:
    page = visit(park_page(week, PARKS[0]), "admin")
    frame = frame_of(page)
    frame.get_by_role("link", name="Hold…").click()
    expect(frame.get_by_text("kept back: nothing is sent until somebody releases it")).to_be_visible()
    assert paid_in(operator, week)[PARKS[0]]["hold_reason"] is None
    frame.get_by_label("Reason").fill("the park disputes two cameras")
    frame.get_by_role("button", name="Hold 1 payout").dblclick()
    expect(frame.get_by_role("status")).to_contain_text("held: nothing is sent until somebody releases it")
    page.reload()
    expect(frame_of(page).get_by_role("status")).to_contain_text("held: nothing is sent")
    held = [each for each in history(operator, PARKS[0]) if each["action"] == "held"]
    assert [(each["actor"], each["why"]) for each in held] == [("ui admin", "the park disputes two cameras")]
    assert paid_in(operator, week)[PARKS[1]]["hold_reason"] is None


def test_a_release_takes_a_note_and_is_bound_to_what_was_shown(operator: Operator, week: str, visit: Visit) -> None:
    page = visit(park_page(week, PARKS[0]), "admin")
    frame = frame_of(page)
    frame.get_by_role("link", name="Release…").click()
    expect(frame.get_by_role("table", name="What you let go")).to_contain_text("the park disputes two cameras")
    frame.get_by_role("button", name="Release 1 payout").click()
    expect(frame.get_by_label("Note")).to_be_focused()  # the browser asks for the note first
    assert paid_in(operator, week)[PARKS[0]]["hold_reason"] is not None
    frame.get_by_label("Note").fill("checked with the park")
    frame.get_by_role("button", name="Release 1 payout").click()
    expect(frame.get_by_role("status")).to_contain_text("released: sent by the next run or reconcile")
    expect(frame.get_by_role("link", name="Have it sent now…")).to_be_visible()
    released = [each for each in history(operator, PARKS[0]) if each["action"] == "released"]
    assert [(each["actor"], each["why"]) for each in released] == [("ui admin", "checked with the park")]


@pytest.mark.parametrize(("choice", "ending"), [("spreadsheet", "xlsx"), ("text", "csv")])
def test_the_register_is_downloaded_in_the_frame(
    operator: Operator, ui: Ui, week: str, visit: Visit, choice: str, ending: str
) -> None:
    page = visit(f"/plugin/signalq/signalq/period?cadence=weekly_msk&period={week}", "admin")
    frame = frame_of(page)
    frame.get_by_role("link", name="Download the register…").click()
    frame.get_by_label(re.compile(choice)).check()
    with page.expect_download() as waiting:
        frame.get_by_role("button", name="Download 2 payouts").click()
    assert waiting.value.suggested_filename == f"payouts weekly_msk {week}.{ending}"
    assert waiting.value.path().stat().st_size > 500
    assert audit(ui, "payouts_page.download")[0]["owner"] == "admin"


def audit(ui: Ui, event: str) -> list[dict[str, Any]]:
    """Entries of Airflow's audit log, the newest first."""
    headers = ui.headers
    asked = {"event": event, "order_by": "-when"}
    answer = requests.get(f"{ui.base}/api/v2/eventLogs", params=asked, headers=headers, timeout=60)
    found: list[dict[str, Any]] = answer.json()["event_logs"]
    return found


@pytest.fixture
def reconcile_rests(operator: Operator, ui: Ui, week: str) -> Iterator[None]:
    """Reconcile tries the week's orders again whenever its quarter of an hour is over, whatever a test does then."""
    reconcile = Ui(operator.home, "signalq_reconcile")
    reconcile.pause()
    yield
    reconcile.unpause()


@pytest.mark.usefixtures("reconcile_rests")
def test_a_dry_run_is_started_once_in_the_operators_name(operator: Operator, ui: Ui, week: str, visit: Visit) -> None:
    before = json.dumps(paid_in(operator, week), sort_keys=True)
    page = visit(park_page(week, PARKS[0]), "admin")
    frame = frame_of(page)
    frame.get_by_role("link", name="Dry run…").click()
    expect(frame.get_by_text("No money moves")).to_be_visible()
    frame.get_by_role("button", name="Start the dry run").dblclick()
    link = frame.get_by_role("link", name=re.compile("See the run"))
    expect(link).to_be_visible()
    runs = [each for each in ui.call("GET", "dagRuns")["dag_runs"] if each["dag_run_id"].startswith("payouts_page__")]
    assert [(each["triggering_user_name"], each["conf"]) for each in runs] == [
        ("admin", {"period": week, "parks": [PARKS[0]], "dry_run": True})
    ]
    link.click()
    page.wait_for_url(f"**/dags/{DAG}/runs/{runs[0]['dag_run_id']}**")
    assert ui.finished(runs[0]["dag_run_id"]) == "success"
    assert PARKS[0] in ui.log(runs[0]["dag_run_id"], "compute")
    assert json.dumps(paid_in(operator, week), sort_keys=True) == before


def test_what_is_resubmitted_is_created_once(operator: Operator, ui: Ui, week: str, visit: Visit) -> None:
    page = visit(f"/plugin/signalq/signalq/period?cadence=weekly_msk&period={week}", "admin")
    frame = frame_of(page)
    for park in PARKS:
        frame.get_by_label(f"Tick {park}").check()
    frame.get_by_role("button", name="Resubmit…").click()
    expect(frame.get_by_text("2 payouts").first).to_be_visible()
    _faults(Memory(operator.home.memory)).clear()
    frame.get_by_role("button", name="Resubmit 2 payouts").dblclick()
    expect(frame.get_by_role("link", name=re.compile("See the run"))).to_be_visible()
    until(
        lambda: {each["payment_progress"] for each in paid_in(operator, week).values()} == {"created"}, "both created"
    )
    refs = [str(order["external_ref"]) for order in operator.orders()]
    assert len(refs) == len(set(refs))
    assert all(sum(f":{week}:{park}:" in ref for ref in refs) == 1 for park in PARKS)
    (entry,) = audit(ui, "payouts_page.resubmit")
    assert (entry["owner"], entry["dag_id"]) == ("admin", "signalq_reconcile")


def test_a_connection_kept_in_airflows_own_database_serves_the_page(operator: Operator, ui: Ui) -> None:
    exports = operator.exports()
    known = from_environment("signalq_billing_db", exports)
    assert known
    kept = {name: getattr(known, name) for name in ("conn_type", "host", "login", "password", "schema", "port")}
    connections = f"{ui.base}/api/v2/connections"
    asked = {"connection_id": "signalq_billing_db", **kept}
    assert requests.post(connections, json=asked, headers=ui.headers, timeout=60).status_code == 201
    settings = airflow_settings.variables(operator.home, Memory(operator.home.memory))
    like_an_api_server = {"_AIRFLOW_PROCESS_CONTEXT": "server", "PATH": exports["PATH"], **settings}
    code = "from signalq_billing.orchestration import page; print(len(page.airflow_desk().payouts().payouts()))"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env=like_an_api_server, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout.split()[-1]) == len(operator.payouts())
    finally:
        requests.delete(f"{connections}/signalq_billing_db", headers=ui.headers, timeout=60)
