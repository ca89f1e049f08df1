"""An answer on its way out: values, streams, errors and trailers, and the faults that befall them."""

import secrets
from collections.abc import Iterator

from anyio import sleep, to_thread
from starlette.types import Send

from signalq_billing.devstack.ytsaurus import wire
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.heavy import Answer
from signalq_billing.devstack.ytsaurus.misbehaviour import Fault, Misbehaviour, as_error
from signalq_billing.devstack.ytsaurus.yson import Yson


class Gone(Exception):
    """The connection was cut on purpose; there is nothing more to say."""


class Reply:
    """Answers one command. After `about`, faults know which path it is for."""

    def __init__(self, send: Send, misbehaviour: Misbehaviour, command: str) -> None:
        self._send = send
        self._misbehaviour = misbehaviour
        self.command = command
        self._path = ""

    def about(self, params: dict[str, Yson]) -> None:
        self._path = str(params.get("path", params.get("query", "")))

    async def check_faults(self) -> None:
        """Those that strike before anything is done. Raises ClusterError or Gone."""
        found = self._misbehaviour.striking(self.command, self._path, "delay", "status", "error")
        if "delay" in found:
            await sleep(float(found["delay"].options.get("seconds", 1)))
        if "status" in found:
            await self._status(found["status"])
            raise Gone
        if "error" in found:
            raise as_error(found["error"])

    async def value(self, value: Yson, output_format: Yson) -> None:
        body, kind = (b"", b"text/plain") if value is None else wire.encoded(value, output_format)
        if await self._lost():
            return
        cut = self._misbehaviour.striking(self.command, self._path, "cut").get("cut")
        await self._start(200, [(b"content-type", kind), (b"content-length", str(len(body)).encode())])
        if cut is not None:
            await self._send({"type": "http.response.body", "body": body[: _length(cut)], "more_body": True})
            await self._cut(cut)
            return
        await self._send({"type": "http.response.body", "body": body})

    async def stream(self, answer: Answer, header_format: str) -> None:
        """Send pieces as they come; an error after the first one goes into the trailers."""
        pieces = answer.pieces
        first = await to_thread.run_sync(next, pieces, None)
        if await self._lost():
            return
        found = self._misbehaviour.striking(self.command, self._path, "cut", "trailer")
        await self._start(
            200,
            [
                (b"content-type", b"application/octet-stream"),
                (b"trailer", b"X-YT-Error, X-YT-Response-Code, X-YT-Response-Message"),
                (b"transfer-encoding", b"chunked"),
                (b"x-yt-response-parameters", wire.header_value(answer.parameters, header_format)),
            ],
        )
        try:
            await self._pieces(first, pieces, found)
        except ClusterError as error:
            await self._send({"type": "yt.trailers", "headers": wire.error_headers(error)})

    async def error(self, error: ClusterError, status: int = 400) -> None:
        body, kind = wire.encoded(error.as_dict(), "json")
        headers = [*wire.error_headers(error), (b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await self._start(status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def _pieces(self, first: bytes | None, pieces: Iterator[bytes], found: dict[str, Fault]) -> None:
        fault = found.get("cut") or found.get("trailer")
        room = _length(fault) if fault is not None else None
        piece = first
        while piece is not None:
            if room is not None and len(piece) >= room:
                await self._send({"type": "http.response.body", "body": piece[:room], "more_body": True})
                break
            room = None if room is None else room - len(piece)
            if piece:
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await to_thread.run_sync(next, pieces, None)
        if fault is None:
            await self._send({"type": "http.response.body", "body": b""})
        elif fault.kind == "trailer":
            raise as_error(fault)
        else:
            await self._cut(fault)

    async def _lost(self) -> bool:
        lost = self._misbehaviour.striking(self.command, self._path, "lose_answer").get("lose_answer")
        if lost is not None:
            await self._cut(lost)
        return lost is not None

    async def _cut(self, fault: Fault) -> None:
        await self._send({"type": "yt.cut", "reset": not fault.options.get("orderly", False)})

    async def _status(self, fault: Fault) -> None:
        told = wire.encoded(as_error(fault).as_dict(), "json")[0].decode()
        body = str(fault.options.get("body", told)).encode()
        kind = b"text/html" if fault.options.get("html") else b"application/json"
        await self._start(
            int(fault.options["status"]), [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        )
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, status: int, headers: wire.Headers) -> None:
        known = [(b"X-YT-Request-Id", secrets.token_hex(8).encode()), (b"X-YT-Proxy", b"stand-in")]
        await self._send({"type": "http.response.start", "status": status, "headers": [*known, *headers]})


def _length(fault: Fault) -> int:
    return int(fault.options.get("after_bytes", 0))
