"""Cypress locks: who may change a node, and whose snapshot stands still."""

from signalq_billing.devstack.ytsaurus.database import new_id
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code
from signalq_billing.devstack.ytsaurus.lag import Lag
from signalq_billing.devstack.ytsaurus.view import Version, View

LOCK_KIND = 200


def take(
    view: View,
    node: Version,
    mode: str,
    child_key: str | None = None,
    attribute_key: str | None = None,
    explicit: bool = False,
) -> str:
    """Take a lock for the view's transaction, or raise code 402; outside of transactions only the check is made."""
    conflict = _conflict(view, node, mode, child_key, attribute_key)
    if conflict is not None:
        raise conflict
    if not view.tx:
        return ""
    if not explicit and _held(view, node, mode, child_key, attribute_key):
        return ""
    return _record(view, node, mode, child_key, attribute_key, "acquired", explicit)


def take_snapshot(view: View, node: Version, lag: Lag, explicit: bool = True) -> str:
    """Keep the node as it is now for the life of the transaction, whatever others do to it."""
    if not view.tx:
        raise ClusterError("Snapshot locks need a transaction")
    own = view.database.rows("SELECT mode FROM lock WHERE node = ? AND tx = ? AND state = 'acquired'", node.id, view.tx)
    if any(mode != "snapshot" for (mode,) in own):
        raise _same_transaction(view, node, "snapshot", str(own[0][0]))
    if not own:
        _freeze(view, lag.applied(view, node) if not node.tx else node)
    return _record(view, node, "snapshot", None, None, "acquired", explicit)


def queue(view: View, node: Version, mode: str, child_key: str | None, attribute_key: str | None) -> str:
    """A waitable lock: pending until whoever stands in the way is gone."""
    return _record(view, node, mode, child_key, attribute_key, "pending", True)


def grant_pending(view: View) -> None:
    """Give pending locks what has become free, in the order they were asked for."""
    pending = view.database.rows(
        "SELECT id, node, tx, mode, child_key, attribute_key FROM lock WHERE state = 'pending' ORDER BY seq"
    )
    for lock_id, node_id, tx, mode, child_key, attribute_key in pending:
        try:
            owner = View(view.database, str(tx))
            node = owner.find(str(node_id))
        except ClusterError:
            continue
        if node is None:
            continue
        keys = (str(child_key) if child_key else None, str(attribute_key) if attribute_key else None)
        if _conflict(owner, node, str(mode), *keys) is None:
            view.database.run("UPDATE lock SET state = 'acquired' WHERE id = ?", lock_id)
            if mode != "snapshot":
                owner.branch(node.id)


def release(view: View, node: Version) -> None:
    """Drop the explicit locks of this transaction. Raises when the locked node has been changed."""
    own = view.layer(node.id, view.tx)
    if own is not None and not own.snapshot and own.state.get("update"):
        raise ClusterError(f"Node {view.path_of(node)} is modified by transaction {view.tx} and cannot be unlocked")
    view.database.run("DELETE FROM lock WHERE node = ? AND tx = ? AND explicit = 1", node.id, view.tx)
    left = view.database.row("SELECT 1 FROM lock WHERE node = ? AND tx = ?", node.id, view.tx)
    if own is not None and left is None:
        for table, column in (("node", "id"), ("attribute", "node"), ("child", "parent")):
            view.database.run(f"DELETE FROM {table} WHERE {column} = ? AND tx = ?", node.id, view.tx)


def _record(
    view: View, node: Version, mode: str, child_key: str | None, attribute_key: str | None, state: str, explicit: bool
) -> str:
    lock_id = new_id(LOCK_KIND)
    view.database.run(
        "INSERT INTO lock VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(lock_id, node.id, view.tx, mode, child_key, attribute_key, state, int(explicit), view.database.next("lock")),
    )
    if mode != "snapshot" and state == "acquired":
        view.branch(node.id)
    return lock_id


def _held(view: View, node: Version, mode: str, child_key: str | None, attribute_key: str | None) -> bool:
    rows = view.database.rows(
        "SELECT mode, child_key, attribute_key FROM lock WHERE node = ? AND tx = ? AND state = 'acquired'",
        node.id,
        view.tx,
    )
    return any(held[0] == "exclusive" or held == (mode, child_key, attribute_key) for held in rows)


def _conflict(
    view: View, node: Version, mode: str, child_key: str | None, attribute_key: str | None
) -> ClusterError | None:
    rows = view.database.rows(
        "SELECT tx, mode, child_key, attribute_key FROM lock WHERE node = ? AND state = 'acquired'", node.id
    )
    for tx, held, held_child, held_attribute in rows:
        if tx == view.tx and "snapshot" in (held, mode) and held != mode:
            return _same_transaction(view, node, mode, str(held))
        if tx in view.chain or "snapshot" in (held, mode):
            continue
        same_key = (child_key and child_key == held_child) or (attribute_key and attribute_key == held_attribute)
        if "exclusive" in (held, mode) or same_key:
            return ClusterError(
                f'Cannot take "{mode}" lock for node {view.path_of(node)} since "{held}" lock is taken by '
                f"concurrent transaction {tx}",
                Code.CONCURRENT_LOCK_CONFLICT,
                {"winner_transaction": {"id": str(tx)}, "path": view.path_of(node)},
            )
    return None


def _same_transaction(view: View, node: Version, mode: str, held: str) -> ClusterError:
    return ClusterError(
        f'Cannot take "{mode}" lock for node {view.path_of(node)} since "{held}" lock is already taken by the same '
        f"transaction {view.tx}",
        Code.SAME_TRANSACTION_LOCK_CONFLICT,
    )


def _freeze(view: View, node: Version) -> None:
    # Copied whole: nothing below a snapshot may shine through (View._sealed).
    for name, child in view.children(node.id).items():
        view.database.run("INSERT OR REPLACE INTO child VALUES (?, ?, ?, ?)", node.id, view.tx, name, child)
    for name, value in view.raw_attributes(node.id).items():
        view.database.run("INSERT OR REPLACE INTO attribute VALUES (?, ?, ?, ?)", node.id, view.tx, name, value)
    view.save(Version(node.id, view.tx, node.type, node.parent, node.name, True, node.state))
