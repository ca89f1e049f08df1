"""This machine's clock."""

import datetime as dt
import time

# CLOCK_MONOTONIC stands still on Linux while the machine is suspended; leases do not.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The time of this machine, aware and in UTC."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def elapsed(self) -> float:
        """Seconds since the machine was started, suspended ones among them."""
        return time.clock_gettime(_ELAPSED)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
