"""How our errors look to Airflow: what waiting cannot mend fails at once, everything else is retried."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from airflow.sdk.exceptions import AirflowFailException

from signalq_billing.errors import (
    BadRowsExceeded,
    BillingMisconfigured,
    Held,
    IdempotencyConflict,
    MigrationsMissing,
    PeriodNotOver,
    SourceInvalid,
    UsageError,
)

_FINAL = (
    BadRowsExceeded,
    BillingMisconfigured,
    Held,
    IdempotencyConflict,
    MigrationsMissing,
    PeriodNotOver,
    SourceInvalid,
    UsageError,
)

P = ParamSpec("P")
R = TypeVar("R")


def told_to_airflow(body: Callable[P, R]) -> Callable[P, R]:
    """A task body whose final errors fail the task without retries."""

    @functools.wraps(body)
    def task_body(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return body(*args, **kwargs)
        except _FINAL as error:
            raise AirflowFailException(str(error)) from error

    return task_body
