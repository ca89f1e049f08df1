"""Tables in task logs: what was read of the source is told with its bad rows."""

import logging

import pytest

from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.orchestration.tables import log_source
from tests.unit.domain.builders import period


def test_what_was_read_is_logged_with_bad_rows_by_reason_and_examples(caplog: pytest.LogCaptureFixture) -> None:
    bad = BadRows({"status_missing": 2}, 4000, ({"reason": "status_missing", "park_id": "p", "status": None},))
    with caplog.at_level(logging.INFO):
        log_source(ActivitySnapshot(period(), "//r", period().end, 5000, bad, period().end))
    assert caplog.messages == [
        "source: 5000 rows read, watermark 2026-11-22 21:00:00+00:00",
        "2 of 4,000 rows are bad: status_missing 2",
        'bad row, left out: status_missing: park_id "p", status null',
    ]
