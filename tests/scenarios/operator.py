"""A person at a shell with a local stack of their own, for scenarios."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from signalq_billing.devstack.home import Home
from signalq_billing.devstack.memory import Memory

COMMAND = Path(sys.executable).with_name("signalq-billing")


class Operator:
    """A person at a shell that has nothing but HOME and PATH."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(directory / "stack")
        (directory / "home").mkdir()
        self.environment = {
            "HOME": str(directory / "home"),
            "PATH": os.environ["PATH"],
            "SIGNALQ_BILLING_DEV_DATA": str(self.home.path),
            # As in production, only sooner: whoever is killed is missed after seconds, not after ten minutes.
            "SIGNALQ_BILLING_LEASE_SECONDS": "15",
            "SIGNALQ_BILLING_RETRY_DELAY_SECONDS": "4",
            "SIGNALQ_BILLING_RETRY_MAX_DELAY_SECONDS": "8",
            "SIGNALQ_BILLING_APPROVAL_POLL_SECONDS": "5",
            "SIGNALQ_BILLING_NOTIFIER_WEBHOOK": "signalq_alerts",  # a connection that one of the scenarios makes
        }

    def types(self, *words: str, more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **(more or {})}
        return subprocess.run([COMMAND, *words], env=environment, capture_output=True, text=True, timeout=800)

    def does(self, *words: str, more: dict[str, str] | None = None) -> str:
        done = self.types(*words, more=more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def exports(self) -> dict[str, str]:
        script = (
            f'eval "$({COMMAND} dev env)"; "{sys.executable}" -c "import os, json; print(json.dumps(dict(os.environ)))"'
        )
        printed = subprocess.run(["sh", "-c", script], env=self.environment, capture_output=True, text=True, timeout=60)
        found: dict[str, str] = json.loads(printed.stdout)
        return found

    def payouts(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.does("status", "--json", more=self.exports()))["payouts"]
        return found

    def orders(self) -> list[dict[str, object]]:
        """What billing-orders has, asked directly."""
        memory = Memory(self.home.memory)
        token = {"Authorization": f"Bearer {memory.secret('billing-orders')}"}
        base = f"http://127.0.0.1:{memory.port('billing-orders')}/v1/orders"
        found: list[dict[str, object]] = []
        for cadence, period in {(str(each["cadence"]), str(each["period"])) for each in self.payouts()}:
            query: dict[str, str] = {"cadence": cadence, "period": period}
            while True:
                page = requests.get(base, params=query, headers=token, timeout=30).json()
                found += page["orders"]
                if not page["cursor"]:
                    break
                query["cursor"] = page["cursor"]
        return found


def weeks_ago(operator: Operator, weeks: int) -> str:
    """A weekly period that no other test pays."""
    newest = max(str(each["period"]) for each in operator.payouts() if each["cadence"] == "weekly_msk")
    return (dt.date.fromisoformat(newest) - dt.timedelta(weeks=weeks)).isoformat()


def paid_in(operator: Operator, period: str) -> dict[str, dict[str, Any]]:
    return {
        str(each["park_id"]): each
        for each in operator.payouts()
        if (each["cadence"], each["period"]) == ("weekly_msk", period)
    }
