"""Master transactions: leases kept alive by pings, nested ones, and how layers merge on commit and vanish on abort."""

from signalq_billing.devstack.ytsaurus import clock, yson
from signalq_billing.devstack.ytsaurus.database import Database, new_id
from signalq_billing.devstack.ytsaurus.errors import no_such_transaction
from signalq_billing.devstack.ytsaurus.locks import grant_pending
from signalq_billing.devstack.ytsaurus.view import NULL_TRANSACTION, Version, View
from signalq_billing.devstack.ytsaurus.yson import Yson

TRANSACTION_KIND = 1
DEFAULT_TIMEOUT_MS = 15_000
_LAYERED = (("node", "id"), ("child", "parent"), ("attribute", "node"))


def start(database: Database, parent: str, timeout_ms: int, deadline: float | None, attributes: dict[str, Yson]) -> str:
    parent = "" if parent == NULL_TRANSACTION else parent
    if parent and database.row("SELECT 1 FROM tx WHERE id = ?", parent) is None:
        raise no_such_transaction(parent)
    transaction_id = new_id(TRANSACTION_KIND)
    now = clock.now()
    database.run(
        "INSERT INTO tx VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(transaction_id, parent, timeout_ms, deadline, now + timeout_ms / 1000, now, yson.dumps(attributes)),
    )
    return transaction_id


def ping(database: Database, transaction_id: str, ancestors: bool) -> None:
    current = transaction_id
    while current:
        row = database.row("SELECT parent, timeout_ms FROM tx WHERE id = ?", current)
        if row is None:
            raise no_such_transaction(current)
        database.run("UPDATE tx SET expires = ? WHERE id = ?", clock.now() + int(str(row[1])) / 1000, current)
        current = str(row[0]) if ancestors else ""


def abort(database: Database, transaction_id: str) -> None:
    """Forget everything the transaction and those nested in it did."""
    if database.row("SELECT 1 FROM tx WHERE id = ?", transaction_id) is None:
        raise no_such_transaction(transaction_id)
    for (nested,) in database.rows("SELECT id FROM tx WHERE parent = ?", transaction_id):
        abort(database, str(nested))
    for table, _ in _LAYERED:
        database.run(f"DELETE FROM {table} WHERE tx = ?", transaction_id)
    database.run("DELETE FROM lock WHERE tx = ?", transaction_id)
    database.run("DELETE FROM tx WHERE id = ?", transaction_id)
    grant_pending(View(database))


def commit(database: Database, transaction_id: str) -> None:
    """Give the transaction's layer to its parent, or to everybody; nested ones that are still open are aborted."""
    row = database.row("SELECT parent FROM tx WHERE id = ?", transaction_id)
    if row is None:
        raise no_such_transaction(transaction_id)
    for (nested,) in database.rows("SELECT id FROM tx WHERE parent = ?", transaction_id):
        abort(database, str(nested))
    _drop_snapshots(database, transaction_id)
    source, target = View(database, transaction_id), View(database, str(row[0]))
    for (node_id,) in database.rows("SELECT id FROM node WHERE tx = ?", transaction_id):
        _merge_node(source, target, str(node_id))
    _merge_attributes(source, target)
    _merge_children(source, target)
    _pass_on_locks(database, transaction_id, target.tx)
    database.run("DELETE FROM tx WHERE id = ?", transaction_id)
    grant_pending(target)


def expire(database: Database) -> None:
    """Abort what nobody pings any more."""
    now = clock.now()
    for (transaction_id,) in database.rows("SELECT id FROM tx WHERE expires < ? OR deadline < ?", now, now):
        if database.row("SELECT 1 FROM tx WHERE id = ?", transaction_id) is not None:
            abort(database, str(transaction_id))


def renew_all(database: Database) -> None:
    """After a restart every lease starts anew, as on a master that has just recovered."""
    database.run("UPDATE tx SET expires = ? + timeout_ms / 1000.0", clock.now())


