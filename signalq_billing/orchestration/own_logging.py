"""Airflow sets logging up for itself when it is imported, onto standard output; a command's `--json` is there."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def own_logging() -> Iterator[None]:
    """Import Airflow in here: this process goes on logging as it did before, and Airflow does so too."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", logging.getLevelName(level))
    try:
        with redirect_stdout(sys.stderr):  # it logs while it is imported
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        _structlog_like(level)


def _structlog_like(level: int) -> None:
    import structlog

    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
