"""The server's side of faults.py: which faults are set, and which of them strike a command."""

import threading
from dataclasses import dataclass, field

from signalq_billing.devstack.ytsaurus import clock
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.lag import Lag
from signalq_billing.devstack.ytsaurus.yson import Yson

KINDS = {"delay", "error", "status", "cut", "trailer", "lose_answer", "down", "lag", "query"}


@dataclass(slots=True)
class Fault:
    """One fault as it was posted, and how often it has struck."""

    kind: str
    options: dict[str, Yson]
    struck: int = 0
    set_at: float = field(default_factory=clock.now)

    def matches(self, command: str, path: str) -> bool:
        wanted, part = self.options.get("command"), self.options.get("path")
        times = self.options.get("times")
        return (
            (wanted is None or wanted == command)
            and (part is None or str(part) in path)
            and (times is None or self.struck < int(times))
        )


class Misbehaviour:
    """Thread-safe: commands run in many threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, posted: list[dict[str, Yson]]) -> None:
        """Raises ClusterError for a kind there is not."""
        unknown = next((fault.get("kind") for fault in posted if fault.get("kind") not in KINDS), None)
        if unknown is not None or any("kind" not in fault for fault in posted):
            raise ClusterError(f"Unknown kind of fault {unknown!r}; there are {', '.join(sorted(KINDS))}")
        with self._lock:
            self._faults = [Fault(str(fault["kind"]), dict(fault)) for fault in posted]

    def listing(self) -> list[dict[str, Yson]]:
        with self._lock:
            return [{**fault.options, "struck": fault.struck} for fault in self._faults]

    def striking(self, command: str, path: str, *kinds: str) -> dict[str, Fault]:
        """The first matching fault of each kind, counted as struck."""
        found: dict[str, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.kind not in found and fault.matches(command, path):
                    fault.struck += 1
                    found[fault.kind] = fault
        return found

    def lag(self) -> Lag:
        with self._lock:
            for fault in self._faults:
                if fault.kind == "lag":
                    frozen = fault.set_at if fault.options.get("freeze") else None
                    path = fault.options.get("path")
                    return Lag(float(fault.options.get("seconds", 0)), frozen, str(path) if path else None)
        return Lag()


def as_error(fault: Fault) -> ClusterError:
    return ClusterError(str(fault.options.get("message", "Injected failure")), int(fault.options.get("code", 1)))
