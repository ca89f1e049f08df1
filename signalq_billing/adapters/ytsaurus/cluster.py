"""The cluster itself, for `doctor`: its clock, and whether a clique answers."""

import datetime as dt

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.failures import translated
from signalq_billing.adapters.ytsaurus.query import Patience, only_row, run_query

_SECONDS_FROM_BIT = 30


class YtCluster:
    """What can be asked of a cluster without naming a table. Raises SourceUnavailable, SourceInvalid."""

    def __init__(self, client: YtClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience

    def clock(self) -> dt.datetime:
        """The cluster's time, to the second: the upper bits of a timestamp of its own making."""
        with translated("asking YTsaurus for the time"):
            timestamp = int(self._client.generate_timestamp())
        return dt.datetime.fromtimestamp(timestamp >> _SECONDS_FROM_BIT, dt.UTC)

    def ping_clique(self, clique: str) -> None:
        """Returns if the clique answers a query that reads nothing."""
        doing = f"asking clique {clique} (clique of source.yaml) whether it is there"
        query_id = run_query(self._client, "SELECT 1 AS one", clique, self._patience, doing)
        only_row(self._client, query_id, doing)
