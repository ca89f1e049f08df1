"""Times and durations for people: on the clocks of a period's zone, to the second."""

import datetime as dt

from signalq_billing.domain.period import Period, zone


def instant(at: dt.datetime, period: Period) -> str:
    """An instant on the clocks of the period's zone, to the second."""
    return f"{at.astimezone(zone(period.timezone)):%Y-%m-%d %H:%M:%S}"


def clock(at: dt.datetime, period: Period, end_of: dt.datetime | None = None) -> str:
    """The time of day on the clocks of the period's zone, to the second; the end of a day is 24:00:00."""
    if end_of is not None and at == end_of:
        return "24:00:00"
    return f"{at.astimezone(zone(period.timezone)):%H:%M:%S}"


def duration(microseconds: int) -> str:
    """Hours, minutes and seconds: 5:12:33; what is beyond whole seconds only where there is any."""
    seconds, micros = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    text = f"{minutes // 60}:{minutes % 60:02}:{second:02}"
    return f"{text}.{micros:06}" if micros else text
