"""What an alert about a service that is down tells somebody to do."""

import datetime as dt

import pytest

from signalq_billing.services.watching.dependencies import dependencies_down

NOW = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(("name", "command"), [("Airflow", "watch"), ("PostgreSQL", "doctor"), ("YTsaurus", "doctor")])
def test_what_is_down_names_the_command_that_sees_it_work_again(name: str, command: str) -> None:
    (alert,) = dependencies_down({name: "it does not answer"}, [name], [], NOW).alerts
    assert alert.do[-1] == f"`signalq-billing {command}` tells when it works again."


def test_nobody_is_told_to_pay_by_hand_while_postgresql_is_down() -> None:
    down = {"Airflow": "it does not answer", "PostgreSQL": "it does not answer"}
    airflow, _ = dependencies_down(down, [*down], [], NOW).alerts
    assert "by hand" not in " ".join(airflow.do)
    assert airflow.do[0].startswith("PostgreSQL is down too")
