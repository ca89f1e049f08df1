"""A register that comes back from people: what it says, row by row, and where it contradicts itself."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from signalq_billing.domain.money import money_text


class RowKind(StrEnum):
    """What a row of a register is about."""

    LINE = "line"
    ORDER = "order"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class FiledRow:
    """A line or an order as the file has it. `where` is how a person finds it; `order_amount` is None where the file
    does not say it."""

    where: str
    kind: RowKind
    park_id: str
    cadence: str
    period: dt.date
    revision: int
    device_id: str | None
    currency: str
    amount: Decimal
    external_ref: str | None
    doc_id: str | None
    order_amount: Decimal | None = None
    payment_progress: str | None = None


@dataclass(frozen=True, slots=True)
class FiledTotal:
    """A sum as the file has it, over its rows `of` one kind; what is None does not narrow them."""

    where: str
    of: RowKind
    currency: str
    amount: Decimal
    park_id: str | None = None
    revision: int | None = None
    payment_progress: str | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong with a row: where, of which order, which field, and what the file says against what is so."""

    where: str
    external_ref: str | None
    field: str
    message: str

    def __str__(self) -> str:
        order = f", order {self.external_ref}" if self.external_ref else ""
        text = f"{self.where}{order}: {self.field + ': ' if self.field else ''}{self.message}"
        # What a file says is shown on terminals: nothing in it may steer them.
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """All rows of a file in its order, its name, the SHA-256 of its bytes, what was left out of it in words, and the
    doc ids that stand where they mean no order."""

    name: str
    sha256: str
    rows: tuple[FiledRow, ...]
    totals: tuple[FiledTotal, ...]
    warnings: tuple[str, ...] = ()
    misplaced: tuple[RowProblem, ...] = ()

    @property
    def has_lines(self) -> bool:
        return any(row.kind is RowKind.LINE for row in self.rows)

    def by_order(self) -> dict[str, list[FiledRow]]:
        """The rows of each external_ref."""
        found: dict[str, list[FiledRow]] = defaultdict(list)
        for row in self.rows:
            if row.external_ref is not None:
                found[row.external_ref].append(row)
        return dict(found)

    def contradictions(self) -> list[RowProblem]:
        """Where the file is at odds with itself: sums, rows that belong to no order, one order told twice."""
        several = list(self._several_periods())
        sums = several or self._wrong_totals()  # the sums of one period say nothing of several
        return [*self.misplaced, *sums, *self._homeless(), *self._told_twice(), *self._differing_docs()]

    def _several_periods(self) -> Iterator[RowProblem]:
        first: dict[tuple[str, dt.date], str] = {}
        for row in self.rows:
            first.setdefault((row.cadence, row.period), row.where)
        if len(first) > 1:
            told = [f"{cadence} {period} (from {where})" for (cadence, period), where in first.items()]
            more = f" and {len(told) - 3} more" if len(told) > 3 else ""
            message = f"the file has several periods, {', '.join(told[:3])}{more}: give back one at a time"
            yield RowProblem(list(first.values())[1], None, "period", message)

    def _wrong_totals(self) -> Iterator[RowProblem]:
        sums: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
        for row in self.rows:
            for key in _keys(row):
                sums[key] += Fraction(row.amount)
        for total in self.totals:
            summed = sums[total.of, total.currency, total.park_id, total.revision, total.payment_progress]
            if summed != total.amount:
                said, is_ = money_text(total.amount, total.currency), money_text(summed, total.currency)
                message = f"the file says {said} {total.currency}, its {total.of}s sum to {is_}"
                yield RowProblem(total.where, None, "total", message)

    def _homeless(self) -> Iterator[RowProblem]:
        told = any(row.payment_progress is not None for row in self.rows)
        for row in self.rows:
            # A line that no order pays, because its amount was carried or taken back, has no progress either.
            ordered = row.amount > 0 and (row.payment_progress is not None or not told)
            if row.external_ref is None and (row.doc_id is not None or ordered or row.kind is RowKind.ORDER):
                what = (
                    f"doc_id {row.doc_id}" if row.doc_id else f"{money_text(row.amount, row.currency)} {row.currency}"
                )
                yield RowProblem(row.where, None, "external_ref", f"is empty, but the row has {what}")

    def _told_twice(self) -> Iterator[RowProblem]:
        seen: dict[tuple[object, ...], str] = {}
        for row in self.rows:
            if row.external_ref is None:
                continue
            key = (row.kind, row.external_ref, row.device_id if row.kind is RowKind.LINE else None)
            if key in seen:
                yield RowProblem(row.where, row.external_ref, "", f"the same {row.kind} stands in {seen[key]} already")
            seen.setdefault(key, row.where)

    def _differing_docs(self) -> Iterator[RowProblem]:
        for external_ref, rows in self.by_order().items():
            docs: dict[str, FiledRow] = {}
            for row in rows:
                if row.doc_id is not None:
                    docs.setdefault(row.doc_id, row)
            if len(docs) > 1:
                told = " and ".join(f"{doc_id} ({row.where})" for doc_id, row in docs.items())
                yield RowProblem(rows[0].where, external_ref, "doc_id", f"one order has several: {told}")


def _keys(row: FiledRow) -> Iterator[tuple[object, ...]]:
    """Everything a sum over this row may be narrowed to."""
    for park_id, revision in ((None, None), (row.park_id, None), (row.park_id, row.revision), (None, row.revision)):
        yield row.kind, row.currency, park_id, revision, None
        if row.payment_progress is not None:
            yield row.kind, row.currency, park_id, revision, row.payment_progress


def doc_ids(rows: Sequence[FiledRow]) -> list[str]:
    """The doc ids that these rows give, each once."""
    return list(dict.fromkeys(row.doc_id for row in rows if row.doc_id is not None))
