"""Late periods of one cadence as one alert: what waits, in money, why as far as it is known, and what to do."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from signalq_billing.domain.alert import Alert, AlertKind, late_key
from signalq_billing.domain.alert_text import amount_text, counted, duration, first_few, instant, totals_text
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.domain.readable import name_text
from signalq_billing.ports import OpenPayout
from signalq_billing.services.checking import ready_at
from signalq_billing.services.watching.findings import Limits, Plan, Stored, Trouble
from signalq_billing.services.watching.late import LatePeriod, money_of

_MOST_PERIODS, _MOST_REASONS = 3, 3


def late_alert(
    late: Sequence[LatePeriod], plan: Plan, trouble: Trouble, stored: Stored, now: dt.datetime, runs: Sequence[str] = ()
) -> Alert | None:
    """The alert of one cadence's late periods, oldest first; None without any. `runs` tell of runs in Airflow."""
    if not late:
        return None
    unbegun = all(not each.begun for each in late) and not _hindered(late, plan, trouble)
    kind = AlertKind.NOT_STARTED if unbegun else AlertKind.LATE
    cadence, money = late[0].cadence.name, _sum(late)
    return Alert(
        key=late_key(cadence),
        kind=kind,
        title=f"{kind.words}: {_which(late)}: {_how_much(late, kind)}, {duration(now - late[0].due_at)} late",
        since=late[0].due_at,
        money=money,
        waiting=tuple(line for each in late[:_MOST_PERIODS] for line in _waiting(each, stored)),
        why=tuple(_why(late, plan, trouble, stored, runs))
        or ("not known; the log of the red or waiting task says it",),
        do=tuple(_do(late, kind, trouble)),
        members=frozenset(each.period.name.isoformat() for each in late),
        cadence=cadence,
        period_name=late[0].period.name,
    )


def late_unseen(
    cadence: Cadence,
    period: Period | None,
    limits: Limits,
    down: Mapping[str, str],
    runs: Sequence[str],
    now: dt.datetime,
) -> Alert:
    """The alert of a missed deadline while the database cannot say what waits."""
    due_at = limits.due_at(cadence, period) if period else now
    return Alert(
        key=late_key(cadence.name),
        kind=AlertKind.LATE,
        title=f"{AlertKind.LATE.words}: {period or cadence.name}: how much is not paid cannot be seen, "
        f"{duration(now - due_at)} late",
        since=due_at,
        why=(*_down(down), *runs),
        do=tuple(_do_for_down(cadence.name, period, down)),
        members=frozenset([period.name.isoformat()] if period else []),
        cadence=cadence.name,
        period_name=period.name if period else None,
    )


def _which(late: Sequence[LatePeriod]) -> str:
    if len(late) == 1:
        return str(late[0].period)
    names = first_few((each.period.name.isoformat() for each in late), _MOST_PERIODS)
    return f"{late[0].cadence.name}, {len(late)} periods ({names})"


def _how_much(late: Sequence[LatePeriod], kind: AlertKind) -> str:
    parks = frozenset().union(*(each.waiting_parks for each in late))
    who = counted(len(parks), "park")
    if kind is AlertKind.NOT_STARTED:
        return f"nobody began to pay {who}"
    money = _sum(late)
    return f"{totals_text(money)} of {who} not paid" if money else f"{who} not paid"


