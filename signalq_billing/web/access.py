"""Who is looking, and what they may do. Whoever serves the page says so: it knows no login and no roles of its own."""

from typing import Annotated, Protocol

from fastapi import Depends


class Access(Protocol):
    """One logged-in person, for the length of a request."""

    @property
    def name(self) -> str:
        """The user name, as Airflow knows it."""
        ...

    def may_act_on(self, dag_id: str) -> bool:
        """Whether this person may edit that DAG, and so act on what it pays."""
        ...


def current_access() -> Access:
    """Stands for the dependency that `make_app` puts in its place: it answers 401 to nobody and 403 to somebody who
    may not look."""
    raise NotImplementedError("make_app puts the deployment's own dependency here")


CurrentAccess = Annotated[Access, Depends(current_access)]


def payouts_dag(cadence: str) -> str:
    """The DAG that pays a cadence: whoever may edit it may act on its payouts."""
    return f"signalq_payouts_{cadence}"
