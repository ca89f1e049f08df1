"""A rejected payout that is formed anew: its keys are retired for ever, and the next revision stands for it."""

import datetime as dt
from decimal import Decimal

import pytest

from signalq_billing.domain.adjustment import Retirement, Step
from signalq_billing.domain.order import Created, Rejected, Unknown
from signalq_billing.domain.period import Period
from signalq_billing.errors import Refused
from tests.integration.postgres.adjustments import NEXT, Payer
from tests.integration.postgres.factories import WEEK

D = Decimal


def retirement(payer: Payer) -> Retirement:
    made = payer.payouts()[-1]
    fencings = payer.world.rows("SELECT id, fencing FROM payout_order WHERE payout_id = %s ORDER BY id", made.payout_id)
    return Retirement(made.payout_id, tuple((row["id"], row["fencing"]) for row in fencings), "ada", "new account")


def test_a_rejected_payout_is_formed_anew_under_the_next_revision(payer: Payer) -> None:
    payer.run({"cam-1": "10.00"})
    payer.reject()
    done = payer.adjust({"cam-1": "12.00"}, retirement(payer))
    assert (done.step, done.retired, done.revision, done.ordered) == (Step.STORED, 1, 2, D("12.00"))
    first, second = payer.payouts()
    assert (first.retired, first.hold_reason, second.retired) == (True, None, False)
    assert payer.world.actions()[-2:] == ["retired", "stored"]
    payer.pay()
    assert [each.payment_progress.value for each in payer.payouts()] == ["not_created", "created"]
    assert payer.adjust({"cam-1": "12.00"}).step is Step.NOTHING


def test_a_retired_payout_owes_again_what_it_carried(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    paid.reject()
    assert paid.debt() == 0
    done = paid.adjust({"cam-1": "12.00"}, retirement(paid), period=NEXT)
    assert (done.carried, done.ordered) == (D("-5.00"), D("7.00"))


@pytest.mark.parametrize("then", [Created("doc"), Unknown("cut"), Rejected(422, "no")])
def test_a_payout_that_moved_since_billing_orders_was_asked_is_not_retired(payer: Payer, then: object) -> None:
    made = payer.run({"cam-1": "10.00"})
    payer.reject()
    looked_at = retirement(payer)
    payer.world.payouts.release(made.payout_id, "bob", "mended")
    payer.pay(then)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="changed while billing-orders was asked"):
        payer.adjustments.adjust(
            [payer.computed({"cam-1": "12.00"})], payer.snapshot_id(WEEK), "adjust", {"park-1": looked_at}
        )
    assert not payer.payouts()[0].retired


def test_an_order_once_sent_without_a_definite_answer_is_never_retired(payer: Payer) -> None:
    payer.run({"cam-1": "10.00"})
    payer.pay(Unknown("cut"))
    order = payer.payouts()[0].orders[0]
    claim = payer.world.payouts.claim_stale(order.order_id, "reconcile", dt.timedelta(minutes=1))
    payer.world.payouts.record(claim, Rejected(422, "no"), "reconcile")  # type: ignore[arg-type]
    with pytest.raises(Refused):
        payer.adjustments.adjust(
            [payer.computed({"cam-1": "12.00"})], payer.snapshot_id(WEEK), "adjust", {"park-1": retirement(payer)}
        )


def test_nothing_is_retired_where_nothing_could_stand_for_it(payer: Payer) -> None:
    payer.run({"cam-1": "10.00"})
    payer.reject()
    longer = Period(WEEK.cadence, WEEK.name, dt.date(2026, 11, 24), WEEK.timezone)
    with pytest.raises(Refused, match="nothing was retired"):
        payer.adjustments.adjust(
            [payer.computed({"cam-1": "12.00"}, period=longer)],
            payer.snapshot_id(WEEK),
            "adjust",
            {"park-1": retirement(payer)},
        )
    assert not payer.payouts()[0].retired