def destroy(view: View, node_id: str) -> None:
    """Remove a node and all below it from the view's own layer; snapshots of others keep their copies."""
    if view.layer(node_id, view.tx) is None:
        return
    below = view.database.rows("SELECT node FROM child WHERE parent = ? AND tx = ? AND node NOT NULL", node_id, view.tx)
    for (child,) in below:
        destroy(view, str(child))
    for table, column in _LAYERED:
        view.database.run(f"DELETE FROM {table} WHERE {column} = ? AND tx = ?", node_id, view.tx)
    if not view.tx:
        view.database.run("DELETE FROM expiry WHERE node = ?", node_id)


def _drop_snapshots(database: Database, transaction_id: str) -> None:
    for (node_id,) in database.rows("SELECT id FROM node WHERE tx = ? AND snapshot = 1", transaction_id):
        for table, column in _LAYERED:
            database.run(f"DELETE FROM {table} WHERE {column} = ? AND tx = ?", node_id, transaction_id)
    database.run("DELETE FROM lock WHERE tx = ? AND mode = 'snapshot'", transaction_id)


def _merge_node(source: View, target: View, node_id: str) -> None:
    ours, theirs = source.layer(node_id, source.tx), target.layer(node_id, target.tx)
    assert ours is not None
    source.database.run("DELETE FROM node WHERE id = ? AND tx = ?", node_id, source.tx)
    if theirs is None:
        ours.tx = target.tx
        if not target.tx:
            ours.state.pop("update", None)
            ours.state.pop("base", None)
        target.save(ours)
        return
    if _merge_state(ours, theirs, nested=bool(target.tx)):
        target.save(theirs)


def _merge_state(ours: Version, theirs: Version, nested: bool) -> bool:
    """Fold a branch's content into the version below it; False if the branch changed nothing."""
    update = ours.state.get("update")
    if update is None and ours.state["revision"] <= theirs.state["revision"]:
        return False
    if update == "append":
        theirs.state["chunks"] = [*theirs.state["chunks"], *ours.state["chunks"][ours.state["base"] :]]
        if nested and not theirs.state.get("update"):
            theirs.state["update"] = "append"
    elif update == "overwrite":
        kept = {key: theirs.state[key] for key in ("base",) if key in theirs.state}
        theirs.state = {**ours.state, **kept, "created": theirs.state["created"]}
        if not nested:
            theirs.state.pop("update", None)
            theirs.state.pop("base", None)
    for key in ("revision", "attribute_revision", "content_revision"):
        theirs.state[key] = max(theirs.state[key], ours.state[key])
    theirs.state["modified"] = max(theirs.state["modified"], ours.state["modified"])
    return True


def _merge_attributes(source: View, target: View) -> None:
    rows = source.database.rows("SELECT node, name, value FROM attribute WHERE tx = ?", source.tx)
    source.database.run("DELETE FROM attribute WHERE tx = ?", source.tx)
    for node, name, value in rows:
        target.set_attribute(str(node), str(name), value if isinstance(value, bytes) else None)


def _merge_children(source: View, target: View) -> None:
    rows = source.database.rows("SELECT parent, name, node FROM child WHERE tx = ?", source.tx)
    source.database.run("DELETE FROM child WHERE tx = ?", source.tx)
    for parent, name, node in rows:
        row = source.database.row(
            "SELECT node FROM child WHERE parent = ? AND tx = ? AND name = ?", parent, target.tx, name
        )
        if row is not None and row[0] is not None and row[0] != node:
            destroy(target, str(row[0]))
        target.set_child(str(parent), str(name), str(node) if node is not None else None)


def _pass_on_locks(database: Database, transaction_id: str, target: str) -> None:
    if target:
        database.run("UPDATE lock SET tx = ? WHERE tx = ?", target, transaction_id)
    else:
        database.run("DELETE FROM lock WHERE tx = ?", transaction_id)
