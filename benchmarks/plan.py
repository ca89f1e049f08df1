"""The tables of docs/scaling.md that are arithmetic: `python -m benchmarks.plan` works them out anew from the unit
costs, measured or cited, and puts them between their marks. `make bench` does so too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import results
from benchmarks.plan_costs import Costs, costs

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
GB = 1e9
DAYS, AROUND = 31, 1


@dataclass(frozen=True, slots=True)
class Load:
    """A month of so many events, and the clique that it is planned with: instances, cores and GB of each."""

    events: float
    instances: int
    cores: int
    memory_gb: int
    lookback_days: int = 30

    @property
    def devices(self) -> float:
        return self.events / 1000

    @property
    def half_of_memory(self) -> float:
        """Bytes of one instance that are left for a query."""
        return self.memory_gb * GB / 2

    @property
    def parks(self) -> float:
        return min(max(self.devices / 50, 20), 100_000)

    @property
    def tables(self) -> int:
        return DAYS + self.lookback_days + 2 * AROUND

    @property
    def rows(self) -> float:
        """Rows read, if the days of the lookback are as full as those of the period."""
        return self.events * self.tables / DAYS


LOADS = (
    Load(1e6, 1, 10, 60),
    Load(1e8, 1, 10, 60),
    Load(1e9, 4, 16, 60),
    Load(1e10, 10, 16, 120),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load costs, by the unit costs."""

    load: Load
    costs: Costs

    @property
    def groups(self) -> float:
        """Bytes of all devices' events and arrays at once."""
        return self.load.events * self.costs["group"]

    @property
    def core_seconds(self) -> float:
        rows = self.load.events + (self.load.rows - self.load.events) * self.costs["lookback"]
        return rows / 1e6 * self.costs["event"] * self.costs["chyt"]

    @property
    def seconds(self) -> float:
        """What scans is shared by all instances; the groups go to the coordinator, and what follows is its alone."""
        load, after = self.load, self.costs["after"]
        scanning = self.core_seconds * (1 - after) / (load.instances * load.cores * self.costs["scan"])
        sent = load.events * self.costs["state"] / self.costs["network"] if load.instances > 1 else 0
        return self.costs["query"] + scanning + sent + self.core_seconds * after / load.cores

    @property
    def memory(self) -> float:
        """Bytes on each instance, for the groups of what it read."""
        return self.costs["base"] + self.groups / self.load.instances

    @property
    def worst_memory(self) -> float:
        """Bytes on the coordinator, if it should hold all groups at once."""
        return self.costs["base"] + self.groups

    @property
    def buckets(self) -> int:
        """Into how many parts the devices have to go for the worst to fill half of an instance."""
        return next(number for number in (1, 2, 4, 8, 16, 32, 64) if self.groups / number <= self.load.half_of_memory)

    @property
    def lines(self) -> float:
        return self.load.devices * 1.02  # a few cameras change their park and have a line in both

    @property
    def storing(self) -> float:
        return self.lines * self.costs["store"]

    @property
    def submitting(self) -> float:
        return self.load.parks / self.costs["submit"]

    @property
    def database(self) -> float:
        return self.lines * self.costs["line"] + self.load.parks * self.costs["order"]

    def column(self) -> list[str]:
        """What the table says of this load."""
        load, clique = self.load, f"{self.load.instances} x {self.load.cores} cores, {self.load.memory_gb} GB"
        return [
            _count(load.events),
            f"{load.devices:,.0f} / {load.parks:,.0f}",
            _bytes(load.events * self.costs["disk"] * self.costs["copies"]),
            f"{load.tables}",
            f"{_count(load.rows)}, {_bytes(load.rows * self.costs['weight'])}",
            clique,
            _seconds(self.core_seconds),
            _seconds(self.seconds),
            f"{_bytes(self.memory)} / {_bytes(self.worst_memory)}",
            f"{self.buckets}",
            f"{self.lines:,.0f}, {_bytes(self.lines * (34 + 6 * DAYS))}",
            _seconds(self.storing),
            f"{load.parks:,.0f}, {_seconds(self.submitting)}",
            f"{_bytes(self.database)}, {_bytes(self.lines * self.costs['wal'])}",
        ]


ROWS = (
    "**events a month**",
    "devices / parks",
    "on disk, a month, all copies",
    "daily tables read: 31 + lookback + 2",
    "rows read, their text",
    "clique",
    "core time of the statement",
    "**time of the statement**",
    "**memory of an instance**, coordinator at worst",
    "`device_buckets` against that worst",
    "lines of the result, room in a worker's TMPDIR",
    "read, computed, stored in",
    "orders of parks, submitted in",
    "PostgreSQL grows by, writes to its log",
)


def unit_costs(known: Costs) -> Iterator[str]:
    yield "| what | costs | | from |"
    yield "|---|--:|---|---|"
    for cost in known.each:
        yield f"| {cost.what} | {cost.shown} | {cost.mark} | {cost.source} |"


def planned(plans: Sequence[Plan]) -> Iterator[str]:
    columns = [plan.column() for plan in plans]
    for number, name in enumerate(ROWS):
        yield f"| {name} | " + " | ".join(column[number] for column in columns) + " |"
        if number == 0:
            yield "|---|" + "--:|" * len(columns)


def money(plans: Sequence[Plan]) -> Iterator[str]:
    yield "| events a month | core-hours | GB-hours | at those prices |"
    yield "|---|--:|--:|--:|"
    for plan in plans:
        hours = plan.seconds / 3600 * plan.load.instances
        cores, memory = hours * plan.load.cores, hours * plan.load.memory_gb
        price = cores * plan.costs["core_hour"] + memory * plan.costs["gb_hour"]
        yield f"| {plan.column()[0]} | {cores:,.2f} | {memory:,.1f} | {_price(price)} |"


def written(page: str, name: str, lines: Iterator[str]) -> str:
    """The page with these lines between the two marks of that name. Raises ValueError if they are not there."""
    begin, end = f"<!-- {name}: written by benchmarks/plan.py -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, also, after = rest.partition(end)
    if not (found and also):
        raise ValueError(f"{PAGE} has no place for {name}")
    return before + begin + "\n".join(lines) + "\n" + end + after


def write() -> Path:
    """Put the tables into docs/scaling.md."""
    rows, runs = results.load()
    processors = [int(run.machine.get("processors", 2)) for run in runs if run.case == "activity"]
    known = costs(rows, max(processors, default=2))
    plans = [Plan(load, known) for load in LOADS]
    page = before = PAGE.read_text()
    for name, lines in (("units", unit_costs(known)), ("plan", planned(plans)), ("cost", money(plans))):
        page = written(page, name, lines)
    if page != before:
        PAGE.write_text(page)
    return PAGE


def _seconds(seconds: float) -> str:
    if seconds < 100:
        return f"{_two_digits(seconds)} s" if seconds >= 1 else "under 1 s"
    return f"{_two_digits(seconds / 60)} min" if seconds < 100 * 60 else f"{_two_digits(seconds / 3600)} h"


def _price(price: float) -> str:
    return f"{price:,.2f} USD" if price >= 0.01 else "under 0.01 USD"


def _count(number: float) -> str:
    """As 1e6 or 2.3e8."""
    power = len(f"{number:.0f}") - 1
    return f"{number / 10**power:.2g}e{power}"


def _bytes(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{_two_digits(count / size)} {unit}"
    return f"{_two_digits(count / 1e3)} kB"


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,g}"


if __name__ == "__main__":
    print(write())
