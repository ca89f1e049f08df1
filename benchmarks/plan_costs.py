"""What one event, line and order costs, for benchmarks/plan.py: the newest value of results.json where it has one, else
the one that is written here; and what is cited or assumed."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness.results import Row, first_number

MEASURED, EXTRAPOLATED, CITED, ASSUMED = "[m]", "[x]", "[c]", "assumed"
ENOUGH = 20_000_000  # events, for memory to be that of events
ALONE = "the statement in parts, 2e7 events, 2026-11-23"
EARLIER = "2026-11-23, on a busy machine"
EARLIER_LARGEST = f"1e8 events, 1e5 devices, {EARLIER}"
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

    def core_time(self, name: str, least: int, processors: int, earlier: float) -> Cost:
        """Of a million rows, if all processors were busy all the time; at the largest size, which is no small one."""
        row = self._largest(name)
        row = row if row and first_number(row.size) >= least else None
        value = row.ours * processors / (first_number(row.size) / 1e6) if row else earlier
        return Cost(
            "event", "a core's time for 1e6 rows read", value, "s", MEASURED, _told(row) if row else EARLIER_LARGEST
        )

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
        source = f"{name}, {rows[0].size}, and {rows[-1].size}" if rows else EARLIER_LARGEST
        return (
            Cost("group", "memory for an event of the period", event, "B", MEASURED, source),
            Cost("base", "memory without any", base, "B", EXTRAPOLATED, "the same"),
        )

    def per_line(self, name: str, earlier: float) -> Cost:
        """Seconds of a device's line, at the largest size."""
        row = self._largest(name)
        value = row.ours / _number(row, "devices") if row else earlier
        return Cost("store", "a line: read, computed and committed", value, "s", MEASURED, _told(row))

    def a_second(self, name: str, earlier: float) -> Cost:
        """Orders a second, at the largest size."""
        row = self._largest(name)
        value = _number(row, "orders") / row.ours if row else earlier
        return Cost("submit", "orders a second, answers taking 20 ms", float(f"{value:.2g}"), "", MEASURED, _told(row))

    def _largest(self, name: str) -> Row | None:
        rows = [row for row in self.rows if row.name == name]
        return max(rows, key=lambda row: first_number(row.size), default=None)


def _number(row: Row, of: str) -> int:
    """20_000 of "5 parks, 20,000 devices"."""
    return next(int(part.split(" ")[0].replace(",", "")) for part in row.size.split(", ") if part.endswith(of))


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
            measured.core_time("activity", ENOUGH, processors, 0.43),
            Cost("lookback", "a row of the lookback, as share of that", 0.8, "%", MEASURED, ALONE),
            Cost("after", "share of it that comes after the groups", 0.2, "%", MEASURED, ALONE),
            *measured.memory("activity: peak memory", ENOUGH, 0.85e9, 15),
            Cost("state", "an event sent to the coordinator", 8, "B", ASSUMED, "its key"),
            Cost("chyt", "a core's time in CHYT, embedded ClickHouse being 1", 1.4, "", CITED, CLICKBENCH),
            Cost("scan", "of a clique's cores, what scanning makes use of", 0.73, "%", CITED, CLICKBENCH),
            Cost("network", "what one instance can receive in a second", 1e9, "B", ASSUMED, "10 Gbit/s"),
            Cost("query", "a query, before it reads anything", 5, "s", ASSUMED, "locks, metadata, queue"),
            measured.per_line("compute and store", 100e-6),
            measured.ours("line", "a line in PostgreSQL", "B", "a line, paid", 499),
            measured.ours("wal", "a line in its log", "B", "a line in the log, stored and paid", 1_161),
            measured.ours("order", "a payout with one order in PostgreSQL", "B", "a payout with one order", 5_734),
            measured.a_second("submit", 300),
            Cost("core_hour", "a core-hour", 0.0384, "USD", CITED, PRICE),
            Cost("gb_hour", "a GB-hour", 0.0256, "USD", CITED, PRICE),
        )
    )
