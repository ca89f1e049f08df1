"""What parks have been paid already, as far as changes of configs are held against it (SPEC sections 6 and 7)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ConfigSpan:
    """The time in which a park's version is in force: from `begins` until before `ends`, None for ever."""

    park_id: str
    begins: dt.datetime
    ends: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PaidSpan:
    """The paid periods that start within a span, so that its version would pay them: the first and last by name."""

    span: ConfigSpan
    first: dt.date
    last: dt.date
    count: int


@dataclass(frozen=True, slots=True)
class StoredTotal:
    """What is stored for one park over part of a period: the sum of all revisions of one payout, retired ones left
    out. `version` is the date of the config version its last revision was computed with."""

    park_id: str
    cadence: str
    period_name: dt.date
    start: dt.datetime
    end: dt.datetime
    currency: str
    total: Decimal
    version: dt.date
