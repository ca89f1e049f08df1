"""`python -m signalq_billing.devstack.ytsaurus --port 8000 --data DIR --token T`: a YT cluster of one process, for
development and tests. Prints `listening on HOST:PORT` once it answers."""

import argparse
import os
import socket
from pathlib import Path

import uvicorn

from signalq_billing.devstack.ytsaurus.app import create_app
from signalq_billing.devstack.ytsaurus.http import Protocol
from signalq_billing.devstack.ytsaurus.storage import do_without_pandas


def main() -> None:
    do_without_pandas()
    options = _parser().parse_args()
    try:
        listener = socket.create_server((options.host, options.port), backlog=256)
        app = create_app(Path(options.data).resolve(), options.token, options.chyt_timestamp)
    except (OSError, RuntimeError) as error:
        raise SystemExit(f"The YT stand-in cannot start on {options.host}:{options.port}: {error}") from error
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=1 << 20,
    )
    # For whoever started this with port 0: the address stands in the data directory too.
    (Path(options.data) / "address").write_text(f"{host}:{port}\n")
    print(f"listening on {host}:{port}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m signalq_billing.devstack.ytsaurus", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", required=True, help="directory for everything the cluster keeps")
    parser.add_argument(
        "--token",
        default=os.environ.get("YT_TOKEN"),
        required="YT_TOKEN" not in os.environ,
        help="default: YT_TOKEN",
    )
    parser.add_argument(
        "--chyt-timestamp",
        choices=("uint64", "datetime64"),
        default="datetime64",
        help="how CHYT shows YT's timestamp: UInt64 as older clusters do, or DateTime64(6) as newer ones",
    )
    return parser


if __name__ == "__main__":
    main()
