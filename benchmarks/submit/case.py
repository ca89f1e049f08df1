"""Submitting a week of payouts, one order a park, to a billing-orders that answers after 20 ms: guards, a claim, the
call and a record each, with the product's default concurrency. Against the floor: the same calls at the same
concurrency with two commits of a trivial row each, and nothing around them. And how much longer all others take while
one park's orders get no answer."""

from benchmarks.harness.bench import Bench
from benchmarks.harness.side import Side

DEVICES = 50
GOAL = 1.25  # 80 % of the floor
GOAL_OF_TROUBLE = 1.2  # one thread of eight may hang


def measure(bench: Bench) -> None:
    parks, repeats = (1_000, 5) if bench.full else (200, 3)
    size = {"orders": parks, "devices": parks * DEVICES}

    def side(name: str, module: str, **more: str) -> Side:
        told: dict[str, str | int] = {"directory": str(bench.scratch), "parks": parks, "devices": DEVICES, **more}
        return Side(name, f"benchmarks.submit.{module}", told)

    floor = side("HTTP calls and commits alone", "floor")
    bench.compare("submit", size, side("ours", "ours"), [floor], repeats=repeats, goal=GOAL)
    for trouble, text in (("503", "is answered 503"), ("silent", "is not answered")):
        calm = side("without trouble", "troubled", trouble="")
        ours = side("one park in trouble", "troubled", trouble=trouble)
        name = f"all others created while one park {text}"
        bench.compare(name, size, ours, [calm], repeats=repeats, goal=GOAL_OF_TROUBLE)
    bench.note(
        "Each order pays 50 cameras, whose lines follow it to in_progress and to created: the floor writes none of "
        "that, no lease, no fencing number, no history. PostgreSQL runs with its default durability on both sides."
    )
