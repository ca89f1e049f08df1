"""Where status_history lies and how it is to be read: source.yaml as a value (SPEC sections 3 and 10)."""

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction

MAX_WATERMARK = "max"


@dataclass(frozen=True, slots=True)
class SourceColumns:
    """The columns of status_history under the names they have there; `event_id` None where there is none."""

    park_id: str = "park_id"
    device_id: str = "device_id"
    status: str = "status"
    status_at: str = "status_at"
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One status_history and what surrounds it.

    `watermark` is "max" (of status_at) or the path of an attribute. `result_directory` is where result tables go,
    `clique` the CHYT clique that computes them. `bad_row_share` above 1 never stops a run.
    """

    table: str
    result_directory: str
    columns: SourceColumns = field(default_factory=SourceColumns)
    watermark: str = MAX_WATERMARK
    lookback_days: int = 30
    replica_lag_allowance: dt.timedelta = dt.timedelta(minutes=15)
    bad_row_share: Fraction = Fraction(1, 1000)
    clique: str = "ch_public"
