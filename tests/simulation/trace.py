"""What happened, line by line, put into words only when somebody reads it."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from decimal import Decimal

from signalq_billing.domain.activity import ActivityRequest, ActivitySnapshot
from signalq_billing.domain.marking import Mark
from signalq_billing.domain.order import BillingOrder
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, PayoutProgress
from signalq_billing.ports import StoredPayout
from tests.simulation.reply import Reply


class Trace:
    """Entries of (microseconds, who, what, arguments, result) in the order they happened."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str, str, tuple[object, ...] | None, object]] = []

    def add(self, now: int, who: str, what: str) -> None:
        self._entries.append((now, who, what, (), _NOTHING))

    def call(self, now: int, who: str, name: str, arguments: tuple[object, ...] | None, result: object) -> None:
        self._entries.append((now, who, name, arguments, result))

    def __len__(self) -> int:
        return len(self._entries)

    def text(self, last: int | None = None) -> str:
        """One line per entry: seconds, who, what was called with what, and what came of it."""
        chosen = self._entries if last is None else self._entries[-last:]
        return "\n".join(_line(entry) for entry in chosen)

    @property
    def digest(self) -> str:
        """Equal for schedules that went exactly the same way."""
        return hashlib.sha256(self.text().encode()).hexdigest()


_NOTHING = object()


def _line(entry: tuple[int, str, str, tuple[object, ...] | None, object]) -> str:
    now, who, what, arguments, result = entry
    shown = what if result is _NOTHING else f"{what}{_called(arguments)} -> {_shown(result)}"
    return f"{now / 1_000_000:12.3f} s  {who:<12} {shown}"


def _called(arguments: tuple[object, ...] | None) -> str:
    return "" if arguments is None else f"({', '.join(map(_shown, arguments))})"


def _shown(value: object) -> str:
    """Short, and the same in every process: no ids, no order of sets."""
    if isinstance(value, Claim):
        return f"claim {value.external_ref} #{value.fencing}"
    if isinstance(value, PayoutProgress):
        orders = " ".join(f"{order.order_id}:{order.payment_progress}" for order in value.orders)
        held = f", held: {value.hold_reason}" if value.hold_reason else ""
        return f"<payout {value.payout_id} {value.park_id} {value.total}{held} [{orders}]>"
    if isinstance(value, Payout):
        return f"<{value.park_id} r{value.revision} {value.total}>"
    if isinstance(value, Mark):
        return f"{value.order.external_ref} as {value.doc_id}"
    if isinstance(value, BillingOrder):
        return f"{value.doc_id} over {value.amount} {value.currency}"
    if isinstance(value, Period | dt.date | dt.timedelta):
        return str(value)
    if isinstance(value, ActivitySnapshot | ActivityRequest):
        return f"<{type(value).__name__} of {value.period}>"
    if isinstance(value, Iterator):
        return "<a stream>"
    if isinstance(value, StoredPayout):
        return f"{value.park_id}: {value.result}"
    if isinstance(value, Reply):
        return f"{value.status} {value.body.decode()}"
    if isinstance(value, set | frozenset):
        return f"[{', '.join(sorted(map(_shown, value)))}]"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, str | int | Decimal | None):
        return str(value)
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:159]}…"
