"""Dropping a client's connection on purpose: the one thing that ASGI has no message for."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from signalq_billing.devstack.billing_orders.faults import CutAnswer, CutConnection

_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, remembering the connection of each client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.client is not None:
            _open.pop(self.client, None)


class Cutting:
    """Turns the cuts that switches raise into dropped connections."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except CutConnection:
            _open[tuple(scope["client"])].abort()
            await _gone(receive)
        except CutAnswer as cut:
            length = str(len(cut.answer)).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", length)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            half = cut.answer[: len(cut.answer) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            _open[tuple(scope["client"])].close()
            await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until uvicorn has noticed, or it would answer 500 itself."""
    message: dict[str, Any] = {}
    while message.get("type") != "http.disconnect":
        message = dict(await receive())
