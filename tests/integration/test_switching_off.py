"""The kill switch, switched on while orders are being sent: what is not sent by then stays."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.errors import ConfigInvalid, Held
from signalq_billing.orchestration import bootstrap
from signalq_billing.services.guards import KillSwitch
from signalq_billing.settings import settings
from tests.integration.payments import ImpatientClock, computed, progress, submitter

PARKS = [f"park-{number}" for number in range(6)]


class QuickClock(ImpatientClock):
    """Three seconds go by between any two looks."""

    def __init__(self, seconds: float = 3.0) -> None:
        super().__init__()
        self._seconds, self._looks = seconds, 0

    def elapsed(self) -> float:
        self._looks += 1
        return self._seconds * self._looks


def after(looks: int, error: Exception | None = None) -> Callable[[], bool]:
    """Off for so many looks, then on, or beyond reading."""
    looked = iter(range(1000))

    def read() -> bool:
        on = next(looked) >= looks
        if on and error:
            raise error
        return on

    return read


def test_a_switch_that_is_switched_on_stops_the_orders_that_are_left(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine, PARKS)
    sending = submitter(engine, billing, concurrency=1, clock=QuickClock(0.9), kill_switch=after(2))
    with pytest.raises(Held, match=r"kill_switch is on in guards\.yaml.*\(2 orders were created before, 4 were left\)"):
        sending.submit(payouts)
    assert len(billing.books()["orders"]) == 2
    left = [payout for payout in progress(engine) if not payout.settled]
    assert {(payout.payment_progress, payout.hold_reason) for payout in left} == {(PaymentProgress.NOT_CREATED, None)}
    assert submitter(engine, billing).submit(progress(engine)).created == 4


def test_an_order_is_not_tried_again_once_it_is_on(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(503, times=None)
    with pytest.raises(Held):
        submitter(engine, billing, tries=4, clock=QuickClock(), kill_switch=after(1)).submit(computed(engine))
    assert progress(engine)[0].orders[0].attempts == 1


def test_settings_that_cannot_be_read_any_more_stop_the_orders_too(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    broken = after(1, ConfigInvalid([]))
    sending = submitter(engine, billing, concurrency=1, clock=QuickClock(), kill_switch=broken)
    with pytest.raises(Held, match="cannot be read"):
        sending.submit(computed(engine, PARKS))
    assert len(billing.books()["orders"]) < len(PARKS)


def test_a_switch_is_looked_at_every_two_seconds_at_most_and_stays_on() -> None:
    looks: list[bool] = []
    switch = KillSwitch(lambda: bool(looks.append(True)), QuickClock(0.1))
    assert not any(switch.on() for _ in range(41))
    assert len(looks) == 2 + 1
    on = KillSwitch(after(0), QuickClock(0.1))
    assert on.on()
    assert on.on()


@pytest.mark.parametrize("read", [lambda: Wiring()._kill_switch(), bootstrap._kill_switch])
def test_both_ways_in_read_the_file_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[], bool]
) -> None:
    monkeypatch.setenv("SIGNALQ_BILLING_CONFIG", str(tmp_path))
    settings.cache_clear()
    assert not read()
    for text, on in (("kill_switch: true\n", True), ("kill_switch: false\n", False)):
        (tmp_path / "guards.yaml").write_text(text)
        assert read() is on
    (tmp_path / "guards.yaml").write_text("kill_switch: perhaps\n")
    with pytest.raises(ConfigInvalid):
        read()
