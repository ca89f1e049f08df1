"""A wrong config was applied, and a park disputes what it was paid: what an operator does from the runbook's pages."""

import datetime as dt
import json

import pytest

from tests.rehearsals.conftest import Desk
from tests.rehearsals.pages import blocks
from tests.rehearsals.test_by_hand import week

pytestmark = pytest.mark.timeout(1500)

WRONG, DISPUTED = "msk-arbat", "msk-sokol"


@pytest.fixture(scope="module")
def paid(desk: Desk) -> str:
    """A week of which two parks are paid."""
    period = week(1)
    desk.does("run", "-c", "weekly_msk", "-p", period, "--park", WRONG, "--park", DISPUTED)
    return period


def test_a_park_that_disputes_a_payout_is_shown_it_down_to_the_seconds(desk: Desk, paid: str) -> None:
    printed = desk.does("preview", "-c", "weekly_msk", "-p", paid, "--park", DISPUTED, "--json")
    (park,) = json.loads(printed[printed.index("{") :])["parks"]
    device = next(line["device_id"] for line in park["lines"] if line["reason"] is None)
    day = (dt.date.fromisoformat(paid) + dt.timedelta(days=2)).isoformat()
    words = {"PARK": DISPUTED, "DEVICE": device, "2026-11-16": paid, "2026-11-18": day}
    (commands,) = blocks("disputed-payout", words)
    told = desk.follows(commands)
    assert f"{device} in park {DISPUTED}" in told
    assert "1 of 1 parks are as stored, to the line" in told


@pytest.mark.usefixtures("as_it_was")
def test_a_config_that_was_wrong_is_corrected_and_the_difference_paid_by_the_page(desk: Desk, paid: str) -> None:
    looked, applied, adjusted, done = blocks("wrong-config", {"PARK": WRONG, "2026-11-16": paid})
    assert "yes" in desk.follows(looked)
    before = len(desk.books())
    parks = desk.config / "parks" / "weekly_msk.yaml"
    right = f"- {{park_id: {WRONG}, effective_from: {paid}, cadence: weekly_msk, tariff: per_day}}\n"
    parks.write_text(parks.read_text() + right)
    assert "what was paid stays" in desk.follows(applied)
    desk.follows(adjusted)
    assert [each["revision"] for each in desk.status(paid).values() if each["park_id"] == WRONG] == [2]
    after = len(desk.books())
    assert "1 of 1 parks were paid what a recompute pays" in desk.follows(done)
    assert len(desk.books()) == after <= before + 1
