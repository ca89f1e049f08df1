"""What one event, line and order costs, for benchmarks/plan.py: the newest measured value where results.json has one,
else the one that is written here with its date; and what is cited or assumed."""

from collections.abc import Sequence
from dataclasses import dataclass

MEASURED, EXTRAPOLATED, CITED, ASSUMED = "[m]", "[x]", "[c]", "assumed"
CLICKBENCH = "[ClickBench][clickbench], by hand"


@dataclass(frozen=True, slots=True)
class Cost:
    """One unit cost: `shown` is its value for people, `mark` says how far to trust it, `source` where it is from."""

    key: str
    what: str
    value: float
    shown: str
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Costs:
    """All of them by key."""

    each: Sequence[Cost]

    def __getitem__(self, key: str) -> float:
        return next(cost.value for cost in self.each if cost.key == key)


def costs() -> Costs:
    """All unit costs there are."""
    return Costs(
        (
            Cost("weight", "an event read: its text and time", 41, "41 B", MEASURED, "made-up events, 2026-11-23"),
            Cost("disk", "an event on disk, columns, lz4, by time", 11.3, "11 B", MEASURED, "Parquet, 2026-11-23"),
            Cost("copies", "copies of it", 3, "3", CITED, "[replication][replication]"),
            Cost("event", "a core's time for 1e6 rows read", 1.2, "1.2 s", MEASURED, "Activity, below"),
            Cost("after", "share of it that comes after the groups", 0.14, "14 %", MEASURED, "Activity, below"),
            Cost("group", "memory for an event of the period", 80, "80 B", MEASURED, "Activity, below"),
            Cost("base", "memory without any", 0.5e9, "0.5 GB", EXTRAPOLATED, "Activity, below"),
            Cost("state", "an event sent to the coordinator", 16, "16 B", ASSUMED, "a time and a hash"),
            Cost("bucket", "another bucket of devices, as share of one", 0.2, "20 %", EXTRAPOLATED, "Activity, below"),
            Cost("chyt", "a core's time in CHYT, as of embedded ClickHouse", 1.4, "1.4", CITED, CLICKBENCH),
            Cost("scan", "what scans: of the cores' speed as reached", 0.73, "73 %", CITED, CLICKBENCH),
            Cost("network", "what one instance can receive a second", 1e9, "1 GB", ASSUMED, "10 Gbit/s"),
            Cost("query", "a query, before it reads anything", 5, "5 s", ASSUMED, "locks, metadata, queue"),
            Cost("store", "a line: read, computed and committed", 100e-6, "100 µs", MEASURED, "case store"),
            Cost("line", "a line in PostgreSQL", 300, "300 B", MEASURED, "10,000 lines, 2026-11-23"),
            Cost("order", "a payout with one order in PostgreSQL", 5_900, "5.9 KB", MEASURED, "200 orders, 2026-11-23"),
            Cost("wal", "a line in its log (WAL), computed and paid", 1_900, "1.9 KB", MEASURED, "2026-11-23"),
            Cost("core_hour", "a core-hour", 0.0384, "0.0384 USD", CITED, "[an example][price]"),
            Cost("gb_hour", "a GB-hour", 0.0256, "0.0256 USD", CITED, "[an example][price]"),
            Cost("submit", "orders a second, answers taking 20 ms", 300, "300", MEASURED, "case submit"),
        )
    )
