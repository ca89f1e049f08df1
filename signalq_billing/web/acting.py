"""Doing what a confirmed form asks for, once, in the name of the person who sent it, and telling what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from signalq_billing.domain.action import Action, Share, plan, sum_of
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.errors import UsageError
from signalq_billing.ports import PayoutStore
from signalq_billing.services import holding
from signalq_billing.services.holding import HoldOutcome, HoldResult
from signalq_billing.services.selecting import parse_date
from signalq_billing.web.access import payouts_dag
from signalq_billing.web.form_token import FormToken, FormTokens
from signalq_billing.web.ledger import Done, Journal, Runs, Told

RECONCILE_DAG = "signalq_reconcile"
_PARKS_NAMED = 50


@dataclass(frozen=True, slots=True)
class Acting:
    """What actions work with: payouts and the house's journal, runs and form tokens."""

    payouts: Callable[[], PayoutStore]
    journal: Journal
    runs: Runs
    tokens: Callable[[], FormTokens]


def no_actions() -> Acting:
    """Stands for what actions work with where nobody may act."""
    raise NotImplementedError("this page only shows")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came back: the payouts it showed, each with the digest of its figures then; parks; a reason."""

    token: FormToken
    user: str
    shown: Mapping[int, str]
    parks: tuple[str, ...] = ()
    why: str = ""


def act(acting: Acting, sent: Sent, now: dt.datetime) -> Done:
    """Do it, or say what the same form did before. Raises UsageError where a reason is needed and not given."""
    form = sent.token.form_id
    with acting.journal.turn(form):
        if before := acting.journal.find(form):
            return before
        if not sent.why and sent.token.action in (Action.HOLD, Action.RELEASE):
            raise UsageError("say why in words: it goes into the history. Nothing was done")
        done = _WORK[sent.token.action](acting, sent, now)
        acting.journal.keep(done)
        return done


def told_share(share: Share, *, good: bool = True) -> Told:
    """A share of a plan as a line of a result."""
    parks = tuple(dict.fromkeys(payout.park_id for payout in share.payouts))
    return Told(share.words, len(share.payouts), share.money, parks[:_PARKS_NAMED], good)


def result(sent: Sent, now: dt.datetime, told: Iterable[Told]) -> Done:
    """What came of a form."""
    token = sent.token
    return Done(token.form_id, token.action, sent.user, now, token.cadence, token.period, tuple(told), sent.why)


def _stored(acting: Acting, sent: Sent) -> list[PayoutProgress]:
    """The payouts a form showed, as they are now; those that are gone are left out."""
    found = acting.payouts().payouts(sent.token.cadence, parse_date(sent.token.period))
    return [payout for payout in found if payout.payout_id in sent.shown]


def _same(sent: Sent, payout: PayoutProgress) -> bool:
    return payout.digest == sent.shown[payout.payout_id]


def _hold(acting: Acting, sent: Sent, now: dt.datetime) -> Done:
    payouts = _stored(acting, sent)
    outcomes = holding.hold(acting.payouts(), payouts, sent.why, f"ui {sent.user}")
    return result(sent, now, [*_told_outcomes(outcomes), *_gone(sent, payouts)])


def _release(acting: Acting, sent: Sent, now: dt.datetime) -> Done:
    payouts, store = _stored(acting, sent), acting.payouts()
    outcomes: list[HoldOutcome] = []
    for payout in payouts:
        digest = sent.shown[payout.payout_id]
        outcomes += holding.release(store, [payout], f"ui {sent.user}", sent.why, digest)
    return result(sent, now, [*_told_outcomes(outcomes), *_gone(sent, payouts)])


def _resubmit(acting: Acting, sent: Sent, now: dt.datetime) -> Done:
    payouts = _stored(acting, sent)
    same = [payout for payout in payouts if _same(sent, payout)]
    planned = plan(Action.RESUBMIT, same, now)
    told = [told_share(share) for share in planned.touched]
    told += [told_share(share, good=False) for share in planned.untouched]
    changed = [payout for payout in payouts if not _same(sent, payout)]
    told += [_told(_WORDS[HoldResult.CHANGED], changed, good=False)] if changed else []
    done = result(sent, now, [*told, *_gone(sent, payouts)])
    if not planned.payouts:
        return done
    parks = list(dict.fromkeys(payout.park_id for payout in planned.payouts))
    conf = {"cadence": sent.token.cadence, "period": sent.token.period, "parks": parks}
    return _run(acting, sent, done, RECONCILE_DAG, conf)


def _dry_run(acting: Acting, sent: Sent, now: dt.datetime) -> Done:
    conf = {"period": sent.token.period, "parks": list(sent.parks), "dry_run": True}
    words = "computed only: nothing is stored or sent; the log of `compute` shows what would be paid"
    told = Told(words, len(sent.parks), "", sent.parks[:_PARKS_NAMED])
    return _run(acting, sent, result(sent, now, [told]), payouts_dag(sent.token.cadence), conf)


def _run(acting: Acting, sent: Sent, done: Done, dag_id: str, conf: Mapping[str, object]) -> Done:
    run_id = f"payouts_page__{sent.token.form_id}"
    what = "Resubmit" if sent.token.action is Action.RESUBMIT else "Dry run"
    note = f"{what} of {sent.token.cadence} {sent.token.period}, asked for on the Payouts page by {sent.user}"
    address = acting.runs.start(dag_id, run_id, conf, sent.user, note + (f": {sent.why}" if sent.why else ""))
    return replace(done, dag_id=dag_id, run_id=run_id, run_address=address)


def _told_outcomes(outcomes: Sequence[HoldOutcome]) -> list[Told]:
    """One line per result, the ones that did something first."""
    lines = []
    for kind in _WORDS:
        if found := [each for each in outcomes if each.result is kind]:
            good = kind in (HoldResult.HELD, HoldResult.RELEASED, HoldResult.SETTLED_ALREADY, HoldResult.HELD_BEFORE)
            lines.append(_told(_WORDS[kind], [each.payout for each in found], good=good))
    return lines


def _told(words: str, payouts: Sequence[PayoutProgress], *, good: bool) -> Told:
    amounts = sum_of((payout.currency, payout.total) for payout in payouts)
    return told_share(Share(words, tuple(payouts), amounts), good=good)


def _gone(sent: Sent, payouts: Sequence[PayoutProgress]) -> list[Told]:
    """Payouts that a recompute took back since they were shown."""
    gone = len(sent.shown) - len(payouts)
    return [Told("taken back by a run since you looked: nothing was done", gone, "", good=False)] * (gone > 0)


_WORDS = {
    HoldResult.HELD: "held: nothing is sent until somebody releases it",
    HoldResult.RELEASED: "released: sent by the next run or reconcile",
    HoldResult.SETTLED_ALREADY: "no longer held; nothing was left to send",
    HoldResult.HELD_BEFORE: "held already: the reason stays as it was",
    HoldResult.NOTHING_TO_HOLD: "nothing to hold: created already, or nothing to pay",
    HoldResult.NOT_HELD: "not held any more: somebody was there before you",
    HoldResult.CHANGED: "computed anew since you looked: left as they are; look at what they pay now, and do it again",
}

_WORK: Mapping[Action, Callable[[Acting, Sent, dt.datetime], Done]] = {
    Action.HOLD: _hold,
    Action.RELEASE: _release,
    Action.RESUBMIT: _resubmit,
    Action.DRY_RUN: _dry_run,
}
