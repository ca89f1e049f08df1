"""Nobody gets past the page's door, whatever they ask for: every route there is, asked by everybody there is."""

import datetime as dt

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from signalq_billing.domain.action import Action
from signalq_billing.web.app import make_app
from signalq_billing.web.form_token import FormTokens
from tests.integration.payments import computed
from tests.integration.registers import everything
from tests.integration.web.counter import CADENCE, PERIOD, Counter, fields, words

ACTIONS = {"/confirm", "/do", "/done"}
ADDRESS = {"cadence": CADENCE, "period": PERIOD, "park": "park-1", "device": "cam-1", "action": "hold", "form": "x"}


@pytest.fixture
def counter(engine: Engine) -> Counter:
    computed(engine)
    return Counter(engine)


def asked(counter: Counter, who: str | None) -> dict[tuple[str, str], int]:
    """What every method of every route answers."""
    app = make_app(counter.desk())
    client = TestClient(app, headers={"who": who} if who else {}, follow_redirects=False, raise_server_exceptions=False)
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    return {
        (method, route.path): client.request(method, route.path, params=ADDRESS).status_code
        for route in routes
        for method in route.methods
    }


def test_only_the_files_of_the_page_are_open_to_everybody(counter: Counter) -> None:
    app = make_app(counter.desk())
    assert [route.path for route in app.routes if not isinstance(route, APIRoute)] == ["/static"]
    assert TestClient(app).get("/static/page.css").status_code == 200


def test_nobody_is_let_in_without_a_login(counter: Counter) -> None:
    answers = asked(counter, None)
    assert set(answers.values()) == {401}
    assert {path for _, path in answers} >= {"/", "/period", "/park", "/line", *ACTIONS}


def test_a_viewer_sees_what_there_is_to_see_and_acts_on_nothing(engine: Engine, counter: Counter) -> None:
    before = everything(engine)
    answers = asked(counter, "viewer")
    assert {key: status for key, status in answers.items() if key[1] in ACTIONS and status != 403} == {}
    assert {key: status for key, status in answers.items() if key[1] not in ACTIONS and status in (401, 403)} == {}
    assert everything(engine) == before


def test_an_operator_is_turned_away_from_nothing(counter: Counter) -> None:
    assert {key: status for key, status in asked(counter, "ann").items() if status in (401, 403)} == {}


def test_asking_with_get_changes_nothing(engine: Engine, counter: Counter) -> None:
    before = everything(engine)
    asked(counter, "ann")
    assert everything(engine) == before
    assert (counter.kept, counter.runs) == ([], {})


def test_a_form_works_for_the_one_it_was_shown_to_alone(engine: Engine, counter: Counter) -> None:
    shown = counter.sits("ann").asks("hold")
    before = everything(engine)
    sent = counter.sits("bob").sends(shown, why="not mine")
    assert (sent.status_code, "opened by somebody else" in words(sent.text)) == (409, True)
    assert everything(engine) == before


@pytest.mark.parametrize("token", ["", "forged", None])
def test_a_form_made_elsewhere_is_refused(engine: Engine, counter: Counter, token: str | None) -> None:
    filled = fields(counter.sits().asks("hold").text)
    made = FormTokens("another secret").new("ann", Action.HOLD, CADENCE, PERIOD) if token is None else token
    before = everything(engine)
    sent = counter.sits().client.post(f"/do?cadence={CADENCE}", data={**filled, "token": made, "why": "x"})
    assert (sent.status_code, "was not made by this page" in words(sent.text)) == (409, True)
    assert everything(engine) == before


def test_a_form_for_one_cadence_does_nothing_to_another(engine: Engine, counter: Counter) -> None:
    filled = fields(counter.sits().asks("hold").text)
    other = FormTokens(counter.secret).new("ann", Action.HOLD, "daily_ekb", PERIOD)
    before = everything(engine)
    sent = counter.sits().client.post(f"/do?cadence={CADENCE}", data={**filled, "token": other, "why": "x"})
    assert sent.status_code == 409
    assert everything(engine) == before


def test_an_old_form_is_refused(engine: Engine, counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = counter.sits().asks("hold")
    monkeypatch.setattr("signalq_billing.web.form_token._GOOD_FOR", dt.timedelta(seconds=-1))
    sent = counter.sits().sends(shown, why="x")
    assert (sent.status_code, "more than 12 hours ago" in words(sent.text)) == (409, True)


def test_what_people_wrote_is_shown_and_not_run(engine: Engine, counter: Counter) -> None:
    told = counter.sits().sends(counter.sits().asks("hold"), why="<script>alert(1)</script>")
    page = counter.sits().client.get(told.headers["location"])
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
