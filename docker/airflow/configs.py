"""Apply the configs of SIGNALQ_BILLING_CONFIG; a directory named `sample` is filled first, and its history written."""

import datetime as dt
import os
from pathlib import Path

from signalq_billing.devstack.sample.seed import apply, prepare_configs, write_history


def main() -> None:
    directory, now = Path(os.environ["SIGNALQ_BILLING_CONFIG"]), dt.datetime.now(dt.UTC)
    sample = directory.name == "sample"
    configs = prepare_configs(directory, sample, now, print)
    apply(os.environ, configs, print)
    if sample:
        write_history(os.environ, configs, now, print)


if __name__ == "__main__":
    main()