def _sum(late: Sequence[LatePeriod]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in late:
        for currency, amount in each.money.items():
            sums[currency] += amount
    return dict(sums)


def _waiting(late: LatePeriod, stored: Stored) -> list[str]:
    """What waits in one period: open payouts with their money, parks without any with what they got before."""
    days = f"{late.period.name} to {late.period.end_date - dt.timedelta(days=1)}, {late.period.timezone}"
    told = [f"{late.period} ({days}) was due {instant(late.due_at)}:"]
    if late.open:
        parks = (_park_text(each) for each in _dearest(late))
        told.append(
            f"  not created: {counted(len(late.open), 'payout')}, {totals_text(late.money)}: {first_few(parks)}"
        )
    if late.missing:
        names = first_few(map(name_text, late.missing))
        told.append(
            f"  not computed: {len(late.missing):,} of {counted(late.parks, 'park')}: {names}{_before(late, stored)}"
        )
    return told


def _dearest(late: LatePeriod) -> list[OpenPayout]:
    return sorted(late.open, key=lambda each: (-sum(money_of([each]).values()), each.payout.park_id.encode()))


def _park_text(each: OpenPayout) -> str:
    return f"{name_text(each.payout.park_id)} {totals_text(money_of([each]))}"


def _before(late: LatePeriod, stored: Stored) -> str:
    """What the period before paid these parks, as a measure of what waits."""
    period = late.cadence.preceding(late.period)
    if period is None:
        return ""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    missing = frozenset(late.missing)
    for (park_id, currency), amount in stored.work.period_totals(late.cadence.name, period.name).items():
        if park_id in missing:
            sums[currency] += amount
    paid = " and ".join(amount_text(amount, currency) for currency, amount in sorted(sums.items()) if amount)
    return f"; {period.name} paid them {paid}" if paid else ""


def _hindered(late: Sequence[LatePeriod], plan: Plan, trouble: Trouble) -> bool:
    """Whether something outside explains that nothing is stored: a run may well wait for it."""
    return bool(trouble.down) or any(_waits_for_source(each.period, plan, trouble) for each in late)


def _waits_for_source(period: Period, plan: Plan, trouble: Trouble) -> bool:
    if not trouble.watermark_known:
        return False
    return trouble.watermark is None or trouble.watermark < ready_at(period, plan.source)


def _why(late: Sequence[LatePeriod], plan: Plan, trouble: Trouble, stored: Stored, runs: Sequence[str]) -> list[str]:
    told = _down(trouble.down)
    waiting = [each.period for each in late if _waits_for_source(each.period, plan, trouble)]
    if waiting:
        reached = instant(trouble.watermark) if trouble.watermark else "nothing at all"
        told.append(
            f"the replica is behind: {plan.source.table} reaches {reached}, {waiting[-1]} needs "
            f"{instant(ready_at(waiting[-1], plan.source))}"
        )
    told += runs
    unbegun = [each for each in late if not each.begun]
    if unbegun and not trouble.down and not waiting:
        told.append(
            f"nothing of {first_few(str(each.period) for each in unbegun)} is stored: the DAG is paused, Airflow's "
            f"scheduler or dag-processor does not run, or the run failed before it computed anything"
        )
    told += _errors(late)
    told += _overlaps(late, stored)
    if held := [each for period in late for each in period.held]:
        told.append(
            f"besides, {counted(len(held), 'payout')} over {totals_text(money_of(held))} wait for a release: held"
        )
    return told


def _down(down: Mapping[str, str]) -> list[str]:
    return [f"{name} does not work: {fault}" for name, fault in sorted(down.items())]


def _errors(late: Sequence[LatePeriod]) -> list[str]:
    said: Counter[str] = Counter()
    for period in late:
        for each in period.open:
            said.update({order.last_error for order in each.payout.orders if order.last_error and not order.doc_id})
    return [f"{counted(number, 'payout')}: {error}" for error, number in said.most_common(_MOST_REASONS)]


def _overlaps(late: Sequence[LatePeriod], stored: Stored) -> list[str]:
    told: list[str] = []
    for each in late:
        if each.begun and each.missing and len(told) < _MOST_REASONS:
            told += [problem for _, problem in stored.payouts.overlaps(each.period, each.missing)]
    return told[:_MOST_REASONS]


def _do(late: Sequence[LatePeriod], kind: AlertKind, trouble: Trouble) -> list[str]:
    cadence, period = late[0].cadence.name, late[0].period.name
    by_hand = _by_hand(cadence, period)
    if kind is AlertKind.NOT_STARTED:
        return [
            f"In Airflow: unpause signalq_payouts_{cadence}, and see that scheduler and dag-processor are healthy.",
            f"Airflow stays down? Pay by hand: {by_hand}; it is safe beside the DAG.",
        ]
    if trouble.down:
        return _do_for_down(cadence, late[0].period, trouble.down)
    return [
        f"Open the page, then the red or waiting task of signalq_payouts_{cadence}: its log says why.",
        f"When that is mended clear the task, or {by_hand}; both pay nobody twice.",
    ]


def _do_for_down(cadence: str, period: Period | None, down: Mapping[str, str]) -> list[str]:
    by_hand = f", or {_by_hand(cadence, period.name)}; both pay nobody twice" if period else ""
    return [
        f"Bring {' and '.join(sorted(down))} back; the run goes on by itself.",
        f"The run is red meanwhile? Clear its failed tasks{by_hand}.",
    ]


def _by_hand(cadence: str, period: dt.date) -> str:
    return f"`signalq-billing run --cadence {cadence} --period {period}`"
