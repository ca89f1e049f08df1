"""Cypress, the tree of a cluster: nodes made, read, changed, copied and removed through one transaction's view."""

from signalq_billing.devstack.ytsaurus import attributes, clock, locks, tables, transactions, yson
from signalq_billing.devstack.ytsaurus import schema as schemas
from signalq_billing.devstack.ytsaurus.database import ROOT, Database
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code, already_exists, no_such_path
from signalq_billing.devstack.ytsaurus.view import KINDS, Version, View
from signalq_billing.devstack.ytsaurus.ypath import Tokens, tokenize
from signalq_billing.devstack.ytsaurus.yson import Yson

SCALARS = {"string_node": str, "int64_node": int, "uint64_node": int, "double_node": float, "boolean_node": bool}


def plant(database: Database) -> None:
    """The tree a new cluster has."""
    view = View(database)
    if view.find(ROOT) is not None:
        return
    at = clock.text(clock.now())
    times = {"created": at, "modified": at, "accessed": at}
    revisions = dict.fromkeys(("revision", "attribute_revision", "content_revision"), database.next("revision"))
    view.save(Version(ROOT, "", "map_node", "", "", False, {**times, **revisions}))
    for name in ("home", "tmp", "sys"):
        view.set_child(ROOT, name, view.add("map_node", ROOT, name, {}).id)


def expire(database: Database) -> None:
    """Remove nodes whose expiration_time or expiration_timeout has passed."""
    for (node_id,) in database.rows("SELECT node FROM expiry WHERE at < ?", clock.now()):
        view = View(database)
        node = view.find(str(node_id))
        if node is None:
            continue
        try:
            remove_node(view, node)
        except ClusterError:
            continue  # locked: a later sweep will find it free


def prolong(database: Database, node_id: str) -> None:
    """Access puts off an expiration_timeout."""
    database.run("UPDATE expiry SET at = ? + timeout WHERE node = ? AND timeout NOT NULL", clock.now(), node_id)


def create(view: View, kind: str, path: str, params: dict[str, Yson]) -> str:
    """Make a node; returns its id. Raises code 501 when there is one already, 500 when a parent is missing."""
    if kind not in KINDS:
        raise ClusterError(f'Unknown object type "{kind}"')
    given = dict(params.get("attributes") or {})
    tokens = tokenize(path)
    # A link may be made anew over an old one: its own node is meant, not its target.
    tokens = Tokens(tokens.root, tokens.names, tokens.attribute, suppress_links=kind == "link")
    node, missing = view.walk(tokens, path)
    if not missing:
        if params.get("ignore_existing"):
            if node.type != kind and not params.get("ignore_type_mismatch"):
                about = f'has type "{node.type}" while node of "{kind}" type is about to be created'
                raise ClusterError(f"{view.path_of(node)} already exists and {about}", Code.ALREADY_EXISTS)
            return node.id
        if not params.get("force"):
            raise already_exists(view.path_of(node))
        parent = view.node(node.parent)
        remove_node(view, node)
        missing = [node.name]
    else:
        parent = _parents(view, node, missing, path, bool(params.get("recursive")))
    return make(view, kind, parent, missing[-1], given).id


def _parents(view: View, node: Version, missing: list[str], path: str, recursive: bool) -> Version:
    if node.type != "map_node":
        raise no_such_path(path, f"{view.path_of(node)} is not a map node")
    if len(missing) > 1 and not recursive:
        raise no_such_path(path, f'{view.path_of(node)} has no child with key "{missing[0]}"')
    for name in missing[:-1]:
        node = make(view, "map_node", node, name, {})
    return node


def make(view: View, kind: str, parent: Version, name: str, given: dict[str, Yson]) -> Version:
    if len(name.encode("utf-8", "surrogateescape")) > 1024:
        raise ClusterError("Map node key is too long")
    locks.take(view, parent, "shared", child_key=name)
    state = _initial_state(kind, given)
    node = view.add(kind, parent.id, name, state)
    if view.tx:
        locks.take(view, node, "exclusive")
    view.set_child(parent.id, name, node.id)
    for key, value in given.items():
        attributes.check_settable(key)
        attributes.note_expiry(view.database, node.id, key, value)
        view.set_attribute(node.id, key, yson.dumps(value))
    return node


def _initial_state(kind: str, given: dict[str, Yson]) -> dict[str, Yson]:
    if kind == "table":
        if given.get("dynamic"):
            raise ClusterError("Dynamic tables are not supported by this cluster")
        given.pop("dynamic", None)
        return tables.new_state(schemas.parse(given.pop("schema")) if "schema" in given else schemas.WEAK)
    if kind == "document":
        return {"value": yson.dumps(given.pop("value", None), text=True).decode("latin-1")}
    if kind == "link":
        return {"target": str(given.pop("target_path"))}
    if kind in SCALARS:
        return {"value": yson.dumps(given.pop("value", SCALARS[kind]()), text=True).decode("latin-1")}
    return {}


def remove(view: View, path: str, recursive: bool, force: bool) -> None:
    tokens = tokenize(path)
    if tokens.attribute is not None:
        _remove_attribute(view, path, tokens.attribute, force)
        return
    tokens = Tokens(tokens.root, tokens.names, None, suppress_links=True, asterisk=tokens.asterisk)
    node, missing = view.walk(tokens, path)
    if missing:
        if force:
            return
        raise no_such_path(path, f'{view.path_of(node)} has no child with key "{missing[0]}"')
    if tokens.asterisk:
        for child in view.children(node.id).values():
            remove_node(view, view.node(child))
        return
    if node.id == ROOT:
        raise ClusterError("Cannot remove the root")
    if node.type == "map_node" and not recursive and view.children(node.id):
        raise ClusterError(f"Cannot remove non-empty composite node {view.path_of(node)}")
    remove_node(view, node)


