"""There is one way to billing-orders, and the guards stand in it: read off the code itself, whatever runs it.

import-linter holds who may import the sender and the client (pyproject.toml); this holds who may call them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
    for folder in ("signalq_billing", "dags", "plugins")
    for path in (ROOT / folder).rglob("*.py")
    if "devstack" not in path.parts
}
SENDING, SUBMIT = "signalq_billing/services/sending.py", "signalq_billing/services/submit.py"
ROOTS = ["signalq_billing/cli/bootstrap.py", "signalq_billing/orchestration/bootstrap.py"]
CLIENT = "signalq_billing/adapters/billing_orders/client.py"
OTHER_CLIENTS = "signalq_billing/adapters/ytsaurus/"  # it creates tables
# What browsers send to us, and what tells people; neither may know billing-orders' client (import-linter).
POSTING_ELSEWHERE = {"signalq_billing/web/actions.py", "signalq_billing/adapters/notifying/webhook.py"}
# Alerts are claimed too, by whoever tells them.
CLAIMING_ALERTS = {"signalq_billing/services/telling.py", "signalq_billing/adapters/postgres/tellings.py"}


def attributes(name: str) -> list[str]:
    """Every place, file by file, where something of that name is taken from an object, called or not."""
    return [
        path for path, tree in CODE.items() for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == name
    ]  # fmt: skip


def calls(name: str, tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == name)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_orders_are_created_in_one_place() -> None:
    assert [path for path in attributes("create") if not path.startswith(OTHER_CLIENTS)] == [SENDING]


def test_the_client_sends_in_one_place() -> None:
    said = [
        path for path, tree in CODE.items() for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == "POST"
    ]  # fmt: skip
    assert said == [CLIENT]
    assert set(attributes("post")) == POSTING_ELSEWHERE
    (create,) = [node for node in ast.walk(CODE[CLIENT]) if isinstance(node, ast.FunctionDef) and node.name == "create"]
    assert any(isinstance(node, ast.Constant) and node.value == "POST" for node in ast.walk(create))


@pytest.mark.parametrize("claim", ["claim", "claim_stale"])
def test_orders_are_claimed_where_they_are_sent(claim: str) -> None:
    store = "signalq_billing/adapters/postgres/payout_store.py"  # hands the call on
    assert sorted(path for path in attributes(claim) if path not in CLAIMING_ALERTS) == [store, SENDING]


@pytest.mark.parametrize("path", sorted(POSTING_ELSEWHERE | CLAIMING_ALERTS))
def test_who_posts_or_claims_something_else_knows_neither_orders_nor_billing_orders(path: str) -> None:
    imported = {
        name for node in ast.walk(CODE[path]) if isinstance(node, ast.ImportFrom)
        for name in (node.module or "", *(each.name for each in node.names))
    }  # fmt: skip
    assert not {each for each in imported if "billing_orders" in each}
    assert not imported & {
        "BillingOrders",
        "PayoutStore",
        "claims",
        "payout_order",
        "Sender",
        "Submitter",
    }


def test_the_sender_is_asked_by_submit_alone() -> None:
    assert attributes("bring_forward") == [SUBMIT]
    assert set(attributes("sender")) == {SUBMIT}
    assert [path for path, tree in CODE.items() if list(calls("_called", tree))] == [SENDING]


def test_a_sender_is_made_for_a_submitter_with_the_guards_of_the_config_and_nothing_else() -> None:
    assert sorted(path for path, tree in CODE.items() if list(calls("Sender", tree))) == ROOTS
    assert sorted(path for path, tree in CODE.items() if list(calls("Submitter", tree))) == ROOTS
    for path in ROOTS:
        (submitter,) = calls("Submitter", CODE[path])
        used = [node for node in ast.walk(CODE[path]) if isinstance(node, ast.Name) and node.id == "sender"]
        handed_on = [argument for argument in submitter.args if isinstance(argument, ast.Name)]
        assert [node for node in used if isinstance(node.ctx, ast.Load)] == [
            node for node in handed_on if node.id == "sender"
        ]
        assert ast.unparse(submitter.args[2]) in {"self.config.guards", "config().guards"}
        assert ast.unparse(submitter.args[4]) in {"self._kill_switch", "_kill_switch"}


def test_nobody_asks_for_these_by_text() -> None:
    """`getattr(billing, "create")` would go unseen."""
    hidden = {"create", "bring_forward", "claim", "sender", "billing"}
    for path, tree in CODE.items():
        for call in calls("getattr", tree):
            assert not hidden & {node.value for node in call.args if isinstance(node, ast.Constant)}, path
