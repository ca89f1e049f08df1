"""The watermark as an attribute that whoever replicates status_history keeps."""

import datetime as dt

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.failures import translated
from signalq_billing.adapters.ytsaurus.statement import EARLIEST, FUTURE_ALLOWANCE, instant
from signalq_billing.errors import SourceInvalid


def attribute_watermark(client: YtClient, path: str, clock: dt.datetime) -> dt.datetime:
    """The attribute at `path`: whole microseconds since the epoch, or an ISO 8601 string with an offset.

    Raises SourceInvalid for any other value, and for one before 2000 or later than `clock` by more than an hour:
    such a number is of another unit or of a broken replication, and would let missing data pass for inactivity.
    """
    with translated(f"reading the watermark {path}", "there is no such attribute; correct `watermark` in source.yaml"):
        value = client.get(path)
    found = _parsed(value)
    if found is None or not EARLIEST <= found <= clock + FUTURE_ALLOWANCE:
        raise SourceInvalid(
            f"the watermark {path} is {value!r}: it must be microseconds since the epoch or an ISO 8601 instant with "
            "an offset, after 2000 and not in the future; correct the attribute or `watermark` in source.yaml"
        )
    return found


def _parsed(value: object) -> dt.datetime | None:
    try:
        if isinstance(value, str):
            parsed = dt.datetime.fromisoformat(value)
            return parsed.astimezone(dt.UTC) if parsed.utcoffset() is not None else None
        # YSON booleans are integers to Python.
        if isinstance(value, int) and not isinstance(value, bool) and type(value).__name__ != "YsonBoolean":
            return instant(value)
    except (ValueError, OverflowError):
        return None
    return None
