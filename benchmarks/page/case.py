"""The Payouts page over 12 periods of 10,000 parks and a park with 20,000 cameras: the server's time for each page,
database included. The bound is 300 ms."""

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from benchmarks.harness.bench import Bench
from benchmarks.page.filled import LARGE, NEWEST, PERIODS, fill
from benchmarks.store.fleet import PERIOD
from benchmarks.stored.database import database
from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk

PARKS, CAMERAS = {"small": 1_000, "full": 10_000}, {"small": 2_000, "full": 20_000}
MOST_MILLISECONDS = 300
_ROUNDS = 15


class Anna:
    """Somebody who may act on everything."""

    name = "anna"

    def may_act_on(self, dag_id: str) -> bool:
        return bool(dag_id)


@dataclass(frozen=True, slots=True)
class Asked:
    """A page, or only the part of it that a table of it asks for."""

    name: str
    address: str
    partial: bool = False


def measure(bench: Bench) -> None:
    parks, cameras = PARKS[bench.size], CAMERAS[bench.size]
    of_period, of_park = pages_of_period(parks), pages_of_park()
    with (
        database(bench.scratch / "postgres") as engine,
        bench.progress(len(of_period) + len(of_park) + 1, "filling, and asking for pages") as step,
    ):
        fill(engine, parks, cameras)
        step()
        page = client(engine)
        for asked, size in ((of_period, {"parks": parks, "periods": PERIODS}), (of_park, {"cameras": cameras})):
            bound = partial(bench.add, size=size, other=MOST_MILLISECONDS, other_name="the bound", unit="ms")
            for each in asked:
                bound(each.name, ours=milliseconds(page, each), repeats=_ROUNDS, goal=1)
                step()
    bench.note("Medians of what a browser waits for without its network: page and PostgreSQL on the same machine.")


def client(engine: Engine) -> TestClient:
    """The page, as HTTP sees it."""
    desk = Desk(
        access=Anna,
        pages=lambda: PostgresPayoutPages(engine),
        payouts=lambda: PostgresPayoutStore(engine),
        explainer=lambda: (_ for _ in ()).throw(NotImplementedError),
        cadences=dict,
        now=lambda: datetime.now(UTC),
    )
    return TestClient(make_app(desk))


def milliseconds(page: TestClient, asked: Asked) -> float:
    """The median of several rounds, after one that warms caches."""
    taken, headers = [], {"HX-Request": "true"} if asked.partial else {}
    for _ in range(_ROUNDS + 1):
        began = time.perf_counter()
        answer = page.get(asked.address, headers=headers)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    return statistics.median(taken[1:])


def pages_of_period(parks: int) -> list[Asked]:
    period = f"/period?cadence=weekly&period={NEWEST}"
    return [
        Asked("page of a period", period),
        Asked("page of a period, by total", f"{period}&sort=total&down=yes"),
        Asked("page of a period, its last page", f"{period}&sort=park&page={parks // 100}"),
        Asked("page of a period, held ones", f"{period}&state=held"),
        Asked("typing into a period's search box", f"{period}&q=-00123", partial=True),
        Asked("the overview of all periods", "/"),
    ]


def pages_of_park() -> list[Asked]:
    park = f"/park?cadence={PERIOD.cadence}&period={PERIOD.name}&park={LARGE}"
    return [
        Asked("page of a large park", park),
        Asked("page of a large park, by amount", f"{park}&sort=amount&down=yes"),
        Asked("typing into a large park's search box", f"{park}&q=-01", partial=True),
    ]
