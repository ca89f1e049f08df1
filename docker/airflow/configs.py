"""Apply the configs of SIGNALQ_BILLING_CONFIG; a directory named `sample` is filled first, and its history written."""

import datetime as dt
import os
import subprocess
from pathlib import Path

from signalq_billing.devstack.sample.seed import seed


def main() -> None:
    directory = Path(os.environ["SIGNALQ_BILLING_CONFIG"])
    if directory.name == "sample":
        seed(os.environ, sample_config=True, now=dt.datetime.now(dt.UTC), say=print)
    else:
        subprocess.run(["signalq-billing", "config", "apply", str(directory)], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main()
