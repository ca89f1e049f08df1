"""What the page works with, handed to it by its composition root: each thing is made when a request first asks for it,
so that a page about what is down can be shown while it is down."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from signalq_billing.domain.period import Cadence
from signalq_billing.ports import PayoutPages, PayoutStore
from signalq_billing.services.explain import Explainer
from signalq_billing.web.acting import Acting, no_actions


@dataclass(frozen=True, slots=True)
class Desk:
    """Reads, services and the surroundings of the page.

    `access` is a FastAPI dependency that returns an `Access`. `airflow_url` is `[api] base_url` without a slash at its
    end, empty where there is no Airflow to link to.
    """

    access: Callable[..., Any]
    pages: Callable[[], PayoutPages]
    payouts: Callable[[], PayoutStore]
    explainer: Callable[[], Explainer]
    cadences: Callable[[], Mapping[str, Cadence]]
    now: Callable[[], dt.datetime]
    airflow_url: str = ""
    acting: Callable[[], Acting] = no_actions


def current_desk() -> Desk:
    """Stands for the desk that `make_app` was given."""
    raise NotImplementedError("make_app puts its desk here")


CurrentDesk = Annotated[Desk, Depends(current_desk)]
