"""The HTTP face of the stand-in: the calls of SPEC section 8, and `/_books` and `/_faults` for tests and people."""

import base64
import binascii
import dataclasses
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from signalq_billing.devstack.billing_orders.books import Books, OtherPayload
from signalq_billing.devstack.billing_orders.cutting import Cutting
from signalq_billing.devstack.billing_orders.faults import FaultSwitches, parse_fault
from signalq_billing.devstack.billing_orders.payload import Invalid, check

Handler = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """An error answer of the service: a status and {code, message}."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message


class BillingOrdersApp:
    """The handlers, over the books and the switches."""

    def __init__(self, books: Books, token: str, page_size: int) -> None:
        self._books, self._token, self._page_size = books, token, page_size
        self._faults = FaultSwitches()

    async def ping(self, request: Request) -> Response:
        """Open to anybody; a token that is sent must be right, so that a ping with one tells."""
        if "authorization" in request.headers:
            self._authorize(request)
        return await self._faults.apply("ping", "before", None, {}) or JSONResponse({"status": "ok"})

    async def create(self, request: Request) -> Response:
        self._authorize(request)
        payload = _object(await request.body())
        park_id = payload.get("park_id")
        asked = {key: payload.get(key) for key in ("external_ref", "amount", "currency")}
        phantom = {"doc_id": "BO-never", **asked, "created_at": ""}
        if fault := await self._faults.apply("create", "before", park_id, phantom):
            return fault
        _check(request, payload)
        try:
            order = self._books.accept(payload)
        except OtherPayload as error:
            raise Refusal(409, "idempotency_conflict", f"{error} stands for another payload") from error
        return await self._faults.apply("create", "after", park_id, order.public()) or JSONResponse(order.public())

    async def find(self, request: Request) -> Response:
        self._authorize(request)
        external_ref = _last_segment(request)
        order = self._books.find(external_ref)
        park_id, answer = (order.park_id, order.public()) if order else (None, {"external_ref": external_ref})
        if fault := await self._faults.apply("find", "before", park_id, answer):
            return fault
        if order is None:
            raise Refusal(404, "order_not_found", "there is no order with this external_ref")
        return await self._faults.apply("find", "after", park_id, answer) or JSONResponse(answer)

    async def listing(self, request: Request) -> Response:
        self._authorize(request)
        query = request.query_params
        cadence, period = query.get("cadence"), query.get("period")
        if not cadence or not period:
            raise Refusal(400, "bad_request", "cadence and period are needed")
        after = _after(query.get("cursor"))
        if fault := await self._faults.apply("listing", "before", None, {}):
            return fault
        orders, last = self._books.page(cadence, period, after, self._page_size)
        answer = {"orders": [order.public() for order in orders], "cursor": _cursor(last)}
        return await self._faults.apply("listing", "after", None, answer) or JSONResponse(answer)

    async def show_books(self, request: Request) -> Response:
        """Everything accepted, with the number of accepted POSTs of each order."""
        self._authorize(request)
        orders = [
            {**order.public(), "posts": order.posts, "park_id": order.park_id, "payload": order.payload}
            for order in self._books.everything()
        ]
        return JSONResponse({"orders": orders, "totals": self._books.totals()})

    async def switch_faults(self, request: Request) -> Response:
        """GET lists, POST adds one, DELETE clears them all."""
        self._authorize(request)
        if request.method == "DELETE":
            self._faults.clear()
        if request.method == "POST":
            try:
                self._faults.add(parse_fault(_object(await request.body())))
            except (ValueError, TypeError) as error:
                raise Refusal(400, "bad_fault", str(error)) from error
        return JSONResponse({"faults": [dataclasses.asdict(fault) for fault in self._faults]})

    def _authorize(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {self._token}".encode()):
            raise Refusal(401, "unauthorized", "a valid bearer token is needed")

    def asgi(self) -> Starlette:
        routes = [
            Route("/ping", self.ping, methods=["GET"]),
            Route("/v1/orders", self._orders, methods=["GET", "POST"]),
            Route("/v1/orders/{external_ref:path}", self.find, methods=["GET"]),
            Route("/_books", self.show_books, methods=["GET"]),
            Route("/_faults", self.switch_faults, methods=["GET", "POST", "DELETE"]),
        ]
        handlers = {Refusal: _refused, HTTPException: _http_error}
        return Starlette(routes=routes, middleware=[Middleware(Cutting)], exception_handlers=handlers)  # type: ignore[arg-type]

    async def _orders(self, request: Request) -> Response:
        return await (self.create(request) if request.method == "POST" else self.listing(request))


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "bad_request", "the body is not JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise Refusal(400, "bad_request", "the body is not an object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check(request: Request, payload: dict[str, Any]) -> None:
    try:
        check(payload)
    except Invalid as error:
        raise Refusal(422, "invalid_order", str(error)) from error
    # Headers are bytes; starlette reads them as latin-1.
    sent = request.headers.get("x-idempotency-token", "").encode("latin-1")
    if sent != payload["external_ref"].encode():
        raise Refusal(400, "bad_request", "X-Idempotency-Token is not the external_ref")


def _last_segment(request: Request) -> str:
    """The external_ref of the path, percent-decoded once and strictly."""
    raw = request.scope["raw_path"].partition(b"?")[0]
    try:
        return unquote_to_bytes(raw.removeprefix(b"/v1/orders/")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, "bad_request", "the external_ref is not UTF-8") from error


def _cursor(last: int | None) -> str | None:
    return None if last is None else base64.urlsafe_b64encode(f"after {last}".encode()).decode()


def _after(cursor: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("after ")) if cursor else 0
    except (ValueError, binascii.Error) as error:
        raise Refusal(400, "bad_request", "the cursor is not one of ours") from error


async def _refused(_: Request, refusal: Refusal) -> Response:
    return JSONResponse({"code": refusal.code, "message": refusal.message}, refusal.status)


async def _http_error(_: Request, error: HTTPException) -> Response:
    codes = {404: "unknown_address", 405: "method_not_allowed"}
    return JSONResponse(
        {"code": codes.get(error.status_code, "error"), "message": error.detail}, error.status_code, error.headers
    )
