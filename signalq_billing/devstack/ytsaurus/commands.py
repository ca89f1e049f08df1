"""The commands of API v4 this cluster has: what goes in and out of each, and what each does. Light ones live here."""

from collections.abc import Callable
from dataclasses import dataclass

from signalq_billing.devstack.ytsaurus import clock, cypress, cypress_changes, locks, tables, transactions, ypath, yson
from signalq_billing.devstack.ytsaurus import schema as schemas
from signalq_billing.devstack.ytsaurus.cluster import Cluster
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code
from signalq_billing.devstack.ytsaurus.view import View
from signalq_billing.devstack.ytsaurus.yson import Yson

Params = dict[str, Yson]
Handler = Callable[[Cluster, Params, Yson], Yson]


@dataclass(frozen=True, slots=True)
class Command:
    """A command as `GET /api/v4` lists it. The client derives the HTTP method from it."""

    name: str
    input_type: str
    output_type: str
    volatile: bool
    heavy: bool
    handler: Handler | None = None

    @property
    def method(self) -> str:
        return "PUT" if self.input_type != "null" else "POST" if self.volatile else "GET"

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "input_type": self.input_type,
            "output_type": self.output_type,
            "is_volatile": self.volatile,
            "is_heavy": self.heavy,
        }


COMMANDS: dict[str, Command] = {}


def command(name: str, given: str, answered: str, volatile: bool) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        COMMANDS[name] = Command(name, given, answered, volatile, False, handler)
        return handler

    return register


def view_of(cluster: Cluster, params: Params, lagging: bool = False) -> View:
    view = cluster.view(str(params.get("transaction_id", "")), lagging)
    if view.tx and params.get("ping_ancestor_transactions"):
        transactions.ping(cluster.database, view.tx, ancestors=True)
    return view


def path_of(params: Params, name: str = "path") -> str:
    return ypath.parse(params[name]).path


def flag(params: Params, name: str) -> bool:
    return str(params.get(name, False)).lower() in ("true", "1", "%true")


def _names(params: Params) -> list[str] | None:
    wanted = params.get("attributes")
    if isinstance(wanted, dict):
        wanted = wanted.get("keys")
    return [str(name) for name in wanted] if wanted is not None else None


@command("start_transaction", "null", "structured", volatile=True)
def _start_transaction(cluster: Cluster, params: Params, _: Yson) -> Yson:
    deadline = clock.parse(params["deadline"]) if params.get("deadline") is not None else None
    timeout = int(params.get("timeout", transactions.DEFAULT_TIMEOUT_MS))
    started = transactions.start(
        cluster.database, str(params.get("transaction_id", "")), timeout, deadline, dict(params.get("attributes") or {})
    )
    return {"transaction_id": started}


@command("ping_transaction", "null", "null", volatile=True)
def _ping_transaction(cluster: Cluster, params: Params, _: Yson) -> Yson:
    transactions.ping(cluster.database, str(params["transaction_id"]), flag(params, "ping_ancestor_transactions"))


@command("commit_transaction", "null", "null", volatile=True)
def _commit_transaction(cluster: Cluster, params: Params, _: Yson) -> Yson:
    transactions.commit(cluster.database, str(params["transaction_id"]))


@command("abort_transaction", "null", "null", volatile=True)
def _abort_transaction(cluster: Cluster, params: Params, _: Yson) -> Yson:
    transactions.abort(cluster.database, str(params["transaction_id"]))


