"""Changes of Cypress beyond making and removing: values and attributes set, nodes copied, moved and joined."""

from signalq_billing.devstack.ytsaurus import attributes, cypress, locks, tables, yson
from signalq_billing.devstack.ytsaurus import schema as schemas
from signalq_billing.devstack.ytsaurus.chunks import from_json
from signalq_billing.devstack.ytsaurus.errors import ClusterError, already_exists, no_such_path
from signalq_billing.devstack.ytsaurus.view import Version, View
from signalq_billing.devstack.ytsaurus.ypath import Tokens, escape, tokenize
from signalq_billing.devstack.ytsaurus.yson import Yson

_NODE_OF = (
    (bool, "boolean_node"),
    (yson.Uint64, "uint64_node"),
    (int, "int64_node"),
    (float, "double_node"),
    (str, "string_node"),
)


def set_value(view: View, path: str, value: Yson, recursive: bool, force: bool) -> None:
    tokens = tokenize(path)
    if tokens.attribute is not None:
        _set_attribute(view, path, tokens.attribute, value)
        return
    node, missing = view.walk(tokens, path)
    if missing:
        if len(missing) > 1 and not recursive:
            raise no_such_path(path, f'{view.path_of(node)} has no child with key "{missing[0]}"')
        _plant_value(view, path, value)
    elif node.type == "map_node":
        if not force:
            raise ClusterError(
                f'"set" command without "force" flag is forbidden for {view.path_of(node)}: use "create"'
            )
        cypress.remove(view, f"{path}/*", recursive=True, force=True)
        _plant_children(view, path, value)
    elif node.type == "document" or node.type in cypress.SCALARS:
        locks.take(view, node, "exclusive")
        version = view.branch(node.id)
        version.state["value"] = yson.dumps(value, text=True).decode("latin-1")
        if view.tx:
            version.state["update"] = "overwrite"
        view.touch(version, content=True)
        view.save(version)
    else:
        raise ClusterError(f'"Set" method is not supported by {view.path_of(node)} of type "{node.type}"')


def _plant_value(view: View, path: str, value: Yson) -> None:
    own = {key: item for key, item in yson.attributes_of(value).items() if key != "type"}
    if isinstance(value, dict):
        cypress.create(view, "map_node", path, {"recursive": True, "attributes": own})
        _plant_children(view, path, value)
        return
    kind = next((kind for python, kind in _NODE_OF if isinstance(value, python)), "document")
    if isinstance(value, yson.Boolean):
        kind = "boolean_node"
    cypress.create(view, kind, path, {"recursive": True, "attributes": {**own, "value": value}})


def _plant_children(view: View, path: str, value: Yson) -> None:
    for name, item in value.items():
        _plant_value(view, f"{path}/{escape(str(name))}", item)


def _set_attribute(view: View, path: str, names: tuple[str, ...], value: Yson) -> None:
    node, _ = view.resolve(path)
    if not names:
        raise ClusterError("Attributes are set one by one: use multiset_attributes")
    if names[0] == "schema" and node.type == "table":
        raise ClusterError('Attribute "schema" cannot be set: use alter_table')
    attributes.check_settable(names[0])
    if len(names) > 1:
        whole = attributes.one_of(view, node, names[0])
        place = whole
        for name in names[1:-1]:
            place = place[name]
        place[names[-1]] = value
        value = whole
    locks.take(view, node, "shared", attribute_key=names[0])
    view.set_attribute(node.id, names[0], yson.dumps(value))
    attributes.note_expiry(view.database, node.id, names[0], value)
    cypress.touch_attributes(view, node.id)


def copy(view: View, source: str, target: str, params: dict[str, Yson], move: bool = False) -> str:
    """Copy a node and all below it, or move it. Raises code 501 when the target exists."""
    node, _ = view.resolve(source)
    tokens = tokenize(target)
    found, missing = view.walk(Tokens(tokens.root, tokens.names, None, suppress_links=True), target)
    if not missing:
        if params.get("ignore_existing") and not move:
            return found.id
        if not params.get("force"):
            raise already_exists(view.path_of(found))
    if move and view.path_of(found).startswith(view.path_of(node) + "/"):
        raise ClusterError("Cannot move a node into itself")
    snapshot = _collect(view, node)
    if move:
        cypress.remove_node(view, node)
    if not missing:
        cypress.remove_node(view, found)
    made = cypress.create(
        view, snapshot.kind, target, {"recursive": params.get("recursive"), "attributes": snapshot.given}
    )
    _fill(view, view.node(made), snapshot)
    return made


class _Copy:
    """What a node is made of, taken before anything is changed."""

    def __init__(self, kind: str, given: dict[str, Yson], state: dict[str, Yson], children: dict[str, "_Copy"]) -> None:
        self.kind = kind
        self.given = given
        self.state = state
        self.children = children


_KEPT_STATE = ("chunks", "schema", "schema_mode", "value", "target")
_NOT_COPIED = ("expiration_time", "expiration_timeout")


def _collect(view: View, node: Version) -> _Copy:
    given = {name: value for name, value in view.attributes(node.id).items() if name not in _NOT_COPIED}
    if node.type == "link":
        given["target_path"] = node.state["target"]
    state = {key: node.state[key] for key in _KEPT_STATE if key in node.state}
    children = {name: _collect(view, view.node(child)) for name, child in view.children(node.id).items()}
    return _Copy(node.type, given, state, children)


def _fill(view: View, node: Version, source: _Copy) -> None:
    node.state.update(source.state)
    view.save(node)
    for name, child in source.children.items():
        _fill(view, cypress.make(view, child.kind, node, name, dict(child.given)), child)


def concatenate(view: View, sources: list[str], target: str, append: bool) -> None:
    """Make one table's chunks those of others, in order."""
    nodes = [view.table(path) for path in sources]
    written = [from_json(item) for node in nodes for item in node.state["chunks"]]
    destination = view.table(target)
    kinds = {tables.schema_of(node).as_text() for node in nodes}
    schema = tables.schema_of(destination)
    if schema.weak and len(kinds) == 1 and not append and not destination.state["chunks"]:
        schema = schemas.from_text(kinds.pop())
        schema = schemas.Schema(tuple(schemas.unsorted(schema)), schema.strict)
    tables.put(view, destination, written, append, schema)
