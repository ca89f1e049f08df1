"""`preview --park` and `explain` work on what they need: one park's lines, and one device's days, against an extraction
of everything from the same source through the same path, with the same answer. Bad rows and the watermark are those of
the whole source for a preview of one park, too: its scan is the same, and only what it keeps is less."""

from functools import partial

from benchmarks.activity import files
from benchmarks.activity.fleet import Fleet
from benchmarks.harness.bench import Bench
from benchmarks.harness.side import Side
from signalq_billing.devstack.ytsaurus.chunks import ROWS_PER_GROUP

EVENTS = {"small": 1_000_000, "full": 20_000_000}
DEVICES = {"small": 1_000, "full": 20_000}
REPEATS = 3


def measure(bench: Bench) -> None:
    events, devices = EVENTS[bench.size], DEVICES[bench.size]
    fleet = Fleet(devices)
    with bench.progress(events // ROWS_PER_GROUP + 1, f"{events:,} events") as step:
        made = files.make(bench.cache, fleet, events, step)
    side = partial(_side, str(made), devices)
    size = {"events": events, "devices": devices}
    everything = "an extraction of everything"
    # What a preview says of the whole source takes the same scan; of a small source, asking itself is what costs.
    park, device = (1.1, 0.6) if bench.full else (None, None)
    compare = partial(bench.compare, size=size, repeats=REPEATS)
    compare("preview of one park", ours=side("ours", "park"), others=[side(everything, "whole")], goal=park)
    compare("days of one device", ours=side("ours", "device"), others=[side(everything, "whole device")], goal=device)


def _side(made: str, devices: int, name: str, how: str) -> Side:
    return Side(name, "benchmarks.asking.answers", {"files": made, "devices": devices, "how": how})
