"""Crashes on one database: prepare, crash, let time pass, recover, and hold what came of it against the invariants.

Many crashes, each with parks of its own, share one recovery and one look at the books.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sqlalchemy import Engine, text

from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.postgres.tables import metadata
from signalq_billing.devstack.billing_orders.books import AcceptedOrder, Books
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.errors import SignalqBillingError
from tests.faults.invariants import Stored, broken
from tests.faults.prefork import Ended, Prefork
from tests.faults.stories import Story
from tests.faults.work import ACTS, BY_HAND, Job, World

_ROUNDS = 4  # of reconcile, until nothing is left to do
_AT_ONCE = 4
_RIGHT = (Decimal("80.00"), Decimal("100.00"))  # what a park earns by what was known at first, and later

_OF_JOBS = "datname = current_database() AND application_name LIKE 'signalq-billing%' AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Crash:
    """One job that crashed, where it was to crash, how its processes ended, and what was `broken` afterwards."""

    story: Story
    job: Job
    at: Sequence[int]
    ends: Sequence[Ended]
    broken: Sequence[str] = ()

    def __str__(self) -> str:
        places = [
            f"  {number}. {'killed at' if end.killed else 'never reached'} boundary {boundary}: {end.at}"
            for number, (boundary, end) in enumerate(zip(self.at, self.ends, strict=True), start=1)
        ]
        return "\n".join(
            [f"{self.story.act} {self.job.parks}:", *places, *(f"  broken: {each}" for each in self.broken)]
        )


@dataclass(slots=True)
class Drill:
    """Everything a crash test works with. Crashes are told apart by their parks, the books by the cadence."""

    engine: Engine
    database_url: str
    billing: BillingOrdersProcess
    prefork: Prefork
    batches: int = field(default=0)

    def boundaries(self, story: Story, *crashed: int) -> tuple[str, ...]:
        """The boundaries of the story's act, or of what resumes it after a crash, when nothing (more) crashes."""
        (job,) = self.prepare(story, 1)
        for boundary in crashed:
            self.prefork.run(replace(job, crash_at=boundary))
        self.time_passes()
        ended = self.prefork.run(replace(job, act="resume") if crashed else job)
        assert not ended.error, ended.error
        return ended.boundaries

    def crash(self, story: Story, points: Sequence[Sequence[int]]) -> list[Crash]:
        """Let the act crash at each of the points, each with parks of its own; then recover all of them at once.

        A point with several boundaries is a crash, another one while it is resumed, and so on. Returns every crash
        with what was wrong afterwards.
        """
        jobs = self.prepare(story, len(points))
        alone = "strand" in story.before or any(len(at) > 1 for at in points)
        ends = self._one_by_one(jobs, points) if alone else self._together(jobs, points)
        crashes = [Crash(story, job, at, end) for job, at, end in zip(jobs, points, ends, strict=True)]
        problems = self.problems_after(story, jobs)
        return [replace(each, broken=_about(each.job, each.ends, problems)) for each in crashes]

    def disturb(self, story: Story, points: Sequence[int], happens: str) -> list[Crash]:
        """Let something else than a crash happen at each of the points, while reconcile takes its processes for dead;
        those that were stopped go on afterwards. Returns every one with what was wrong in the end."""
        jobs = self.prepare(story, len(points))
        disturbed = [replace(job, crash_at=at, happens=happens) for job, at in zip(jobs, points, strict=True)]
        ends = self.prefork.run_together(disturbed)
        self._end_idle_transactions()
        problems = self.recover(_all(jobs))
        resumed = iter(self.prefork.resume() if any(end.stopped for end in ends) else ())
        ends = [next(resumed) if end.stopped else end for end in ends]
        problems += self.problems_after(story, jobs)
        return [
            Crash(story, job, (at,), [end], _about(job, [replace(end, error=_unexpected(end.error))], problems))
            for job, at, end in zip(jobs, points, ends, strict=True)
        ]

    def prepare(self, story: Story, count: int) -> list[Job]:
        """An empty database with what the story begins with, for `count` jobs."""
        self._empty()
        self.batches += 1
        jobs = [self._job(story, number) for number in range(count)]
        for act in story.before:
            for job in jobs if act == "strand" else [_all(jobs)]:
                self.do(replace(job, later=False), act)
        return jobs

    def _job(self, story: Story, number: int) -> Job:
        return Job(
            act=story.act,
            database_url=self.database_url,
            billing_url=self.billing.base_url,
            token=self.billing.token,
            cadence=f"drill_{self.batches}",
            parks=tuple(f"crash-{number:04}-{park}" for park in story.parks),
            concurrency=story.concurrency,
            later=story.later,
        )

    def do(self, job: Job, act: str) -> None:
        """Perform an act here, where nothing crashes."""
        ACTS[act](World(replace(job, act=act, crash_at=None), self.engine))

    def _together(self, jobs: Sequence[Job], points: Sequence[Sequence[int]]) -> Iterator[list[Ended]]:
        crashing = [replace(job, crash_at=at[0]) for job, at in zip(jobs, points, strict=True)]
        for start in range(0, len(crashing), _AT_ONCE):
            for ended in self.prefork.run_together(crashing[start : start + _AT_ONCE]):
                yield [ended]

    def _one_by_one(self, jobs: Sequence[Job], points: Sequence[Sequence[int]]) -> Iterator[list[Ended]]:
        """Where reconcile takes part, it should find what one job left behind, and not what all did."""
        for job, at in zip(jobs, points, strict=True):
            ends = []
            for number, boundary in enumerate(at):
                self.time_passes(job.parks)
                act = job.act if number == 0 else "resume"
                ends.append(self.prefork.run(replace(job, act=act, crash_at=boundary, worker=f"worker {number}")))
            self._quiet()
            if PostgresPayoutStore(self.engine).unfinished(1):
                self.do(job, "settle")
            yield ends

    def problems_after(self, story: Story, jobs: Sequence[Job]) -> list[str]:
        """What is wrong after reconcile has done its work, and after everything was run again with late rows."""
        everything = _all(jobs)
        problems = self.recover(everything) + self.problems(everything)
        for act in story.after:
            self.do(replace(everything, later=True), act)
        problems += self.recover(everything) + self.problems(everything)
        return problems + (self._unpaid(everything) if story.ends_paid else [])

    def time_passes(self, parks: Sequence[str] | None = None) -> None:
        """Whatever waits for a time has waited long enough: every lease (of these parks) has run out, every `retry_at`
        is past. The server has noticed that clients are gone."""
        self._quiet()
        of = "FROM payout p WHERE p.id = o.payout_id AND (CAST(:parks AS text[]) IS NULL OR p.park_id = ANY(:parks))"
        with self.engine.begin() as connection:
            for column in ("claimed_until", "retry_at"):
                past = (
                    f"UPDATE payout_order o SET {column} = {column} - interval '2 days' {of} AND {column} IS NOT NULL"
                )
                connection.execute(text(past), {"parks": None if parks is None else list(parks)})

    def _end_idle_transactions(self) -> None:
        """What the server does itself a minute later (idle_in_transaction_session_timeout); within a COPY it is up to
        an operator, or to TCP. Again and again, for whoever waited for a lock of such a transaction has it then."""
        idle = "(state = 'idle in transaction' OR state = 'active' AND wait_event = 'ClientRead')"
        self._until_quiet(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {_OF_JOBS} AND {idle}")

    def _quiet(self) -> None:
        """Wait until the server has rolled back what killed processes had begun."""
        self._until_quiet()

    def _until_quiet(self, meanwhile: str = "SELECT 1") -> None:
        deadline = time.monotonic() + 30
        # In a transaction the server would show its connections as they were at its first look.
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while connection.scalar(
                text(f"SELECT count(*) FROM pg_stat_activity WHERE {_OF_JOBS} AND state <> 'idle'")
            ):
                assert time.monotonic() < deadline, "a process that is gone still holds its transaction after 30 s"
                connection.execute(text(meanwhile))
                time.sleep(0.005)

    def recover(self, job: Job) -> list[str]:
        """Let reconcile work until it has nothing to do; what it says if it never comes to that."""
        for _ in range(_ROUNDS):
            self.time_passes()
            if not PostgresPayoutStore(self.engine).unfinished(1):
                return []
            try:
                self.do(job, "settle")
            except SignalqBillingError as error:
                return [f"reconcile failed: {error}"]
        return ["reconcile never came to an end"]

    def books(self, job: Job) -> list[AcceptedOrder]:
        """What billing-orders has of this job's cadence, read from its own file."""
        books = Books(self.billing.data_dir)
        try:
            return books.page(job.cadence, str(job.period.name), 0, 10_000)[0]
        finally:
            books.close()

    def problems(self, job: Job) -> list[str]:
        """Every broken invariant."""
        return broken(Stored.read(self.engine), self.books(job), BY_HAND)

    def _unpaid(self, job: Job) -> list[str]:
        """Parks without their money. What people paid counts too."""
        paid: dict[str, Decimal] = dict.fromkeys(job.parks, Decimal(0))
        for order in self.books(job):
            paid[order.park_id] += Decimal(order.amount)
        for stored in Stored.read(self.engine).orders:
            if (stored["doc_id"] or "").startswith(BY_HAND):
                paid[stored["park_id"]] += stored["amount"]
        # What was computed before its first claim may be either; what was adjusted is what was known last.
        right = _RIGHT[1:] if job.later else _RIGHT
        return [f"park {park} was paid {amount}, not {right}" for park, amount in paid.items() if amount not in right]

    def _empty(self) -> None:
        """Triggers keep the history from being emptied; the superuser of a test's own server may go past them."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in metadata.tables.values():
                connection.execute(table.delete())


def _all(jobs: Sequence[Job]) -> Job:
    """One job about the parks of all."""
    return replace(jobs[0], parks=tuple(park for job in jobs for park in job.parks))


def _about(job: Job, ends: Sequence[Ended], problems: Sequence[str]) -> list[str]:
    """The problems of a job: those that name one of its parks, those that name none, and errors of its processes."""
    own = [f"the process failed: {end.error}" for end in ends if end.error]
    return own + [each for each in problems if "crash-" not in each or any(park in each for park in job.parks)]


def _unexpected(error: str) -> str:
    """An error of a process that lost its database, unless it says just that."""
    return "" if error.partition("\n")[0] in ("StorageUnavailable", "DependenciesUnavailable") else error
