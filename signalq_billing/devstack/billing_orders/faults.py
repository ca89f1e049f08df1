"""How the stand-in is told to misbehave: switches for the next calls of one kind, before or after the commit."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from starlette.responses import JSONResponse, Response

When = Literal["before", "after"]
Call = Literal["create", "find", "listing", "ping", "any"]
Do = Literal["status", "delay", "cut", "body"]
Body = Literal[
    "not_json", "empty", "not_object", "truncated", "other_ref", "other_amount", "other_currency", "no_doc_id"
]


class CutConnection(Exception):
    """Raised by a switch: drop the connection without another byte."""


class CutAnswer(Exception):
    """Raised by a switch: announce the whole answer, send half of it and drop the connection."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Fault:
    """One switch. `times` None: until cleared. `park_id` None: for every park. `when` is seen from the commit."""

    do: Do
    when: When = "before"
    call: Call = "create"
    times: int | None = 1
    park_id: str | None = None
    status: int = 500
    retry_after: str | None = None
    delay_seconds: float = 0.0
    body: Body = "not_json"
    hits: int = 0

    def matches(self, call: str, when: When, park_id: str | None) -> bool:
        wanted = self.call in ("any", call) and self.when == when and self.park_id in (None, park_id)
        return wanted and (self.times is None or self.hits < self.times)


def parse_fault(document: object) -> Fault:
    """A Fault from JSON. Raises ValueError naming what is wrong."""
    if not isinstance(document, dict):
        raise ValueError("an object is expected")
    known = {field.name for field in fields(Fault)} - {"hits"}
    if unknown := set(document) - known:
        raise ValueError(f"unknown {sorted(unknown)}; known are {sorted(known)}")
    choices = {"do": Do, "when": When, "call": Call, "body": Body}
    for name, choice in choices.items():
        if name in document and document[name] not in get_args(choice):
            raise ValueError(f"{name} must be one of {get_args(choice)}")
    if "do" not in document:
        raise ValueError(f"do must be one of {get_args(Do)}")
    return Fault(**document)


class FaultSwitches:
    """The switches that are on, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults))

    async def apply(self, call: str, when: When, park_id: str | None, answer: dict[str, Any] | None) -> Response | None:
        """Misbehave as told; a Response replaces the real one, None lets the call go on. Raises the cuts."""
        for index, fault in enumerate(self._faults):
            if fault.matches(call, when, park_id):
                self._faults[index] = replace(fault, hits=fault.hits + 1)
                if (response := await _misbehave(fault, answer or {})) is not None:
                    return response
        return None


async def _misbehave(fault: Fault, answer: dict[str, Any]) -> Response | None:
    if fault.do == "delay":
        await asyncio.sleep(fault.delay_seconds)
        return None
    if fault.do == "cut":
        raise CutConnection
    if fault.do == "status":
        headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else None
        return JSONResponse({"code": "fault", "message": "told to fail"}, fault.status, headers)
    if fault.body == "truncated":
        raise CutAnswer(json.dumps(answer).encode())
    return Response(_wrong_body(fault.body, answer), media_type="application/json")


def _wrong_body(kind: Body, answer: dict[str, Any]) -> bytes:
    fixed = {"not_json": b"<html><body>It works!</body></html>", "empty": b"", "not_object": b'["a", "list"]'}
    if kind in fixed:
        return fixed[kind]
    changes: dict[str, dict[str, Any]] = {
        "other_ref": {"external_ref": f"{answer.get('external_ref')}-other"},
        "other_amount": {"amount": f"1{answer.get('amount')}"},
        "other_currency": {"currency": "XXX"},
        "no_doc_id": {"doc_id": ""},
    }
    return json.dumps({**answer, **changes[kind]}).encode()
