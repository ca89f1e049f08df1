"""HTTP as YT's proxies speak it on top of uvicorn: trailers after a chunked body, and connections that can be cut."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class _Cycle(RequestResponseCycle):
    """Two messages more than ASGI servers know: `yt.trailers` ends a chunked body, `yt.cut` drops the connection."""

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own signature
        if message["type"] == "yt.cut":
            self.response_started = self.response_complete = True
            if message.get("reset"):
                self.transport.abort()
            else:
                self.transport.close()
            return
        if message["type"] == "yt.trailers":
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in message["headers"])
            self.transport.write(b"0\r\n" + lines + b"\r\n")
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()
            return
        if self.disconnected and message.get("more_body"):
            raise ConnectionAbortedError  # or a stream nobody listens to would be read to its end
        await super().send(message)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with the cycle above: it is only here that the class of the cycle is chosen."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401
        cycle.__class__ = _Cycle
        super()._start_asgi_task(cycle, app)