def remove_node(view: View, node: Version) -> None:
    """Take a node and all below it out of the view's layer."""
    parent = view.node(node.parent)
    locks.take(view, parent, "shared", child_key=node.name)
    _lock_tree(view, node)
    view.set_child(parent.id, node.name, None)
    if not view.tx or not _known_below(view, node.id):
        transactions.destroy(view, node.id)


def _known_below(view: View, node_id: str) -> bool:
    return any(view.layer(node_id, tx) is not None for tx in view.chain[1:])


def _lock_tree(view: View, node: Version) -> None:
    locks.take(view, node, "exclusive")
    for child in view.children(node.id).values():
        _lock_tree(view, view.node(child))


def get(view: View, path: str, names: list[str] | None) -> Yson:
    tokens = tokenize(path)
    special = _object(view, tokens)
    if special is not None:
        return _descend(special, tokens.attribute or (), path)
    node, tokens = view.resolve(path)
    prolong(view.database, node.id)
    if tokens.attribute is None:
        return _tree(view, node, names)
    if tokens.attribute == ():
        return attributes.some_of(view, node, names) if names is not None else attributes.all_of(view, node)
    return _descend(attributes.one_of(view, node, tokens.attribute[0]), tokens.attribute[1:], path)


def exists(view: View, path: str) -> bool:
    tokens = tokenize(path)
    if _object(view, tokens) is not None:
        return True
    node, missing = view.walk(tokens, path) if tokens.root == "/" or view.find(tokens.root[1:]) else (None, [""])
    if node is None or missing:
        return False
    if not tokens.attribute:
        return True
    try:
        _descend(attributes.one_of(view, node, tokens.attribute[0]), tokens.attribute[1:], path)
    except ClusterError:
        return False
    return True


def listing(view: View, path: str, names: list[str] | None) -> list[Yson]:
    node, tokens = view.resolve(path)
    if tokens.attribute == ():
        return sorted(attributes.all_of(view, node))
    if tokens.attribute:
        value = _descend(attributes.one_of(view, node, tokens.attribute[0]), tokens.attribute[1:], path)
        if not isinstance(value, dict):
            raise ClusterError(f'"List" method is not supported by {path}')
        return sorted(value)
    if node.type != "map_node":
        raise ClusterError(f'"List" method is not supported by {view.path_of(node)} of type "{node.type}"')
    prolong(view.database, node.id)
    found = []
    for name, child in sorted(view.children(node.id).items()):
        extra = attributes.some_of(view, view.node(child), names) if names else {}
        found.append(yson.with_attributes(name, extra) if extra else name)
    return found


def _tree(view: View, node: Version, names: list[str] | None) -> Yson:
    if node.type == "map_node":
        inner = {name: _tree(view, view.node(child), names) for name, child in view.children(node.id).items()}
        value: Yson = inner
    elif "value" in node.state:
        value = yson.loads(str(node.state["value"]).encode("latin-1"))
    else:
        value = yson.Entity()
    extra = attributes.some_of(view, node, names) if names else {}
    return yson.with_attributes(value, extra) if extra else value


def _object(view: View, tokens: Tokens) -> dict[str, Yson] | None:
    """Attributes of what is no node but has an id: transactions and locks."""
    if tokens.root == "/" or tokens.names:
        return None
    object_id = tokens.root[1:]
    row = view.database.row(
        "SELECT id, parent, timeout_ms, expires, started, attributes FROM tx WHERE id = ?", object_id
    )
    if row is not None:
        own = yson.loads(bytes(row[5])) if isinstance(row[5], bytes) else {}
        times = {
            "start_time": clock.text(float(str(row[4]))),
            "last_ping_time": clock.text(float(str(row[3])) - int(str(row[2])) / 1000),
        }
        parent = str(row[1]) or "0-0-0-0"
        return {
            **own,
            "id": object_id,
            "type": "transaction",
            "parent_id": parent,
            "timeout": int(str(row[2])),
            **times,
        }
    row = view.database.row("SELECT id, node, tx, mode, state FROM lock WHERE id = ?", object_id)
    if row is not None:
        names = ("id", "node_id", "transaction_id", "mode", "state")
        return {"type": "lock", **{name: str(value) for name, value in zip(names, row, strict=True)}}
    return None


def _descend(value: Yson, names: tuple[str, ...], path: str) -> Yson:
    for name in names:
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise no_such_path(path, f'Attribute has no child with key "{name}"') from error
    return value


def _remove_attribute(view: View, path: str, names: tuple[str, ...], force: bool) -> None:
    node, _ = view.resolve(path)
    if not names or len(names) > 1:
        raise ClusterError(f"Cannot remove {path}")
    attributes.check_settable(names[0])
    if names[0] not in view.attributes(node.id):
        if force:
            return
        raise no_such_path(path, f'Attribute "{names[0]}" is not found')
    locks.take(view, node, "shared", attribute_key=names[0])
    view.set_attribute(node.id, names[0], None)
    attributes.note_expiry(view.database, node.id, names[0], None)
    touch_attributes(view, node.id)


def touch_attributes(view: View, node_id: str) -> None:
    version = view.branch(node_id)
    view.touch(version, content=False)
    view.save(version)
