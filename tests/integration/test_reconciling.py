"""Going on with what was left: found is not made, and nobody waits behind those that stay unknown."""

import datetime as dt

from sqlalchemy import Engine

from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.postgres.tables import payout, payout_order
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.progress import Claim
from signalq_billing.services.reconcile import ReconcileReport, reconcile
from tests.integration.disagreements import found, post
from tests.integration.payments import computed, submitter


class AlwaysThere:
    """A source that answers."""

    def ping(self) -> None:
        return


def settled(engine: Engine, billing: BillingOrdersProcess, **policy: object) -> ReconcileReport:
    submit = submitter(engine, billing, **policy)  # type: ignore[arg-type]
    store, api = PostgresPayoutStore(engine), submit.sender.billing
    return reconcile(activity=AlwaysThere(), payouts=store, billing=api, submitter=submit)  # type: ignore[arg-type]


def test_an_order_found_at_billing_orders_is_not_counted_as_created_now(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine, ["park-1", "park-2"])
    claim = PostgresPayoutStore(engine).claim(payouts[0].orders[0].order_id, "killed", dt.timedelta(0))
    assert isinstance(claim, Claim)
    post(billing, claim.body)
    report = settled(engine, billing).orders
    assert (report.created, report.found) == (1, 1)
    assert found(engine, billing) == []


def many_unknown(engine: Engine, count: int) -> None:
    """Payouts of a claim each whose lease ran out, copied from one that was computed."""
    computed(engine, ["old-000"])
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table, changed in (
            (payout, {"park_id": "'old-' || to_char(n, 'fm000')", "frozen_at": "now()"}),
            (
                payout_order,
                {"payout_id": "n + 1", "external_ref": "external_ref || n", "attempts": "1", "fencing": "1"},
            ),
        ):
            names = [column.name for column in table.columns if column.name != "id"]
            values = ", ".join(changed.get(name, name) for name in names)
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({', '.join(names)})"
                f" SELECT {values} FROM {table.name}, generate_series(1, {count - 1}) AS n"
            )
        connection.exec_driver_sql(
            "UPDATE payout_order SET payment_progress = 'in_progress', claimed_until = now() - interval '1 h',"
            " attempts = 1, fencing = 1, updated_at = now() - interval '1 h'"
        )


def test_payouts_that_stay_unknown_do_not_starve_a_new_one(engine: Engine, billing: BillingOrdersProcess) -> None:
    many_unknown(engine, 600)
    billing.faults.fail(503, call="find", times=None)
    computed(engine, ["new"])
    store = PostgresPayoutStore(engine)
    assert store.unfinished(1)[0].park_id == "new"
    first = settled(engine, billing, tries=1, give_up_after=10**6)
    assert (first.payouts, first.orders.created) == (500, 1)
    # Those that were not asked about yet come before those that were.
    assert [each.park_id for each in store.unfinished(101)] == [f"old-{n:03}" for n in range(499, 600)]
