"""Which TCP ports of 127.0.0.1 the stack listens on: the familiar one of each program, else a free one."""

import random
import socket
from collections.abc import Container

HOST = "127.0.0.1"
FAMILIAR = {"api-server": 8080, "billing-orders": 8091, "ytsaurus": 8092, "postgres": 8093, "supervisor": 8094}
_TRIES = 1000


def is_free(port: int) -> bool:
    """Whether a server could listen there now; one that has just ended does not count as taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(name: str, taken: Container[int] = ()) -> int:
    """A free port for the program `name`. Below the range outgoing connections use, so that none of them grabs it."""
    candidates = [FAMILIAR[name], *(random.randint(20000, 32000) for _ in range(_TRIES))]
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port on {HOST} for {name}")
