"""A YTsaurus cluster of one process, for the local stack and for tests: HTTP API v4 as the unmodified client speaks it.

From the outside in: `__main__` and `process` start it; `http`, `app`, `wire`, `reply` and `dispatch` speak HTTP;
`commands` and `heavy` are the commands. `cluster` holds it together: `view`, `locks`, `transactions`, `cypress` and
`attributes` are the tree, in `database`; `tables`, `schema`, `storage`, `chunks`, `rows` and the `table_*` modules
are the tables, in Parquet; `tracker`, `execution`, `sql`, `planner` and `chyt_types` are Query Tracker and CHYT, whose
queries run in `worker` processes behind `sandbox` and `allowed`. `faults` makes it misbehave.

What it has not: dynamic tables, operations, access control beyond one token, more than one cell.
"""
