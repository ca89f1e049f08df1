"""Attributes of Cypress objects: those the system computes, those it checks, and those a user made up."""

from collections.abc import Callable

from signalq_billing.devstack.ytsaurus import clock, yson
from signalq_billing.devstack.ytsaurus import schema as schemas
from signalq_billing.devstack.ytsaurus.database import Database
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code, no_such_path
from signalq_billing.devstack.ytsaurus.view import Version, View
from signalq_billing.devstack.ytsaurus.yson import Yson

Computed = Callable[[View, Version], Yson]
OWNER = "root"
# Plain attributes a node has from birth; a user may set them to something else.
_DEFAULTS: dict[str, Yson] = {
    "account": "default", "owner": OWNER, "acl": [], "inherit_acl": True, "annotation": None,
}  # fmt: skip
_TABLE_DEFAULTS: dict[str, Yson] = {
    "optimize_for": "scan", "compression_codec": "lz4", "erasure_codec": "none", "replication_factor": 3,
    "primary_medium": "default", "dynamic": False, "tablet_state": "none",
}  # fmt: skip


def _sum(position: int) -> Computed:
    return lambda _, node: sum(item[position] for item in node.state["chunks"])


def _key_columns(_: View, node: Version) -> list[str]:
    return schemas.from_text(node.state["schema"]).key_columns


def _locks(view: View, node: Version) -> list[dict[str, Yson]]:
    rows = view.database.rows(
        "SELECT id, tx, mode, state, child_key, attribute_key FROM lock WHERE node = ? ORDER BY seq", node.id
    )
    names = ("id", "transaction_id", "mode", "state", "child_key", "attribute_key")
    return [{name: str(value) for name, value in zip(names, row, strict=True) if value is not None} for row in rows]


_COMMON: dict[str, Computed] = {
    "id": lambda _, node: node.id,
    "type": lambda _, node: node.type,
    "key": lambda _, node: node.name,
    "path": lambda view, node: view.path_of(node),
    "parent_id": lambda _, node: node.parent,
    "creation_time": lambda _, node: node.state["created"],
    "modification_time": lambda _, node: node.state["modified"],
    "access_time": lambda _, node: node.state["accessed"],
    "revision": lambda _, node: yson.Uint64(node.state["revision"]),
    "attribute_revision": lambda _, node: yson.Uint64(node.state["attribute_revision"]),
    "content_revision": lambda _, node: yson.Uint64(node.state["content_revision"]),
    "lock_mode": lambda _, node: "snapshot" if node.snapshot else "none",
    "locks": _locks,
    "lock_count": lambda view, node: len(_locks(view, node)),
    "ref_counter": lambda _, __: 1,
    "resource_usage": lambda _, __: {"node_count": 1},
    "opaque": lambda _, __: False,
    "builtin": lambda _, __: False,
    "foreign": lambda _, __: False,
    "external": lambda _, __: False,
    "native_cell_tag": lambda _, __: yson.Uint64(1),
}


def _broken(view: View, node: Version) -> bool:
    try:
        view.resolve(str(node.state["target"]))
    except ClusterError:
        return True
    return False


_BY_TYPE: dict[str, dict[str, Computed]] = {
    "map_node": {
        "count": lambda view, node: len(view.children(node.id)),
        "recursive_resource_usage": lambda _, __: {"node_count": 1},
    },
    "document": {},
    "link": {
        "target_path": lambda _, node: node.state["target"],
        "broken": _broken,
    },
    "table": {
        "schema": lambda _, node: schemas.from_text(node.state["schema"]).as_yson(),
        "schema_mode": lambda _, node: node.state["schema_mode"],
        "row_count": _sum(1),
        "chunk_row_count": _sum(1),
        "chunk_count": lambda _, node: len(node.state["chunks"]),
        "chunk_ids": lambda _, node: [item[0] for item in node.state["chunks"]],
        "compressed_data_size": _sum(2),
        "uncompressed_data_size": _sum(3),
        "data_weight": _sum(3),
        "compression_ratio": lambda _, __: 1.0,
        "sorted": lambda view, node: bool(_key_columns(view, node)),
        "update_mode": lambda _, node: node.state.get("update") or "none",
    },
}
_SORTED_ONLY: dict[str, Computed] = {"sorted_by": _key_columns, "key_columns": _key_columns}
_READ_ONLY = {*_COMMON, *_SORTED_ONLY, *(name for computed in _BY_TYPE.values() for name in computed)}


def all_of(view: View, node: Version) -> dict[str, Yson]:
    """Every attribute `/@` lists."""
    found = {name: value for name, value in _DEFAULTS.items() if value is not None}
    if node.type == "table":
        found.update(_TABLE_DEFAULTS)
    found.update(view.attributes(node.id))
    for name, compute in {**_COMMON, **_BY_TYPE.get(node.type, {}), **_keyed(view, node)}.items():
        found[name] = compute(view, node)
    return found


def some_of(view: View, node: Version, names: list[str]) -> dict[str, Yson]:
    """The attributes of these names that there are; `user_attribute_keys` and the like included."""
    found = {}
    for name in names:
        try:
            found[name] = one_of(view, node, name)
        except ClusterError as error:
            if error.code != Code.RESOLVE:
                raise
    return found


def one_of(view: View, node: Version, name: str) -> Yson:
    """Raises code 500 for an attribute there is not."""
    computed = {**_COMMON, **_BY_TYPE.get(node.type, {}), **_keyed(view, node)}.get(name)
    if computed is not None:
        return computed(view, node)
    own = view.attributes(node.id)
    if name in own:
        return own[name]
    if name == "user_attribute_keys":
        return sorted(set(own) - {*_DEFAULTS, *_TABLE_DEFAULTS, "expiration_time", "expiration_timeout"})
    if name == "user_attributes":
        return own
    if node.type == "table" and name in _TABLE_DEFAULTS:
        return _TABLE_DEFAULTS[name]
    if _DEFAULTS.get(name) is not None:
        return _DEFAULTS[name]
    raise no_such_path(f"{view.path_of(node)}/@{name}", f'Attribute "{name}" is not found')


def check_settable(name: str) -> None:
    if name in _READ_ONLY:
        raise ClusterError(f'Attribute "{name}" cannot be set')


def note_expiry(database: Database, node_id: str, name: str, value: Yson) -> None:
    """Remember when a node is to vanish. Raises ClusterError for a time that is none."""
    if name == "expiration_time":
        try:
            at = clock.parse(value) if value is not None else None
        except ValueError as error:
            raise ClusterError(f"Error parsing expiration_time: {error}") from error
        _set_expiry(database, node_id, at, None)
    elif name == "expiration_timeout":
        seconds = float(value) / 1000 if value is not None else None
        _set_expiry(database, node_id, clock.now() + seconds if seconds is not None else None, seconds)


def _set_expiry(database: Database, node_id: str, at: float | None, timeout: float | None) -> None:
    if at is None:
        database.run("DELETE FROM expiry WHERE node = ?", node_id)
    else:
        database.run("INSERT OR REPLACE INTO expiry VALUES (?, ?, ?)", node_id, at, timeout)


def _keyed(view: View, node: Version) -> dict[str, Computed]:
    return _SORTED_ONLY if node.type == "table" and _key_columns(view, node) else {}
