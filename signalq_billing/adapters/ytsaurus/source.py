"""YTsaurus as the source of camera activity: the adapter behind ports.ActivitySource."""

import datetime as dt
import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus import device, result, statement
from signalq_billing.adapters.ytsaurus.failures import FAILURES, reasons, translated
from signalq_billing.adapters.ytsaurus.query import Patience, only_row, run_query
from signalq_billing.adapters.ytsaurus.reading import LOCKED, Reading, newest_readings, reading
from signalq_billing.adapters.ytsaurus.watermark import attribute_watermark
from signalq_billing.domain.activity import ActivityRequest, ActivitySnapshot, ParkActivity
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import MAX_WATERMARK, Source
from signalq_billing.errors import UsageError

log = logging.getLogger(__name__)

KEPT = dt.timedelta(days=7)
RESULT_NAME = "activity"
HISTORY_NAME = "device"
RULES_NAME = "rules"


class YtActivitySource:
    """Activity computed by a CHYT clique into result tables, which expire after 7 days. Not for use by two threads."""

    def __init__(self, client: YtClient, source: Source, patience: Patience | None = None) -> None:
        self._client = client
        self._source = source
        self._patience = patience or Patience()

    def ping(self) -> None:
        """Returns if the cluster answers and status_history has the columns of source.yaml.

        Raises SourceUnavailable, SourceInvalid.
        """
        newest_readings(self._client, self._source)

    def watermark(self, clock: dt.datetime) -> dt.datetime | None:
        """The instant up to which the replica is complete; None if it has no good row (SPEC section 3).

        Raises SourceUnavailable, SourceInvalid.
        """
        if self._source.watermark != MAX_WATERMARK:
            return attribute_watermark(self._client, self._source.watermark, clock)
        doing = f"asking {self._source.table} for its watermark"
        for each in newest_readings(self._client, self._source):
            text = statement.watermark_statement(self._source, each.tables, clock)
            query_id = run_query(self._client, text, self._source.clique, self._patience, doing, each.settings)
            newest = _instant(int(only_row(self._client, query_id, doing)["newest_us"] or 0))
            if newest is not None:
                return newest
        return None

    def extract(self, request: ActivityRequest) -> ActivitySnapshot:
        """Compute the period on the cluster into a new result table (SPEC section 4).

        The snapshot's rows, bad rows and (unless it is an attribute) watermark are those of the same scan, or of one
        for each bucket. An extraction that fails removes what it has written. Raises SourceUnavailable, SourceInvalid.
        """
        # Asked before the scan: what the source says of itself then still holds for what is scanned later. Of several
        # tables the scan itself cannot tell, for one may be locked before another one's newest row is written; nor can
        # one scan of several.
        one_scan = isinstance(self._source.table, str) and self._buckets(request) == 1
        asked = self._source.watermark != MAX_WATERMARK or not one_scan
        told = self.watermark(request.clock) if asked else None
        found = reading(self._client, self._source, request.period, told)
        with self._workspace(_node_name(request.period.cadence), str(request.period.name)) as directory:
            table = f"{directory}/{RESULT_NAME}"
            self._compute(request, found, directory, table)
            statistics = result.read_statistics(self._client, table, request.period)
        return ActivitySnapshot(
            period=request.period,
            result_table=table,
            watermark=told if asked else _instant(statistics.newest_us),
            rows_read=statistics.rows_read,
            bad_rows=statistics.bad_rows,
            clock=request.clock,
            source_revision=found.state_since(self._client, self._source),
            rules_digest=request.rules_digest,
        )

    def read(self, result_table: str, period: Period) -> Iterator[ParkActivity]:
        """The parks of a result table, sorted bytewise, once all of it is here.

        Raises SourceUnavailable, or SourceInvalid if it is gone.
        """
        with result.opened(self._client, result_table, period) as found:
            yield from result.parks(found, result_table, period)

    def discard(self, result_table: str) -> None:
        """Remove a result table and the directory made for it; one that is gone already is no error."""
        directory, _, name = result_table.rpartition("/")
        ours = name == RESULT_NAME and directory.startswith(self._source.result_directory.rstrip("/") + "/")
        with translated(f"removing {result_table}"):
            self._client.remove(directory if ours else result_table, recursive=True, force=True)

    def history(self, device_id: str, period: Period, clock: dt.datetime) -> DeviceHistory:
        """What the source says about one device around `period`, by one scan on the cluster (SPEC section 3).

        Leaves nothing behind. Raises UsageError for an id that is not text, SourceUnavailable, SourceInvalid.
        """
        if not _is_text(device_id):
            raise UsageError(f"{device_id!r} is not text (UTF-8), which every device id is")
        known = reading(self._client, self._source, period, None)
        doing = f"asking {self._source.table} for device {device_id}"
        with self._workspace(HISTORY_NAME) as directory:
            table = f"{directory}/{HISTORY_NAME}"
            text = statement.device_statement(device_id, period, clock, self._source, known.tables, table)
            run_query(self._client, text, self._source.clique, self._patience, doing, known.settings)
            found = device.read_history(self._client, table)
        self._clear(directory)
        history = found.history(device_id, self._source.lookback_days)
        return replace(history, days_read=(known.days[0], known.days[-1])) if known.days else history

    def _compute(self, request: ActivityRequest, found: Reading, directory: str, table: str) -> None:
        doing = f"extracting {request.period} from {self._source.table}"
        rules = f"{directory}/{RULES_NAME}"
        with translated(f"{doing}: writing {rules}"):
            self._client.create("table", rules, attributes={"schema": list(statement.RULE_SCHEMA)})
            self._client.write_table(rules, statement.rule_rows(request.rules))
        settings = {**LOCKED, **found.settings, **self._memory}
        buckets = self._buckets(request)
        parts = [f"{directory}/part-{number}" for number in range(buckets)] if buckets > 1 else []
        for number, part in enumerate(parts or [table]):
            text = statement.activity_statement(request, self._source, found.tables, rules, part, (number, buckets))
            run_query(self._client, text, self._source.clique, self._patience, doing, settings)
        if parts:
            text = statement.joined_statement(parts, table)
            run_query(self._client, text, self._source.clique, self._patience, doing, settings)
        for needless in (rules, *parts):
            with translated(f"{doing}: removing {needless}"):
                self._client.remove(needless, force=True)

    def _buckets(self, request: ActivityRequest) -> int:
        """What some parks' devices take needs no division."""
        return 1 if request.narrow else self._source.device_buckets

    @property
    def _memory(self) -> dict[str, str]:
        """What bounds the memory of grouping all devices' events."""
        limit = self._source.spill_above_bytes
        return {} if limit is None else {"max_bytes_before_external_group_by": str(limit)}

    @contextmanager
    def _workspace(self, *names: str) -> Iterator[str]:
        """A directory of this query's own, which expires, so that even a killed run leaves nothing for ever."""
        expires = dt.datetime.now(dt.UTC) + KEPT
        directory = "/".join((self._source.result_directory.rstrip("/"), *names, uuid.uuid4().hex))
        with translated(f"creating {directory} (result_directory of source.yaml)"):
            attributes = {"expiration_time": expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
            self._client.create("map_node", directory, recursive=True, attributes=attributes)
        try:
            yield directory
        except BaseException:
            self._clear(directory)
            raise

    def _clear(self, directory: str) -> None:
        try:
            self._client.remove(directory, recursive=True, force=True)
        except FAILURES as error:
            log.warning("%s is left to expire: %s", directory, reasons(error))


def _node_name(text: str) -> str:
    """`text` without what means something in a path; the name is for people, what makes a path unique is elsewhere."""
    return re.sub(r"[^\w.-]", "_", text, flags=re.ASCII)


def _instant(microseconds: int) -> dt.datetime | None:
    return statement.instant(microseconds) if microseconds else None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
