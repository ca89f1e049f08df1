"""Templates to pages. Everything is escaped; addresses begin where the application is mounted."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from signalq_billing.domain.clock_text import duration
from signalq_billing.domain.glance import PayoutState
from signalq_billing.domain.money import from_minor
from signalq_billing.domain.readable import number_text
from signalq_billing.web import words

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    name=words.name,
    instant=words.instant,
    local=words.local,
    state=words.state,
    marked_up=words.marked_up,
    state_word=words.STATE_WORDS.__getitem__,
    state_meaning=words.STATE_MEANINGS.__getitem__,
)
_templates.globals.update(
    money=words.money,
    age=words.age,
    count=words.count,
    exact=words.exact,
    limited_devices=words.limited_devices,
    from_minor=from_minor,
    number_text=number_text,
    duration=duration,
    PayoutState=PayoutState,
)


def address(request: Request, path: str, query: Mapping[str, object] | None = None) -> str:
    """An address of the page, such as `/signalq/park?cadence=...`; a query's value of None is left out."""
    given = {name: str(value) for name, value in (query or {}).items() if value is not None}
    mounted_at: str = request.scope.get("root_path", "")
    return mounted_at + path + (f"?{urlencode(given)}" if given else "")


def render(request: Request, template: str, status: int = 200, **context: object) -> HTMLResponse:
    """A page. Templates know `url(path, **query)`, the time and who is looking, besides what they are given."""

    def url(path: str, **query: object) -> str:
        return address(request, path, query)

    now = dt.datetime.now(dt.UTC)
    known: dict[str, object] = {"url": url, "request": request, "now": now, "access": None}
    known["state_of"] = partial(words.state_of, now=now)
    known |= context
    return HTMLResponse(_templates.get_template(template).render(known), status_code=status)


def is_partial(request: Request) -> bool:
    """Whether the page's script asks for a part of a page, and not a person for all of it."""
    return request.headers.get("HX-Request") == "true"