@command("create", "null", "structured", volatile=True)
def _create(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return {"node_id": cypress.create(view_of(cluster, params), str(params["type"]), path_of(params), params)}


@command("remove", "null", "null", volatile=True)
def _remove(cluster: Cluster, params: Params, _: Yson) -> Yson:
    cypress.remove(view_of(cluster, params), path_of(params), flag(params, "recursive"), flag(params, "force"))


@command("set", "structured", "null", volatile=True)
def _set(cluster: Cluster, params: Params, value: Yson) -> Yson:
    view = view_of(cluster, params)
    cypress_changes.set_value(view, path_of(params), value, flag(params, "recursive"), flag(params, "force"))


@command("multiset_attributes", "structured", "null", volatile=True)
def _multiset_attributes(cluster: Cluster, params: Params, value: Yson) -> Yson:
    view, path = view_of(cluster, params), path_of(params)
    for name, item in value.items():
        cypress_changes.set_value(view, f"{path.removesuffix('/@')}/@{name}", item, False, False)


@command("get", "null", "structured", volatile=False)
def _get(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return cypress.get(view_of(cluster, params, lagging=True), path_of(params), _names(params))


@command("list", "null", "structured", volatile=False)
def _list(cluster: Cluster, params: Params, _: Yson) -> Yson:
    found = cypress.listing(view_of(cluster, params), path_of(params), _names(params))
    limit = int(params.get("max_size") or len(found))
    return found if len(found) <= limit else yson.with_attributes(found[:limit], {"incomplete": True})


@command("exists", "null", "structured", volatile=False)
def _exists(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return {"value": cypress.exists(view_of(cluster, params), path_of(params))}


@command("lock", "null", "structured", volatile=True)
def _lock(cluster: Cluster, params: Params, _: Yson) -> Yson:
    view = view_of(cluster, params)
    node, tokens = view.resolve(path_of(params))
    if not view.tx:
        raise ClusterError("A valid master transaction is required")
    mode = str(params.get("mode", "exclusive"))
    keys = tuple(str(params[name]) if params.get(name) else None for name in ("child_key", "attribute_key"))
    if tokens.attribute is not None or mode not in ("snapshot", "shared", "exclusive"):
        raise ClusterError(f'Cannot take "{mode}" lock on {path_of(params)}')
    try:
        if mode == "snapshot":
            lock_id = locks.take_snapshot(view, node, cluster.misbehaviour.lag())
        else:
            lock_id = locks.take(view, node, mode, keys[0], keys[1], explicit=True)
    except ClusterError as error:
        if error.code != Code.CONCURRENT_LOCK_CONFLICT or not flag(params, "waitable"):
            raise
        lock_id = locks.queue(view, node, mode, keys[0], keys[1])
    return {"lock_id": lock_id, "node_id": node.id, "revision": yson.Uint64(node.state["revision"])}


@command("unlock", "null", "null", volatile=True)
def _unlock(cluster: Cluster, params: Params, _: Yson) -> Yson:
    view = view_of(cluster, params)
    locks.release(view, view.resolve(path_of(params))[0])


@command("copy", "null", "structured", volatile=True)
def _copy(cluster: Cluster, params: Params, _: Yson) -> Yson:
    source, target = path_of(params, "source_path"), path_of(params, "destination_path")
    return {"node_id": cypress_changes.copy(view_of(cluster, params), source, target, params)}


@command("move", "null", "structured", volatile=True)
def _move(cluster: Cluster, params: Params, _: Yson) -> Yson:
    source, target = path_of(params, "source_path"), path_of(params, "destination_path")
    return {"node_id": cypress_changes.copy(view_of(cluster, params), source, target, params, move=True)}


@command("link", "null", "structured", volatile=True)
def _link(cluster: Cluster, params: Params, _: Yson) -> Yson:
    given = {**(params.get("attributes") or {}), "target_path": path_of(params, "target_path")}
    view = view_of(cluster, params)
    return {"node_id": cypress.create(view, "link", path_of(params, "link_path"), {**params, "attributes": given})}


@command("concatenate", "null", "null", volatile=True)
def _concatenate(cluster: Cluster, params: Params, _: Yson) -> Yson:
    target = ypath.parse(params["destination_path"])
    sources = [ypath.parse(path).path for path in params["source_paths"]]
    append = bool(target.attributes.get("append", False))
    cypress_changes.concatenate(view_of(cluster, params), sources, target.path, append)


@command("alter_table", "null", "null", volatile=True)
def _alter_table(cluster: Cluster, params: Params, _: Yson) -> Yson:
    view = view_of(cluster, params)
    if params.get("dynamic"):
        raise ClusterError("Dynamic tables are not supported by this cluster")
    if params.get("schema") is not None:
        tables.alter(view, view.table(path_of(params)), schemas.parse(params["schema"]))


@command("parse_ypath", "null", "structured", volatile=False)
def _parse_ypath(_: Cluster, params: Params, __: Yson) -> Yson:
    return ypath.parse(params["path"]).as_yson()


@command("check_permission", "null", "structured", volatile=False)
def _check_permission(cluster: Cluster, params: Params, _: Yson) -> Yson:
    view_of(cluster, params).resolve(path_of(params))
    return {"action": "allow"}


@command("generate_timestamp", "null", "structured", volatile=False)
def _generate_timestamp(_: Cluster, __: Params, ___: Yson) -> Yson:
    return {"timestamp": yson.Uint64(int(clock.now()) << 30)}


@command("get_supported_features", "null", "structured", volatile=False)
def _get_supported_features(_: Cluster, __: Params, ___: Yson) -> Yson:
    return {"features": {"primitive_types": sorted(schemas.SIMPLE)}}


@command("start_query", "null", "structured", volatile=True)
def _start_query(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return {"query_id": cluster.tracker.start(params)}


@command("get_query", "null", "structured", volatile=False)
def _get_query(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return cluster.tracker.get(str(params["query_id"]), _names(params))


@command("list_queries", "null", "structured", volatile=False)
def _list_queries(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return cluster.tracker.listing(params, _names(params))


@command("abort_query", "null", "null", volatile=True)
def _abort_query(cluster: Cluster, params: Params, _: Yson) -> Yson:
    cluster.tracker.abort(str(params["query_id"]), params.get("message"))


@command("alter_query", "null", "null", volatile=True)
def _alter_query(cluster: Cluster, params: Params, _: Yson) -> Yson:
    cluster.tracker.annotate(str(params["query_id"]), dict(params.get("annotations") or {}))


@command("get_query_result", "null", "structured", volatile=False)
def _get_query_result(cluster: Cluster, params: Params, _: Yson) -> Yson:
    return cluster.tracker.result(str(params["query_id"]), int(params.get("result_index", 0)))


@command("get_query_tracker_info", "null", "structured", volatile=False)
def _get_query_tracker_info(_: Cluster, __: Params, ___: Yson) -> Yson:
    return {"query_tracker_stage": "production", "cluster_name": "stand-in", "supported_features": {}}


# Retries under the names of API v3, which some callers still use.
for _old, _new in (("start_tx", "start_transaction"), ("ping_tx", "ping_transaction"),
                   ("commit_tx", "commit_transaction"), ("abort_tx", "abort_transaction")):  # fmt: skip
    _known = COMMANDS[_new]
    COMMANDS[_old] = Command(_old, _known.input_type, _known.output_type, _known.volatile, False, _known.handler)

# Heavy commands stream: heavy.py does them.
for _name, _given, _answered, _volatile in (
    ("write_table", "tabular", "null", True),
    ("read_table", "null", "tabular", False),
    ("read_query_result", "null", "tabular", False),
):
    COMMANDS[_name] = Command(_name, _given, _answered, _volatile, heavy=True)
COMMANDS["execute_batch"] = Command("execute_batch", "null", "structured", volatile=True, heavy=False)
