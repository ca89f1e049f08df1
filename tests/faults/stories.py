"""The acts that processes are killed in: everything that changes a payout or moves money."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """What happens before the act that crashes, the act, and what is done after everything recovered by itself.

    `parks` are numbers: odd ones have one order for the park, even ones an order per device. `ends_paid`: afterwards
    every park has its money; otherwise some may be held. `later`: late rows came before the act.
    """

    act: str
    before: Sequence[str] = ("apply", "compute")
    after: Sequence[str] = ("apply", "run")
    parks: tuple[int, ...] = (1, 2)
    concurrency: int = 1
    ends_paid: bool = True
    later: bool = False


STORIES = {
    "run": Story("run", before=("apply",)),
    "config apply": Story("apply", before=()),
    "taking back": Story("take_back", parks=(2,)),
    "submit by many threads": Story("submit", concurrency=4, parks=(1, 2, 3, 4)),
    "reconcile": Story("settle", before=("apply", "compute", "strand"), parks=(2,)),
    "reconcile by many threads": Story("settle", before=("apply", "compute", "strand"), concurrency=4),
    "hold": Story("hold", ends_paid=False),
    "release": Story("release", before=("apply", "compute", "hold"), after=("release", "apply", "run")),
    "adjust": Story("adjust", before=("apply", "run"), after=("adjust",), parks=(1,), later=True),
    "mark-created": Story("mark_created"),
}
ONE_PARK = Story("run", before=("apply",), parks=(1,))
RESUMED = Story("resume")
DISTURBED = {"run": Story("run", before=("apply",), parks=(2,)), "submit": Story("submit", concurrency=2)}
