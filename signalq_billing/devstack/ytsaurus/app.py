"""The HTTP server: `create_app` makes the ASGI application of one cluster, to be served with http.Protocol."""

import asyncio
import logging
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from signalq_billing.devstack.ytsaurus import dispatch, heavy, wire
from signalq_billing.devstack.ytsaurus.cluster import Cluster
from signalq_billing.devstack.ytsaurus.commands import COMMANDS, Command, Params
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code
from signalq_billing.devstack.ytsaurus.reply import Gone, Reply

BODY_IN_MEMORY = 16 << 20
THREADS = 64
WARM_UP_SECONDS = 1.5


def create_app(directory: Path, token: str, timestamps: str = "datetime64") -> Starlette:
    """An application over one data directory, which no other process may use at the same time."""
    cluster = Cluster(directory, token, timestamps)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        # A little later, so that it does not slow down the start.
        warming = asyncio.get_running_loop().call_later(WARM_UP_SECONDS, cluster.tracker.warm_up)
        yield
        warming.cancel()
        await to_thread.run_sync(cluster.close)

    routes = [
        Route("/api", lambda _: JSONResponse(["v3", "v4"])),
        Route("/api/v4", lambda _: JSONResponse([command.as_json() for command in COMMANDS.values()])),
        Route("/api/v4/discover_proxies", lambda request: JSONResponse({"proxies": [request.headers["host"]]})),
        Route("/api/v4/{command}", Endpoint(cluster)),
        Route("/hosts", lambda request: JSONResponse([request.headers["host"]])),
        Route("/auth/whoami", partial(_whoami, cluster), methods=["GET", "POST"]),
        Route("/ping", lambda _: Response()),
        Route("/version", lambda _: Response("23.2.0-stand-in")),
        Route("/_faults", partial(_faults, cluster), methods=["GET", "POST", "DELETE"]),
    ]
    return Starlette(routes=[_downable(cluster, route) for route in routes], lifespan=lifespan)


def _downable(cluster: Cluster, route: Route) -> Route:
    """Every address but /_faults goes away when the cluster is told to be down."""
    if route.path != "/_faults":
        inner = route.app

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if cluster.misbehaviour.striking("", "", "down"):
                await send({"type": "yt.cut", "reset": True})
                return
            await inner(scope, receive, send)

        route.app = guarded
    return route


async def _faults(cluster: Cluster, request: Request) -> Response:
    if request.method != "GET":
        try:
            cluster.misbehaviour.replace(await request.json() if request.method == "POST" else [])
        except ClusterError as error:
            return JSONResponse(error.as_dict(), status_code=400)
    return JSONResponse(cluster.misbehaviour.listing())


async def _whoami(cluster: Cluster, request: Request) -> Response:
    if not _authorized(cluster, request.headers):
        return JSONResponse(_unauthorized().as_dict(), status_code=401)
    return JSONResponse({"login": "root", "realm": "token"})


def _authorized(cluster: Cluster, headers: Mapping[str, str]) -> bool:
    given = headers.get("authorization", "").removeprefix("OAuth ").strip()
    return secrets.compare_digest(given.encode(), cluster.token.encode())


def _unauthorized() -> ClusterError:
    return ClusterError("Client is missing credentials or they are wrong", Code.AUTHENTICATION)


class Endpoint:
    """The ASGI application of /api/v4/<command>."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        reply = Reply(send, self.cluster.misbehaviour, str(scope["path_params"]["command"]))
        try:
            await self._answer(request, reply)
        except ClusterError as error:
            await reply.error(error)
        except (Gone, ClientDisconnect, ConnectionAbortedError):
            return
        except Exception as error:
            logging.getLogger(__name__).exception("%s failed", reply.command)
            await reply.error(ClusterError(f"Internal error of the cluster: {error!r}"), status=500)

    async def _answer(self, request: Request, reply: Reply) -> None:
        command = COMMANDS.get(reply.command)
        if not _authorized(self.cluster, request.headers):
            await _drain(request)
            await reply.error(_unauthorized(), status=401)
        elif command is None:
            await _drain(request)
            await reply.error(ClusterError(f"Command {reply.command} is not supported by API v4"), status=404)
        else:
            await self._run(command, request, reply)

    async def _run(self, command: Command, request: Request, reply: Reply) -> None:
        with tempfile.SpooledTemporaryFile(BODY_IN_MEMORY, dir=str(self.cluster.spool)) as spooled:
            body = cast(BinaryIO, spooled)
            async for piece in request.stream():
                body.write(piece)
            body.seek(0)
            in_body = body.read() if command.input_type == "null" else b""
            params = wire.parameters(request.headers, request.url.query, in_body)
            reply.about(params)
            await reply.check_faults()
            if command.heavy:
                await self._run_heavy(command, params, body, request, reply)
                return
            if command.name == "execute_batch":
                value = await to_thread.run_sync(dispatch.batch, self.cluster, params.get("requests", []))
            else:
                value = await to_thread.run_sync(dispatch.run, self.cluster, command, params, body.read())
            await reply.value(
                value if command.output_type == "structured" else None, params.get("output_format", "json")
            )

    async def _run_heavy(
        self, command: Command, params: Params, body: BinaryIO, request: Request, reply: Reply
    ) -> None:
        if command.name == "write_table":
            inflated = wire.inflated(body, request.headers.get("content-encoding", ""))
            await to_thread.run_sync(heavy.write_table, self.cluster, params, inflated)
            await reply.value(None, None)
            return
        read = heavy.read_table if command.name == "read_table" else heavy.read_query_result
        answer = await to_thread.run_sync(read, self.cluster, params)
        await reply.stream(answer, request.headers.get("x-yt-header-format", "json"))


async def _drain(request: Request) -> None:
    async for _ in request.stream():
        pass
