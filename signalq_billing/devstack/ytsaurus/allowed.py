"""Which table functions and functions a query may use, judged by ClickHouse's own syntax tree (`EXPLAIN AST`)."""

import re

from signalq_billing.devstack.ytsaurus.errors import clickhouse_error

ACCESS_DENIED = 497
TABLE_FUNCTIONS = {
    "numbers", "numbers_mt", "zeros", "zeros_mt", "values", "null", "view", "generaterandom", "generate_series",
    "generateseries", "format", "primes",
}  # fmt: skip
_DENIED = re.compile(
    r"^(file|dictget.*|dicthas.*|dictis.*|joinget.*|catboost.*|executable.*|getserversetting|getserverport|evalml.*"
    r"|hostname|fqdn|serveruuid|filesystem.*|currentprofiles|meta.*|ai.*|demangle|addressto.*|naivebayes.*|gethttpheader)$"
)
_SYSTEM_TABLES = {"one", "numbers", "zeros", "functions", "data_type_families"}


def check(tree: str) -> None:
    """Raises ClusterError with ClickHouse's code for access denied."""
    parents: list[str] = []
    for line in tree.splitlines():
        depth = len(line) - len(line.lstrip(" "))
        node = line.strip()
        del parents[depth:]
        _check_node(node, parents[-1] if parents else "")
        parents.append(node)


def _check_node(node: str, parent: str) -> None:
    words = node.split(" ")
    if words[0] == "Function":
        name = words[1].lower()
        if parent.startswith(("TableExpression", "InsertQuery")):
            if name not in TABLE_FUNCTIONS:
                raise clickhouse_error(ACCESS_DENIED, f"Table function {words[1]} is not allowed in queries")
        elif _DENIED.match(name):
            raise clickhouse_error(ACCESS_DENIED, f"Function {words[1]} is not allowed in queries")
    elif words[0] == "TableIdentifier":
        database, _, table = node.removeprefix("TableIdentifier ").partition(".")
        foreign = database.lower() in ("system", "information_schema", "default", "_temporary_and_external_tables")
        if foreign and table and table.split(" ")[0] not in _SYSTEM_TABLES:
            raise clickhouse_error(ACCESS_DENIED, f"Table {database}.{table} is not allowed in queries")
