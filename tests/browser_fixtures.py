"""A real headless Chromium, and the page served by a real uvicorn, for tests that look at what people look at."""

import asyncio
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Playwright, sync_playwright
from starlette.types import ASGIApp

_STARTS_WITHIN = 20.0


def chromium() -> str:
    """Where the browser is: SIGNALQ_BILLING_CHROMIUM, else Debian's. Skipping would hide it, so that is an error."""
    found = os.environ.get("SIGNALQ_BILLING_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise RuntimeError("tests need Chromium: `apt-get install chromium`, or name one in SIGNALQ_BILLING_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers."""
    with sync_playwright() as driver:
        yield driver
    # The driver leaves its event loop behind as the thread's current one.
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests of a worker; pages and contexts are each test's own."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    launched = playwright.chromium.launch(executable_path=chromium(), args=arguments)
    yield launched
    launched.close()


@pytest.fixture
def serve() -> Iterator[Callable[[ASGIApp], str]]:
    """Serves an application with uvicorn on a free port; returns its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: ASGIApp) -> str:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        running.append((server, thread))
        _wait_for(lambda: server.started)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(_STARTS_WITHIN)


def _wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + _STARTS_WITHIN
    while not happened():
        assert time.monotonic() < end, "uvicorn did not start"
        time.sleep(0.02)
