"""`adjust` as people type it, and what `explain` says of what was adjusted."""

import datetime as dt
import json
from decimal import Decimal

import pytest
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.cli import adjust as adjust_command
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.explain_document import explanation_document
from signalq_billing.cli.explain_text import explanation_text
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.configs import ServiceConfig
from signalq_billing.domain.guards import Guards
from signalq_billing.errors import SignalqBillingError
from tests.integration.payments import ImpatientClock
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.desk import LATE, Desk, paid_desk, rejected_desk
from tests.integration.ytsaurus.paid_week import PARK, WEEKLY, at, event

D = Decimal


@pytest.fixture
def desk(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    return paid_desk(engine, cluster, billing)


@pytest.fixture
def rejected(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> Desk:
    return rejected_desk(engine, cluster, billing)


class Shell:
    """The command line of an operator whose connections lead to the desk's services."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        made = desk.adjuster()
        settings = ServiceConfig(cadences={WEEKLY.name: WEEKLY}, source=desk.source, guards=Guards(), warnings=())
        parts = {"engine": desk.engine, "config": settings, "activity": made.activity, "billing": made.billing}
        for name, part in {**parts, "submitter": made.submitter, "clock": ImpatientClock()}.items():
            monkeypatch.setattr(Wiring, name, part)
        self.app = typer.Typer()
        adjust_command.mount(self.app)

    def types(self, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(self.app, list(words))
        if isinstance(result.exception, SignalqBillingError):
            return result.exception.exit_code, str(result.exception)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout


@pytest.fixture
def shell(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(desk, monkeypatch)


def test_the_command_line_shows_what_was_paid_what_is_due_and_what_happens(desk: Desk, shell: Shell) -> None:
    desk.add(*LATE)
    code, out = shell.types("-c", "weekly_msk", "-p", "2026-11-16", "--dry-run")
    assert code == 0
    assert "35.50" in out
    assert "48.00" in out
    assert "revision 2: order of 12.50" in out
    assert "dry run: nothing was stored or sent" in out
    code, out = shell.types("-c", "weekly_msk", "--window", "2", "--json")
    assert code == 0
    first, second = json.loads(out)["periods"]
    assert first["parks"] == []
    (park,) = second["parks"]
    assert (park["step"], park["paid"], park["recomputed"], park["difference"]) == ("stored", "35.50", "48.00", "12.50")
    assert second["orders"] == {"created": 1, "held": 0, "pending": 0}
    assert "1 of 1 parks were paid what a recompute pays" in shell.types("-c", "weekly_msk", "-p", "2026-11-16")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("-c", "weekly_msk"),
        ("-c", "weekly_msk", "-p", "2026-11-16", "--window", "2"),
        ("-c", "weekly_msk", "--window", "2", "--reform", PARK),
        ("-c", "weekly_msk", "-p", "2026-11-16", "--reform", PARK, "--by", "ada"),
        ("-c", "weekly", "-p", "2026-11-16"),
    ],
)
def test_what_cannot_be_meant_is_bad_usage(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell.types(*words)[0] == 2


def test_what_needs_a_person_shows_in_the_exit_code(desk: Desk, shell: Shell) -> None:
    desk.applies(ParkConfig(PARK, dt.date(2026, 11, 16), WEEKLY.name, None))
    code, out = shell.types("-c", "weekly_msk", "-p", "2026-11-16")
    assert code == 1
    assert "NOT ADJUSTED: no config in force pays it" in " ".join(out.split())


def test_a_rejected_payout_is_formed_anew_from_the_command_line(
    rejected: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(rejected, monkeypatch)
    left = shell.types("-c", "weekly_msk", "-p", "2026-11-16")
    assert left[0] == 3
    named = ("--by", "Ann Lee", "--note", "new account")
    code, out = shell.types("-c", "weekly_msk", "-p", "2026-11-16", "--reform", PARK, *named)
    assert code == 0
    assert "the keys of revision 1 are retired for ever; revision 2: order of 35.50" in " ".join(out.split())
    assert rejected.amounts() == [(2, "35.50", "0.00")]


def test_an_explanation_sums_up_the_revisions_and_tells_what_each_of_them_paid(desk: Desk) -> None:
    desk.add(*LATE)
    desk.adjusts()
    told = desk.explain("cam-good", intervals=False)
    text = " ".join(explanation_text(told).split())
    assert "earned 48.00 RUB (35.50 by revision 1, 12.50 by revision 2)" in text
    assert "! " not in text  # the arithmetic shown is that of all revisions together
    assert "Revision 2: 12.50 RUB for the park, 12.50 RUB for this device." in text
    document = explanation_document(told)
    assert (document["amount"], document["payout"]["total"], document["payout"]["stored_total"]) == ("48.00",) * 3
    assert [(each["revision"], each["amount"]) for each in document["orders"]] == [(1, "35.50"), (2, "12.50")]
    assert [len(each["attempts"]) for each in document["orders"]] == [1, 1]


def test_an_explanation_of_a_device_that_is_gone_says_that_it_was_taken_back(desk: Desk) -> None:
    desk.cluster.client.remove(desk.source.table)
    desk.cluster.status_history([event("cam-clock", "online", at(23, "04:30"), "park-other")])
    desk.adjusts(rows_may_be_gone=True)
    told = desk.explain("cam-good", intervals=False)
    text = " ".join(explanation_text(told).split())
    assert "earned nothing" in text
    assert "it was taken back" in text
    assert "! " not in text  # the arithmetic shown is that of all revisions together
    assert explanation_document(told)["amount"] == "0.00"
