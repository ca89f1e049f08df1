"""Imported by every program of Airflow when it starts: what children need is imported before forking."""

import sys

from signalq_billing.orchestration import before_fork

before_fork.load(sys.argv)
