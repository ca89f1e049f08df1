"""Taking a register back after manual payment: checked against the database and billing-orders, then marked whole or
not at all (SPEC section 9). No order is marked that billing-orders has, or may still get."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from signalq_billing.domain.marking import Mark, MarkedBy
from signalq_billing.domain.order import BillingOrder, NotFound, Rejected, Unavailable, Unknown
from signalq_billing.domain.register_file import RegisterFile, RowProblem
from signalq_billing.errors import RegisterMismatch
from signalq_billing.ports import BillingOrders, PayoutStore
from signalq_billing.services.matching import Matched, match

Answer = BillingOrder | NotFound | Unavailable | Unknown | Rejected
_ASKED_AT_ONCE = 8
_REFUSED = "nothing was marked, for the file cannot be taken as it is:"


@dataclass(frozen=True, slots=True)
class MarkReport:
    """What was marked, or would be; what was so already, what the file gives no doc_id for, and what to know."""

    marked: tuple[Mark, ...]
    unchanged: tuple[Mark, ...]
    left: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks orders as created after manual payment. `settle` is how long a call without a definite answer may still
    arrive at billing-orders: before that, not having the order proves nothing."""

    payouts: PayoutStore
    billing: BillingOrders
    settle: dt.timedelta

    def mark(self, file: RegisterFile, by: MarkedBy, *, dry_run: bool = False) -> MarkReport:
        """Check the whole file and mark its orders; safe to repeat. With `dry_run` only check.

        Raises RegisterMismatch with every problem, and then nothing was marked.
        """
        matched = match(file, self.payouts.orders(file.by_order()))
        broken = {problem.external_ref for problem in matched.problems}
        places = {external_ref: rows[0].where for external_ref, rows in file.by_order().items()}
        asked = [mark for mark in matched.marks if mark.order.external_ref not in broken]
        problems, warnings = self._ask_about(asked, places)
        if matched.problems or problems:
            raise RegisterMismatch(_REFUSED, [*matched.problems, *problems])
        if matched.marks and not dry_run:
            self.payouts.mark_created(matched.marks, by)
        return _report(matched, (*file.warnings, *warnings))

    def _ask_about(self, marks: Sequence[Mark], places: dict[str, str]) -> tuple[list[RowProblem], list[str]]:
        """What billing-orders knows of the orders: those that may have been sent must be asked about, the others are
        as long as it answers."""
        must = [mark for mark in marks if mark.order.uncertain]
        may = [mark for mark in marks if not mark.order.uncertain]
        problems = [
            RowProblem(places[mark.order.external_ref], mark.order.external_ref, "", problem)
            for mark, answer in zip(must, self._asked(must), strict=True)
            if (problem := self._uncertain_problem(mark, answer))
        ]
        answers = self._asked(may)
        problems += [
            RowProblem(places[mark.order.external_ref], mark.order.external_ref, "", _had(answer, mark))
            for mark, answer in zip(may, answers, strict=True)
            if isinstance(answer, BillingOrder)
        ]
        silent = next((answer for answer in answers if not isinstance(answer, BillingOrder | NotFound)), None)
        warning = (
            f"billing-orders could not be asked about orders that were never sent, as far as we know "
            f"({getattr(silent, 'message', silent)}): `reconcile` will tell if it has one of them"
        )
        return problems, [warning] if silent is not None else []

    def _asked(self, marks: Sequence[Mark]) -> list[Answer]:
        """An answer per mark, in their order; after a first failure the rest is not asked about."""
        answers: list[Answer] = []
        with ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="ask") as pool:
            for start in range(0, len(marks), _ASKED_AT_ONCE):
                some = marks[start : start + _ASKED_AT_ONCE]
                answers += pool.map(lambda mark: self.billing.find(mark.order.external_ref), some)
                failed = next((each for each in answers if not isinstance(each, BillingOrder | NotFound)), None)
                if failed is not None:
                    return [*answers, *(failed for _ in marks[len(answers) :])]
        return answers

    def _uncertain_problem(self, mark: Mark, answer: Answer) -> str | None:
        """Why an order that may have been sent cannot be marked; None if it certainly did not arrive and cannot."""
        if isinstance(answer, BillingOrder):
            return _had(answer, mark)
        if not isinstance(answer, NotFound):
            return (
                f"it may have been sent, and billing-orders could not be asked ({answer.message}): "
                f"run the command again when `doctor` says that billing-orders answers"
            )
        ago = mark.order.unsure_for
        if ago is not None and ago < self.settle:
            left = round((self.settle - ago).total_seconds())
            return (
                f"it was sent {round(ago.total_seconds())} s ago without a definite answer and may still arrive at "
                f"billing-orders, which does not have it yet: run the command again in {left} s"
            )
        return None


def _had(answer: BillingOrder, mark: Mark) -> str:
    return (
        f"billing-orders has it as {answer.doc_id} over {answer.amount} {answer.currency}, so the manual payment "
        f"{mark.doc_id} would be the second one: have that called back and take the doc_id out of the file; "
        f"`signalq-billing release` and `reconcile` then record {answer.doc_id}"
    )


def _report(matched: Matched, warnings: Sequence[str]) -> MarkReport:
    return MarkReport(matched.marks, matched.unchanged, matched.left, (*warnings, *_shared_documents(matched.marks)))


def _shared_documents(marks: Sequence[Mark]) -> list[str]:
    """Documents given for several parks: rarely what somebody means."""
    parks: dict[str, set[str]] = {}
    for mark in marks:
        parks.setdefault(mark.doc_id, set()).add(mark.order.park_id)
    return [f"doc_id {doc} stands for {len(of)} parks" for doc, of in parks.items() if len(of) > 1]
