"""What one transaction sees: the committed tree with the layers of the transaction and its ancestors on top."""

import json
from dataclasses import dataclass, field

from signalq_billing.devstack.ytsaurus import clock, yson
from signalq_billing.devstack.ytsaurus.database import ROOT, Database, new_id
from signalq_billing.devstack.ytsaurus.errors import ClusterError, no_such_object, no_such_path, no_such_transaction
from signalq_billing.devstack.ytsaurus.lag import Lag
from signalq_billing.devstack.ytsaurus.ypath import Tokens, escape, tokenize
from signalq_billing.devstack.ytsaurus.yson import Yson

NULL_TRANSACTION = "0-0-0-0"
KINDS = {"map_node": 303, "table": 401, "document": 306, "file": 400, "link": 309, "string_node": 300,
         "int64_node": 301, "uint64_node": 302, "double_node": 304, "boolean_node": 305, "list_node": 307}  # fmt: skip


@dataclass(slots=True)
class Version:
    """A node as one layer holds it. `state` is what its type needs: chunks and schema, a value, a target."""

    id: str
    tx: str
    type: str
    parent: str
    name: str
    snapshot: bool
    state: dict[str, Yson] = field(default_factory=dict)


class View:
    """Reads and writes of one transaction ('' = none). Every method expects to run inside `database.transaction()`."""

    def __init__(self, database: Database, transaction: str = "", lag: Lag | None = None) -> None:
        self.database = database
        self.tx = "" if transaction == NULL_TRANSACTION else transaction
        self.lag = lag or Lag()
        self.chain = self._ancestry()

    def _ancestry(self) -> list[str]:
        chain, current = [], self.tx
        while current:
            row = self.database.row("SELECT parent FROM tx WHERE id = ?", current)
            if row is None:
                raise no_such_transaction(current)
            chain.append(current)
            current = str(row[0])
        return [*chain, ""]

    # nodes

    def find(self, node_id: str) -> Version | None:
        for tx in self.chain:
            version = self.layer(node_id, tx)
            if version is not None:
                return self.lag.applied(self, version) if not tx else version
        return None

    def layer(self, node_id: str, tx: str) -> Version | None:
        row = self.database.row(
            "SELECT id, tx, type, parent, name, snapshot, state FROM node WHERE id = ? AND tx = ?", node_id, tx
        )
        if row is None:
            return None
        own_id, own_tx, kind, parent, name = map(str, row[:5])
        return Version(own_id, own_tx, kind, parent, name, bool(row[5]), json.loads(str(row[6])))

    def node(self, node_id: str) -> Version:
        found = self.find(node_id)
        if found is None:
            raise no_such_object(node_id)
        return found

    def save(self, version: Version) -> None:
        self.database.run(
            "INSERT INTO node VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, tx) DO UPDATE SET parent = excluded.parent,"
            " name = excluded.name, snapshot = excluded.snapshot, state = excluded.state",
            *(version.id, version.tx, version.type, version.parent, version.name, int(version.snapshot)),
            json.dumps(version.state),
        )
        if not version.tx and "chunks" in version.state:
            self.database.run(
                "INSERT INTO history VALUES (?, ?, ?)", version.id, clock.now(), json.dumps(version.state)
            )

    def branch(self, node_id: str) -> Version:
        """The node's version in this very layer, made from what is visible when there is none yet."""
        own = self.layer(node_id, self.tx)
        if own is not None:
            return own
        seen = self.node(node_id)
        state = {**seen.state, "update": None, "base": len(seen.state.get("chunks", ()))}
        made = Version(seen.id, self.tx, seen.type, seen.parent, seen.name, False, state)
        self.save(made)
        return made

    def add(self, kind: str, parent: str, name: str, state: dict[str, Yson]) -> Version:
        at = clock.text(clock.now())
        revision = self.database.next("revision")
        times = {"created": at, "modified": at, "accessed": at}
        revisions = {"revision": revision, "attribute_revision": revision, "content_revision": revision}
        version = Version(new_id(KINDS[kind]), self.tx, kind, parent, name, False, {**times, **revisions, **state})
        self.save(version)
        return version

    def touch(self, version: Version, content: bool) -> None:
        """A change of content or of attributes moves the revisions; the caller saves."""
        revision = self.database.next("revision")
        version.state["revision"] = revision
        version.state["content_revision" if content else "attribute_revision"] = revision
        version.state["modified"] = clock.text(clock.now())

    # children

    def child(self, parent: str, name: str) -> str | None:
        for tx in self.chain:
            row = self.database.row("SELECT node FROM child WHERE parent = ? AND tx = ? AND name = ?", parent, tx, name)
            if row is not None:
                return str(row[0]) if row[0] is not None else None
            if self._sealed(parent, tx):
                return None
        return None

    def children(self, parent: str) -> dict[str, str]:
        found: dict[str, str | None] = {}
        for tx in self.chain:
            for name, node in self.database.rows(
                "SELECT name, node FROM child WHERE parent = ? AND tx = ?", parent, tx
            ):
                found.setdefault(str(name), str(node) if node is not None else None)
            if self._sealed(parent, tx):
                break
        return {name: node for name, node in found.items() if node is not None}

    def set_child(self, parent: str, name: str, node: str | None) -> None:
        if node is None and not self.tx:
            self.database.run("DELETE FROM child WHERE parent = ? AND tx = '' AND name = ?", parent, name)
            return
        self.database.run("INSERT OR REPLACE INTO child VALUES (?, ?, ?, ?)", parent, self.tx, name, node)

    def _sealed(self, node_id: str, tx: str) -> bool:
        """A snapshot holds all of its children and attributes itself: nothing below it may shine through."""
        if not tx:
            return True
        row = self.database.row("SELECT snapshot FROM node WHERE id = ? AND tx = ?", node_id, tx)
        return bool(row and row[0])

    # attributes

    def attributes(self, node_id: str) -> dict[str, Yson]:
        return {name: yson.loads(value) for name, value in self.raw_attributes(node_id).items()}

    def raw_attributes(self, node_id: str) -> dict[str, bytes]:
        found: dict[str, bytes | None] = {}
        for tx in self.chain:
            for name, value in self.database.rows(
                "SELECT name, value FROM attribute WHERE node = ? AND tx = ?", node_id, tx
            ):
                found.setdefault(str(name), bytes(value) if isinstance(value, bytes) else None)
            if self._sealed(node_id, tx):
                break
        return {name: value for name, value in found.items() if value is not None}

    def set_attribute(self, node_id: str, name: str, value: bytes | None) -> None:
        if value is None and not self.tx:
            self.database.run("DELETE FROM attribute WHERE node = ? AND tx = '' AND name = ?", node_id, name)
            return
        self.database.run("INSERT OR REPLACE INTO attribute VALUES (?, ?, ?, ?)", node_id, self.tx, name, value)

    # paths

    def resolve(self, path: str) -> tuple[Version, Tokens]:
        """The node a path points to, through links. Raises code 500 when there is none."""
        tokens = tokenize(path)
        node, missing = self.walk(tokens, path)
        if missing:
            place = self.path_of(node) if node.type == "map_node" else f"{self.path_of(node)} ({node.type})"
            raise no_such_path(path, f'{place} has no child with key "{missing[0]}"')
        return node, tokens

    def walk(self, tokens: Tokens, path: str, links: int = 0) -> tuple[Version, list[str]]:
        """How far a path leads, and the names that are left."""
        if links > 16:
            raise no_such_path(path, "Too many links")
        if tokens.root == "/":
            node = self.node(ROOT)
        else:
            found = self.find(tokens.root[1:])
            if found is None:
                raise no_such_path(path, f"No such object {tokens.root[1:]}")
            node = found
        names = list(tokens.names)
        while True:
            if node.type == "link" and (names or not tokens.suppress_links):
                target = tokenize(str(node.state["target"]))
                node, left = self.walk(target, path, links + 1)
                if left:
                    return node, [*left, *names]
                continue
            if not names:
                return node, []
            step = self.child(node.id, names[0]) if node.type == "map_node" else None
            if step is None:
                return node, names
            node = self.node(step)
            names.pop(0)

    def path_of(self, node: Version) -> str:
        names: list[str] = []
        current: Version | None = node
        while current is not None and current.id != ROOT:
            names.append(escape(current.name))
            current = self.find(current.parent)
        return "//" + "/".join(reversed(names)) if names else "/"

    def table(self, path: str) -> Version:
        node, _ = self.resolve(path)
        if node.type != "table":
            raise ClusterError(f'Invalid type of {self.path_of(node)}: expected "table", actual "{node.type}"')
        return node
