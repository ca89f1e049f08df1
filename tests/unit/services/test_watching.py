"""What an alert about a service that is down tells somebody to do."""

import datetime as dt

import pytest

from signalq_billing.services.watching.dependencies import dependencies_down

NOW = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(("name", "command"), [("Airflow", "watch"), ("PostgreSQL", "doctor"), ("YTsaurus", "doctor")])
def test_what_is_down_names_the_command_that_sees_it_work_again(name: str, command: str) -> None:
    (alert,) = dependencies_down({name: "it does not answer"}, [name], [], NOW).alerts
    assert alert.do[-1] == f"`signalq-billing {command}` tells when it works again."
