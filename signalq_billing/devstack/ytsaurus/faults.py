"""Misbehaviour on demand, for tests: `POST /_faults` with a JSON list of faults replaces those that are set, `GET`
lists them with how often each has struck, `DELETE` clears all. A fault is a map with a `kind`, and narrows itself
down by `command` (a name, or absent for every command), `path` (a part of the command's path) and `times` (absent:
for ever):

    {"kind": "delay", "seconds": 2}                 answer later
    {"kind": "error", "code": 716, "message": "…"}  answer with an error of YT
    {"kind": "status", "status": 503}               answer with an HTTP status; "body" and "html" choose its text
    {"kind": "cut", "after_bytes": 100}             cut the answer's body there; "orderly": close instead of reset
    {"kind": "trailer", "after_bytes": 100, "code": 716}   end the body early with an error in the trailers
    {"kind": "lose_answer"}                         do what was asked, then close without an answer
    {"kind": "down"}                                close every connection unanswered
    {"kind": "lag", "seconds": 60, "path": "//t"}   show tables as of then; "freeze": true: as of now
    {"kind": "query", "code": 1, "message": "…"}    fail the next queries of the Query Tracker once they run
"""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any


class Faults:
    """Sets faults of a running stand-in from a test."""

    def __init__(self, proxy: str) -> None:
        self._url = f"http://{proxy}/_faults"

    def set(self, *faults: Mapping[str, Any]) -> None:
        """Replace whatever was set."""
        self._call("POST", list(faults))

    def clear(self) -> None:
        self._call("DELETE", None)

    def struck(self) -> list[int]:
        """How often each of the set faults has struck, in their order."""
        return [int(fault["struck"]) for fault in self._call("GET", None)]

    def delay(self, seconds: float, **where: Any) -> None:  # noqa: ANN401 - narrows as documented above
        self.set({"kind": "delay", "seconds": seconds, **where})

    def fail(self, code: int, message: str = "Injected failure", **where: Any) -> None:  # noqa: ANN401
        self.set({"kind": "error", "code": code, "message": message, **where})

    def down(self) -> None:
        self.set({"kind": "down"})

    def freeze(self, path: str | None = None) -> None:
        """From now on tables (or one) are read as they are at this moment."""
        self.set({"kind": "lag", "freeze": True, "path": path})

    def lag(self, seconds: float, path: str | None = None) -> None:
        self.set({"kind": "lag", "seconds": seconds, "path": path})

    def _call(self, method: str, body: Sequence[Mapping[str, Any]] | None) -> Any:  # noqa: ANN401 - JSON
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")
