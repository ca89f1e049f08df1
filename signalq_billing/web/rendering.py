"""Templates to pages. Everything is escaped; addresses begin where the application is mounted."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def address(request: Request, path: str, query: Mapping[str, object] | None = None) -> str:
    """An address of the page, such as `/signalq/park?cadence=...`; a query's value of None is left out."""
    given = {name: str(value) for name, value in (query or {}).items() if value is not None}
    mounted_at: str = request.scope.get("root_path", "")
    return mounted_at + path + (f"?{urlencode(given)}" if given else "")


def render(request: Request, template: str, status: int = 200, **context: object) -> HTMLResponse:
    """A page. Templates know `url(path, **query)` besides what they are given."""

    def url(path: str, **query: object) -> str:
        return address(request, path, query)

    html = _templates.get_template(template).render(url=url, request=request, **context)
    return HTMLResponse(html, status_code=status)
