"""What is told of a connection or a query that failed: its innermost reason, and what to do."""

import pytest
from yt.wrapper import YtClient

from signalq_billing.adapters.transport_error import innermost
from signalq_billing.adapters.ytsaurus.failures import query_error, reasons
from signalq_billing.devstack.postgres import free_port
from signalq_billing.errors import SourceInvalid

AT_ONCE = {"proxy": {"retries": {"enable": False}, "connect_timeout": 500, "request_timeout": 1000}}


def test_a_refused_connection_is_told_without_the_names_of_objects() -> None:
    with pytest.raises(Exception, match="Max retries exceeded") as raised:
        YtClient(proxy=f"127.0.0.1:{free_port()}", config=AT_ONCE).get("//tmp")

    told = reasons(raised.value)

    assert told == "ConnectionError: Failed to establish a new connection: [Errno 111] Connection refused"


def test_an_exception_that_says_nothing_is_told_by_its_name() -> None:
    assert innermost(TimeoutError()) == "TimeoutError"


def test_causes_in_a_circle_end() -> None:
    outer, inner = RuntimeError("outer"), RuntimeError("inner")
    outer.args, inner.args = ("outer", inner), ("inner", outer)

    assert innermost(outer) == "inner"


def test_states_that_do_not_fit_are_no_passing_trouble_and_say_what_helps() -> None:
    message = (
        "Code: 395. signalq-billing: too many different parks and statuses for a period and lookback of this length"
    )

    error = query_error({"code": 1, "message": message}, "extracting weekly 2026-11-02")

    assert isinstance(error, SourceInvalid)
    assert "shorten lookback_days of source.yaml" in str(error)
