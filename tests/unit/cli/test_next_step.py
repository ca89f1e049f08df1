"""After an error: one line that says what to do, and a page that is there."""

import inspect
from pathlib import Path

import pytest

from signalq_billing import errors
from signalq_billing.cli.next_step import next_step, page_of
from signalq_billing.errors import SignalqBillingError, StorageUnavailable, UsageError

RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook"
KINDS = [
    each
    for each in vars(errors).values()
    if inspect.isclass(each) and issubclass(each, SignalqBillingError) and each.__name__ not in {"Refused"}
]


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.__name__)
def test_the_page_that_is_named_exists(kind: type[SignalqBillingError]) -> None:
    assert (RUNBOOK / page_of(kind)).exists()


def test_an_outage_names_the_command_that_tells_more() -> None:
    step = next_step(StorageUnavailable("PostgreSQL: connection refused"))
    assert "signalq-billing doctor" in step
    assert "storage-unavailable.md" in step


def test_a_slip_says_itself_what_would_be_right() -> None:
    assert next_step(UsageError("did you mean msk-arbat?")) == ""


def test_an_error_that_has_no_page_names_none() -> None:
    class OfTheLocalStack(SignalqBillingError):
        pass

    assert next_step(OfTheLocalStack("a port is taken")) == ""
