"""billing-orders as lean as it gets: every order is answered rightly, so many seconds after it came, in a process that
hardly uses a processor. `python -m benchmarks.submit.billing SECONDS TROUBLE` prints its address.

TROUBLE is "", or what befalls the orders of park-00000: "503" answers so, "silent" does not answer at all.
"""

import asyncio
import json
import sys

_TROUBLED = b'"park_id":"park-00000"'


class Connection(asyncio.Protocol):
    """One kept-alive connection: requests one after another, whole in memory."""

    def __init__(self, seconds: float, trouble: str) -> None:
        self._seconds, self._trouble = seconds, trouble
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = bytes(self._received[:head_end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(self._received) < head_end + 4 + length:
            return
        body = bytes(self._received[head_end + 4 : head_end + 4 + length])
        self._received.clear()
        self._asked(head, body)

    def _asked(self, head: bytes, body: bytes) -> None:
        troubled = self._trouble if _TROUBLED in body or (b"get " in head[:4] and b"park-00000" in head) else ""
        if troubled == "silent":
            return
        answer = _answer(503, b'{"code":"down","message":"down"}') if troubled else _answer(200, _order(body))
        asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer)


def _order(body: bytes) -> bytes:
    order = json.loads(body or b"{}")
    told = {name: order.get(name) for name in ("external_ref", "amount", "currency")}
    return json.dumps({"doc_id": f"BO-{order.get('external_ref')}", **told, "created_at": ""}).encode()


def _answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


async def main() -> None:
    seconds, trouble = float(sys.argv[1]), sys.argv[2]
    server = await asyncio.get_running_loop().create_server(lambda: Connection(seconds, trouble), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
