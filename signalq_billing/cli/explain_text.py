"""An explanation as text for people: from the amount down to the seconds, in 80 columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from signalq_billing.cli import explain_days
from signalq_billing.cli.explain_layout import heading, pairs, paragraph, row
from signalq_billing.services import explanation, explanation_origin
from signalq_billing.services.explain import Explanation
from signalq_billing.services.explanation import Alarm, Block, Facts, Figure, Heading, Note

_NAMES = 10


def explanation_text(told: Explanation, days: Collection[dt.date] = (), everything: bool = False) -> str:
    """The whole explanation; `days` limits the intervals to some days, `everything` shows all of every day."""
    lines = [
        *_lines(explanation.answer(told, explain_days.unasked(told)), ""),
        *_lines(chain(explanation.payout(told), explanation.line(told), explanation.charge(told))),
        *explain_days.days(told),
        *explain_days.intervals(told, days, everything),
        *_lines(chain(explanation_origin.origin(told), explanation_origin.orders(told))),
    ]
    return "\n".join(lines)


def why(told: Explanation) -> str:
    """Why the device earned nothing, in a sentence or two; empty if it earned something."""
    return explanation.why(told, explain_days.unasked(told))


def _lines(blocks: Iterable[Block], indent: str = "  ") -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(text):
                yield from heading(text)
            case Alarm(text):
                yield from paragraph(f"! {text}", indent)
            case Note(text):
                yield from paragraph(text, indent)
            case Figure(label, figure):
                yield from row(label, figure)
            case Facts(found):
                yield from pairs(list(found), _NAMES)
