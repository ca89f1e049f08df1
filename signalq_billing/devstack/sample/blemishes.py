"""Bad rows: what a replica holds although nobody can count it (SPEC section 3). A few a day, always the same ones."""

import datetime as dt
from collections.abc import Iterator

from signalq_billing.devstack.sample.life import StatusEvent

_CLOCK_RESET = 7_000_000  # seven seconds into 1970
_CLOCK_OVERFLOW = (2**31 - 1) * 1_000_000  # 2038
KINDS: dict[str, dict[str, str | int | None]] = {
    "null park_id": {"park_id": None},
    "empty park_id": {"park_id": ""},
    "null device_id": {"device_id": None},
    "empty device_id": {"device_id": ""},
    "null status": {"status": None},
    "empty status": {"status": ""},
    "null status_at": {"status_at": None},
    "clock reset": {"status_at": _CLOCK_RESET},
    "clock overflow": {"status_at": _CLOCK_OVERFLOW},
}
A_DAY = 3


def bad_rows(day: dt.date) -> Iterator[StatusEvent]:
    """Three kinds a day, in turns."""
    noon = int(dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC).timestamp()) * 1_000_000
    kinds = list(KINDS.items())
    for number in range(A_DAY):
        kind, damage = kinds[(day.toordinal() * A_DAY + number) % len(kinds)]
        at = noon + number * 60_000_000
        good = StatusEvent("msk-arbat", "sq-000001", "online", at, f"bad/{day:%Y%m%d}/{kind}", at)
        yield good._replace(**damage)  # type: ignore[arg-type]
