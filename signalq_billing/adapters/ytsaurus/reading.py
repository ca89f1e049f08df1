"""What one statement is to read of status_history: its table, or those of its daily tables that a period needs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.daily import look
from signalq_billing.adapters.ytsaurus.table import check_columns, revision
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from signalq_billing.errors import SignalqBillingError

_TABLES_AT_ONCE = 250  # more than these a clique reads together only when told to
# What is read more than once, or together, is of one state: a clique locks all of it, then reads.
LOCKED: Mapping[str, str] = {"chyt.execution.table_read_lock_mode": "sync"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Tables to be read together, and a name for the state they are in; `days` where they are daily ones."""

    tables: Sequence[str]
    state: str = ""
    days: Sequence[dt.date] = ()

    @property
    def settings(self) -> dict[str, str]:
        """What a clique has to be told about several tables."""
        if len(self.tables) == 1:
            return {}
        settings = dict(LOCKED)
        if len(self.tables) > _TABLES_AT_ONCE:
            settings["chyt.concat_tables.max_tables"] = str(len(self.tables))
        return settings

    def state_since(self, client: YtClient, source: Source) -> str:
        """The state, or that and the one now, where it has changed since: "before..after"."""
        if isinstance(source.table, str):
            after = revision(client, source.table)
        else:
            try:
                after = look(client, source, source.table).state(self.days)
            except SignalqBillingError:
                after = ""
        return self.state if after == self.state else f"{self.state}..{after}"


def reading(client: YtClient, source: Source, period: Period, watermark: dt.datetime | None) -> Reading:
    """What a period and its lookback need. Raises SourceInvalid for what is not there or not as source.yaml says,
    ActivityIncomplete for daily tables that may yet come, SourceUnavailable."""
    if isinstance(source.table, str):
        check_columns(client, source.table, source)
        return Reading([source.table], revision(client, source.table))
    found = look(client, source, source.table)
    found.check_whole(period, watermark)
    days = found.around(period)
    return Reading(found.checked(days), found.state(days), days)


def newest_readings(client: YtClient, source: Source) -> list[Reading]:
    """Where the newest row may be, the likeliest first; the later ones are needed only if the earlier have no good row.

    Raises SourceInvalid, SourceUnavailable.
    """
    if isinstance(source.table, str):
        check_columns(client, source.table, source)
        return [Reading([source.table])]
    found = look(client, source, source.table)
    return [Reading(found.checked(days), days=days) for days in found.newest_first()]
