"""`python -m signalq_billing.devstack.billing_orders`: run the stand-in in the foreground; SIGTERM ends it in order."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

import uvicorn

from signalq_billing.devstack.billing_orders.app import BillingOrdersApp
from signalq_billing.devstack.billing_orders.books import Books
from signalq_billing.devstack.billing_orders.cutting import CuttableProtocol

TOKEN_VARIABLE = "BILLING_ORDERS_TOKEN"


def main() -> None:
    options = _options()
    app = BillingOrdersApp(Books(options.data), options.token, options.page_size)
    config = uvicorn.Config(
        app.asgi(),
        host=options.host,
        port=options.port,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level=options.log_level,
        timeout_graceful_shutdown=3,
    )
    listening = config.bind_socket()
    listening.listen(1024)  # before the address is announced: whoever reads it may call at once
    print(f"billing-orders listens on http://{options.host}:{listening.getsockname()[1]}", flush=True)
    if options.end_with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    uvicorn.Server(config).run(sockets=[listening])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m signalq_billing.devstack.billing_orders", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="directory of the books; made if it is not there")
    parser.add_argument("--token", default=os.environ.get(TOKEN_VARIABLE), help=f"default: ${TOKEN_VARIABLE}")
    parser.add_argument("--page-size", type=int, default=100, help="orders on a page of a listing")
    parser.add_argument("--log-level", default="warning")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    if not options.token:
        parser.error(f"a token is needed: --token or ${TOKEN_VARIABLE}")
    return options


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
