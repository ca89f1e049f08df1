"""The forms people trigger DAGs with: one field each, with the words that Airflow shows. Airflow refuses what does not
fit a field's schema before a run exists; what only the database or the calendar know is refused by the first task."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.sdk import Param


def period(*, empty: str) -> Param:
    """The first day of a period; `empty` says what leaving it empty means."""
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="Period",
        description=f"First local day of the period, such as 2026-11-16. Empty: {empty}.",
    )


def parks(*, empty: str) -> Param:
    """Park ids; `empty` says what leaving it empty means."""
    return Param(
        [],
        type=["null", "array"],
        items={"type": "string"},
        title="Parks",
        description=f"Park ids, one per line, written exactly as in the configs. Empty: {empty}.",
    )


def dry_run(description: str) -> Param:
    """Whether the run only shows what it would do."""
    return Param(False, type="boolean", title="Dry run", description=description)


def cadence(names: Iterable[str], *, empty: str) -> Param:
    """One of the cadences of cadences.yaml; `empty` says what leaving it empty means."""
    return Param(
        None,
        type=["null", "string"],
        enum=[None, *names],
        title="Cadence",
        description=f"How often the parks are paid. Empty: {empty}.",
    )


def any_cadence(names: Iterable[str], *, empty: str) -> Param:
    """A cadence by which payouts are stored: also one that cadences.yaml has no more."""
    return Param(
        None,
        type=["null", "string"],
        examples=list(names),
        title="Cadence",
        description=f"How often the parks are paid. Empty: {empty}.",
    )


def window(default: int) -> Param:
    """How many periods back."""
    return Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=500,
        title="Periods",
        description=f"How many complete periods back, the newest among them. Empty: {default}, as every night.",
    )
