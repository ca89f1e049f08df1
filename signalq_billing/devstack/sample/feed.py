"""`python -m signalq_billing.devstack.sample.feed`: keeps the sample history fresh while the stack stays up. Without
news every later period would wait for its data. Nothing is written where `dev seed` has not written before.
"""

import datetime as dt
import os
import sys
import time

from signalq_billing.devstack.sample import seed

_LOOK_SECONDS = 60


def main() -> None:
    """Look once a minute, for ever; trouble is told and looked at again."""
    while True:
        time.sleep(_LOOK_SECONDS)
        try:
            seed.refresh(os.environ, dt.datetime.now(dt.UTC), print)
        except (
            Exception
        ) as error:  # the cluster may be away for a while; whatever it is, the next look may find it well
            print(f"not now: {type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
