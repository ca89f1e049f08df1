"""A town of parks in every state a payout can be in, over several periods, by the product's own store."""

import datetime as dt
from decimal import Decimal

from sqlalchemy import Engine, text

from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.activity import ActivitySnapshot, BadRows, DeviceActivity
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import Limits
from signalq_billing.domain.order import Created, Outcome, Rejected, Unavailable, Unknown
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, PayoutProgress
from tests.unit.domain.builders import WEEKLY, config, period

LEASE = dt.timedelta(minutes=10)
CREATED, HELD, REJECTED, UNKNOWN, FAILED, NOT_CREATED, IN_PROGRESS, ZERO = (
    *("created", "held", "rejected", "unknown", "failed", "not_created", "in_progress", "zero"),
)
_ANSWERS: dict[str, Outcome] = {
    REJECTED: Rejected(422, "contract of the park has ended"),
    UNKNOWN: Unknown("billing-orders did not answer within 30 s"),
    FAILED: Unavailable("503: maintenance", definite=True, retry_after=None),
}


def devices(number: int, days: int = 7, of: int = 7) -> list[DeviceActivity]:
    """`number` cameras, active for `days` days or a few less."""
    return [
        DeviceActivity(f"cam-{n:04}", (30_000 + 7 * n,) * max(days - n % 3, 0) + (0,) * (of - max(days - n % 3, 0)))
        for n in range(1, number + 1)
    ]


def parks(engine: Engine, states: dict[str, str], when: Period | None = None, cameras: int = 3) -> list[PayoutProgress]:
    """One payout per park of `states`, brought into that state; a zero one has silent cameras."""
    when, store = when or period(), PostgresPayoutStore(engine)
    configs = [config(park_id=park, limits=Limits(device_max=Decimal(50))) for park in states]
    PostgresConfigStore(engine).apply(configs, "cli anna@desk")
    snapshot = ActivitySnapshot(when, "//result", when.end, 482_573, BadRows(), when.end)
    snapshot_id = store.save_snapshot(snapshot, "airflow compute")
    made = [
        compute_payout(each, when, devices(cameras + number % 5, 0 if states[each.park_id] == ZERO else 7))
        for number, each in enumerate(configs)
    ]
    store.store(made, snapshot_id, "airflow compute")
    for payout in store.payouts(when.cadence, when.name, list(states)):
        bring(store, payout, states[payout.park_id])
    return store.payouts(when.cadence, when.name, list(states))


def bring(store: PostgresPayoutStore, payout: PayoutProgress, state: str) -> None:
    """Bring a payout that is not created into `state`."""
    if state == HELD:
        store.hold(payout.payout_id, "total 310.00 RUB is 3.1 times the median of the last 6 periods", "guard")
    if state in {NOT_CREATED, ZERO, HELD}:
        return
    for order in payout.orders:
        claim = store.claim(order.order_id, "airflow submit", LEASE)
        assert isinstance(claim, Claim)
        if state != IN_PROGRESS:
            created = Created(f"doc-{order.order_id}")
            store.record(claim, _ANSWERS.get(state, created), "airflow submit")


def weeks(newest: Period, number: int) -> list[Period]:
    """`number` weekly periods up to `newest`, the oldest first."""
    return [WEEKLY.starting(newest.name - dt.timedelta(weeks=back)) for back in reversed(range(number))]


def expire_holds(engine: Engine) -> None:
    """Let every hold have waited for two days."""
    moved = "UPDATE payout SET held_at = held_at - interval '2 days', hold_expires_at = held_at - interval '1 day'"
    with engine.begin() as connection:
        connection.execute(text(f"{moved} WHERE hold_reason IS NOT NULL"))


def adjust(engine: Engine, park: str, days: int) -> None:
    """Compute a paid park anew, its three cameras active for `days` days only: the difference is a later revision."""
    store, when = PostgresPayoutStore(engine), period()
    snapshot = ActivitySnapshot(when, "//later", when.end, 482_573, BadRows(), when.end)
    (config_,) = PostgresConfigStore(engine).current([park])
    again = compute_payout(config_, when, devices(3, days))
    PostgresAdjustments(engine).adjust([again], store.save_snapshot(snapshot, "airflow adjust"), "airflow adjust")


# A park of every kind that a page shows.
STATES = {
    "park-held": HELD,
    "park-created": CREATED,
    "park-unknown": UNKNOWN,
    "park-zero": ZERO,
}
