"""Runs light commands: one metadata transaction each, a repeated mutation answered from memory, not done again."""

from collections.abc import Sequence

from signalq_billing.devstack.ytsaurus import clock, wire, yson
from signalq_billing.devstack.ytsaurus.cluster import Cluster
from signalq_billing.devstack.ytsaurus.commands import COMMANDS, Command, Params, flag
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.yson import Yson


def run(cluster: Cluster, command: Command, params: Params, body: bytes) -> Yson:
    """The command's value, None for commands without one."""
    value = wire.decoded(body, params.get("input_format", "json")) if command.input_type == "structured" else None
    return _once(cluster, command, params, value)


def batch(cluster: Cluster, requests: Sequence[Yson]) -> dict[str, Yson]:
    """execute_batch: each request by itself, errors beside values."""
    results = []
    for request in requests:
        try:
            command = COMMANDS.get(str(request["command"]))
            if command is None or command.handler is None:
                raise ClusterError(f"Command {request['command']} is not supported in a batch")
            output = _once(cluster, command, wire.Parameters(request["parameters"]), request.get("input"))
            results.append({} if output is None else {"output": output})
        except ClusterError as error:
            results.append({"error": error.as_dict()})
    return {"results": results}


def _once(cluster: Cluster, command: Command, params: Params, value: Yson) -> Yson:
    assert command.handler is not None
    mutation = str(params.get("mutation_id") or "") if command.volatile else ""
    with cluster.session():
        if not mutation:
            return command.handler(cluster, params, value)
        row = cluster.database.row("SELECT answer FROM mutation WHERE id = ?", mutation)
        if row is not None:
            if not flag(params, "retry"):
                raise ClusterError('Duplicate request is not marked as "retry"', attributes={"mutation_id": mutation})
            assert isinstance(row[0], bytes)
            return yson.loads(row[0])
        answer = command.handler(cluster, params, value)
        cluster.database.run("INSERT INTO mutation VALUES (?, ?, ?)", mutation, clock.now(), yson.dumps(answer))
        return answer
