"""Warnings of the config commands: what thousands of parks share is one line."""

import pytest

from signalq_billing.cli.config_reading import tell_warnings
from signalq_billing.errors import ConfigProblem


def test_a_warning_that_all_parks_share_leaves_room_for_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    shared = [ConfigProblem("f", n, f"park-{n}", "effective_from", "is late", shared=True) for n in range(10_000)]
    tell_warnings([*shared, ConfigProblem("f", 1, "other", "x", "has no effect")])
    assert capsys.readouterr().err.splitlines() == [
        "warning: f: park park-0 effective_from: is late (and so for 9,999 more)",
        "warning: f:1: park other x: has no effect",
    ]
