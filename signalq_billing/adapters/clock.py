"""This machine's clock."""

import datetime as dt
import time


class SystemClock:
    """The time of this machine, aware and in UTC."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
