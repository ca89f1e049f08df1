"""The YtClient this package uses: retries and time limits that suit a task which is itself retried."""

from collections.abc import Mapping
from typing import Any

from yt.wrapper import YtClient

DEFAULTS: Mapping[str, Any] = {
    "allow_receive_token_by_current_ssh_session": False,
    "proxy": {
        # Whether brotli happens to be installed here is no reason to speak it: every proxy reads gzip.
        "content_encoding": "gzip",
        "accept_encoding": "gzip, identity",
        "connect_timeout": 5_000,
        "request_timeout": 20_000,
        "heavy_request_timeout": 60_000,
        "retries": {
            "count": 5,
            "total_timeout": 60_000,
            "backoff": {"policy": "exponential", "exponential_policy": {"start_timeout": 250, "max_timeout": 5_000}},
        },
    },
    "write_retries": {
        "count": 4,
        "backoff": {"policy": "exponential", "exponential_policy": {"start_timeout": 500, "max_timeout": 10_000}},
    },
    # Each write is within two transactions, and the end of one waits for a pinging thread to wake up.
    "transaction_sleep_period": 10,
}
"""The client's own defaults wait for minutes before it says that a cluster is down."""

IMPOSED: Mapping[str, Any] = {
    # A raw Arrow stream that is resumed by row numbers loses or repeats rows: whole reads are repeated instead. Result
    # tables never change, so that reading them needs neither a lock nor a transaction that is pinged.
    "read_retries": {"enable": False, "create_transaction_and_take_snapshot_lock": False},
    "read_parallel": {"enable": False},
}


def yt_client(proxy: str, token: str | None, client_config: Mapping[str, Any] | None = None) -> YtClient:
    """A client for one cluster. `client_config` has the official provider's shape and wins over our defaults.

    Opens no connection.
    """
    config: dict[str, Any] = {}
    for layer in (DEFAULTS, client_config or {}, IMPOSED):
        config = _merged(config, layer)
    return YtClient(proxy=proxy, token=token, config=config)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(inner, Mapping)
        merged[key] = _merged(inner, value) if both else value  # type: ignore[arg-type]
    return merged
