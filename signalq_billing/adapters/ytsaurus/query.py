"""ClickHouse queries through Query Tracker: started, waited for within a limit, and never left running."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.failures import FAILURES, query_error, reasons, translated
from signalq_billing.errors import SourceInvalid, SourceUnavailable

log = logging.getLogger(__name__)

_LATENESS = 0.03  # the share of its time by which the end of a query may be noticed late


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a query is waited for, in seconds. `unreachable` is how long its state may be impossible to ask for
    before we give up: the query itself survives a proxy that is away for a moment."""

    time_limit: float = 3_000.0
    first_poll: float = 0.1
    longest_poll: float = 5.0
    unreachable: float = 120.0


def run_query(
    client: YtClient, text: str, clique: str, patience: Patience, doing: str, settings: Mapping[str, str] | None = None
) -> str:
    """Run `text` on the clique, with these settings of the query, until it has completed; returns the query's id.

    Raises SourceUnavailable, SourceInvalid. Whatever ends the waiting, an interrupt too, ends the query.
    """
    with translated(doing):
        told = {"clique": clique, **({"query_settings": dict(settings)} if settings else {})}
        query_id = str(client.start_query("chyt", text, settings=told))
    log.info("%s: query %s", doing, query_id)
    try:
        _wait(client, query_id, patience, doing)
    except (SourceInvalid, SourceUnavailable, KeyboardInterrupt, SystemExit, Exception):
        _abort(client, query_id)
        raise
    return query_id


def only_row(client: YtClient, query_id: str, doing: str) -> Mapping[str, Any]:
    """The single row of a completed query; never use it for what may exceed Query Tracker's window of rows."""
    with translated(doing):
        rows = list(client.read_query_result(query_id))
    if len(rows) != 1:
        raise SourceUnavailable(f"{doing}: query {query_id} returned {len(rows)} rows instead of one")
    row: Mapping[str, Any] = rows[0]
    return row


def _wait(client: YtClient, query_id: str, patience: Patience, doing: str) -> None:
    began = answered = time.monotonic()
    while True:
        try:
            query = client.get_query(query_id, attributes=["state", "error"])
            answered = time.monotonic()
        except FAILURES as error:
            if time.monotonic() - answered > patience.unreachable:
                raise SourceUnavailable(f"{doing}: query {query_id} cannot be asked for: {reasons(error)}") from error
        else:
            state = str(query["state"])
            if state == "completed":
                return
            if state in ("failed", "aborted"):
                raise query_error(query.get("error"), f"{doing}: query {query_id} {state}")
        waited = time.monotonic() - began
        if waited > patience.time_limit:
            raise SourceUnavailable(
                f"{doing}: query {query_id} has not completed in {patience.time_limit:.0f} s and is aborted"
            )
        time.sleep(min(max(patience.first_poll, waited * _LATENESS), patience.longest_poll))


def _abort(client: YtClient, query_id: str) -> None:
    """Best effort: a query that has ended already refuses to be aborted."""
    try:
        client.abort_query(query_id)
    except FAILURES as error:
        log.info("query %s was not aborted: %s", query_id, reasons(error))
