"""What one event, line and order costs, for benchmarks/plan.py: the newest value of results.json where it has one, else
the one that is written here; and what is cited or assumed."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness.results import Row, first_number

MEASURED, EXTRAPOLATED, CITED, ASSUMED = "[m]", "[x]", "[c]", "assumed"
ENOUGH = 20_000_000  # events, for memory to be that of events
EARLIER = "2026-11-23, on a busy machine"
CLICKBENCH, PRICE = "[ClickBench][clickbench], by hand", "[an example][price]"


@dataclass(frozen=True, slots=True)
class Cost:
    """One unit cost: `mark` says how far to trust it, `source` where it is from."""

    key: str
    what: str
    value: float
    unit: str
    mark: str
    source: str

    @property
    def shown(self) -> str:
        """For people: two digits."""
        if self.unit == "%":
            return f"{self.value:.0%}"
        for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0), ("m", 1e-3), ("µ", 1e-6)):
            if abs(self.value) >= size and (self.unit in {"B", "s"} or size == 1):
                return f"{float(f'{self.value / size:.2g}'):g} {prefix}{self.unit}".strip()
        return f"{self.value:g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Costs:
    """All of them by key."""

    each: Sequence[Cost]

    def __getitem__(self, key: str) -> float:
        return next(cost.value for cost in self.each if cost.key == key)


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of results.json, and what is taken from them; `earlier` is what was measured before they were there."""

    rows: Sequence[Row]

    def ours(self, key: str, what: str, unit: str, name: str, earlier: float) -> Cost:
        """The number itself, at the largest size."""
        row = self._largest(name)
        return Cost(key, what, row.ours if row else earlier, unit, MEASURED, _told(row))

    def core_time(self, name: str, processors: int, earlier: float) -> Cost:
        """Of a million rows, if all processors were busy all the time; at the largest size."""
        row = self._largest(name)
        value = row.ours * processors / (first_number(row.size) / 1e6) if row else earlier
        return Cost("event", "a core's time for 1e6 rows read", value, "s", MEASURED, _told(row))

    def memory(self, name: str, least: int, base: float, event: float) -> tuple[Cost, Cost]:
        """What an event adds, and what there is without any: the line through the smallest and the largest of these."""
        rows = sorted(
            (row for row in self.rows if row.name == name and first_number(row.size) >= least),
            key=lambda row: first_number(row.size),
        )
        if len({row.size for row in rows}) > 1:
            (first, low), (last, high) = ((first_number(row.size), row.ours * 1e6) for row in (rows[0], rows[-1]))
            event = (high - low) / (last - first)
            base = max(low - event * first, 0)
        source = f"{name}, {rows[0].size}, and {rows[-1].size}" if rows else EARLIER
        return (
            Cost("group", "memory for an event of the period", event, "B", MEASURED, source),
            Cost("base", "memory without any", base, "B", EXTRAPOLATED, "the same"),
        )

    def _largest(self, name: str) -> Row | None:
        rows = [row for row in self.rows if row.name == name]
        return max(rows, key=lambda row: first_number(row.size), default=None)


def _told(row: Row | None) -> str:
    return f"{row.name}, {row.size}" if row else EARLIER


def costs(rows: Sequence[Row], processors: int = 2) -> Costs:
    """All unit costs there are; `processors` of the machine that measured."""
    measured = Measured(rows)
    return Costs(
        (
            Cost("weight", "an event read: its text and time", 41, "B", MEASURED, "made-up events"),
            measured.ours("disk", "an event on disk: columns, lz4, by time", "B", "an event on disk", 11.3),
            Cost("copies", "copies of it", 3, "", CITED, "[replication][replication]"),
            measured.core_time("activity", processors, 1.2),
            Cost("after", "share of it that comes after the groups", 0.14, "%", MEASURED, "Activity, below"),
            *measured.memory("activity: peak memory", ENOUGH, 0.5e9, 80),
            Cost("state", "an event sent to the coordinator", 16, "B", ASSUMED, "a time and a hash"),
            Cost("bucket", "another bucket of devices, as share of one", 0.2, "%", EXTRAPOLATED, "Activity, below"),
            Cost("chyt", "a core's time in CHYT, embedded ClickHouse being 1", 1.4, "", CITED, CLICKBENCH),
            Cost("scan", "of a clique's cores, what scanning makes use of", 0.73, "%", CITED, CLICKBENCH),
            Cost("network", "what one instance can receive in a second", 1e9, "B", ASSUMED, "10 Gbit/s"),
            Cost("query", "a query, before it reads anything", 5, "s", ASSUMED, "locks, metadata, queue"),
            Cost("store", "a line: read, computed and committed", 100e-6, "s", MEASURED, "case store"),
            measured.ours("line", "a line in PostgreSQL", "B", "a line, paid", 499),
            measured.ours("wal", "a line in its log", "B", "a line in the log, stored and paid", 1_161),
            measured.ours("order", "a payout with one order in PostgreSQL", "B", "a payout with one order", 5_734),
            Cost("submit", "orders a second, answers taking 20 ms", 300, "", MEASURED, "case submit"),
            Cost("core_hour", "a core-hour", 0.0384, "USD", CITED, PRICE),
            Cost("gb_hour", "a GB-hour", 0.0256, "USD", CITED, PRICE),
        )
    )
