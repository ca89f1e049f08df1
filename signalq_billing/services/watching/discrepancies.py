"""What a comparison with billing-orders found, as one alert. Comparing takes long, so whoever compares tells it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from signalq_billing.domain.alert import Alert, AlertKind, key_of
from signalq_billing.domain.alert_text import FIRST_FEW, amount_text, counted
from signalq_billing.domain.discrepancy import Discrepancy
from signalq_billing.domain.telling import Told
from signalq_billing.services.comparing import Comparison
from signalq_billing.services.watching.findings import Findings, known_since

KEY = key_of(AlertKind.DISCREPANCY)


def discrepancies(comparison: Comparison, known: Sequence[Told], now: dt.datetime) -> Findings:
    """The alert of a comparison. What could not be compared is not known to be right: then nothing is over."""
    found = comparison.discrepancies
    covered = frozenset() if comparison.not_compared else frozenset([AlertKind.DISCREPANCY.value])
    return Findings((_alert(comparison, found, known, now),), covered) if found else Findings((), covered)


def _alert(comparison: Comparison, found: Sequence[Discrepancy], known: Sequence[Told], now: dt.datetime) -> Alert:
    money: dict[str, Decimal] = defaultdict(Decimal)
    for off in comparison.money:
        if off.currency:
            money[off.currency] += off.more + off.less
    kinds = {each.kind.value: sum(other.kind is each.kind for other in found) for each in found}
    named = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
    return Alert(
        key=KEY,
        kind=AlertKind.DISCREPANCY,
        title=f"discrepancy: {counted(len(found), 'order')} differ{'s' if len(found) == 1 else ''} between here and "
        f"billing-orders ({named})",
        since=known_since(known, KEY, now),
        money=dict(money),
        waiting=(
            *(_sums(comparison)),
            *(f"{each.external_ref}: {each.detail}" for each in found[:FIRST_FEW]),
            *([f"and {counted(len(found) - FIRST_FEW, 'more order')}"] if len(found) > FIRST_FEW else []),
        ),
        why=("comparing repairs nothing: somebody has to find out which side is right",),
        do=(
            "`signalq-billing reconcile --compare` lists every order with both sides.",
            "What to do is a line per kind in the runbook page. Do not send or pay anything again before that.",
        ),
        members=frozenset(f"{each.kind.value} {each.external_ref}" for each in found),
    )


def _sums(comparison: Comparison) -> list[str]:
    return [
        f"{off.kind.value}: {counted(off.count, 'order')}, billing-orders has "
        f"{amount_text(off.more, off.currency)} more and {amount_text(off.less, off.currency)} less than we"
        for off in comparison.money
        if off.currency
    ]
