"""What every side has to say, so that all of them can be seen to say the same."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from signalq_billing.domain.activity import BAD_ROW_REASONS, ParkActivity


def answer(
    names: Sequence[tuple[bytes, bytes]], seconds: npt.ArrayLike, rows_read: int, bad_rows: Mapping[str, int]
) -> dict[str, Any]:
    """Of lines named (park, device), in bytewise order, with a row of whole seconds per day each."""
    told = b"\n".join(park + b"\t" + device for park, device in names)
    digest = hashlib.sha256(told + np.ascontiguousarray(seconds, dtype="<i4").tobytes())
    bad = {reason: int(bad_rows[reason]) for reason in BAD_ROW_REASONS if bad_rows.get(reason)}
    return {"lines": len(names), "sha256": digest.hexdigest(), "rows_read": int(rows_read), "bad_rows": bad}


def answer_of_parks(parks: Iterable[ParkActivity], rows_read: int, bad_rows: Mapping[str, int]) -> dict[str, Any]:
    """The same from the product's own values."""
    lines = [(park.park_id.encode(), each) for park in parks for each in park.devices]
    names = [(park, each.device_id.encode()) for park, each in lines]
    return answer(names, [each.day_seconds for _, each in lines], rows_read, bad_rows)
