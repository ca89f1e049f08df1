"""The network between one process and billing-orders, in the place of the adapter's Transport: what is sent may be
refused, lost, cut, answered late, or arrive long after the sender gave up and others acted."""

from __future__ import annotations

from collections.abc import Mapping

from signalq_billing.adapters.billing_orders.client import BillingOrdersApi
from signalq_billing.adapters.billing_orders.transport import Answer, NoAnswer, NotSent
from signalq_billing.adapters.billing_orders.wording import Wording
from signalq_billing.domain.progress import Claim
from tests.simulation.billing import SimulatedBilling
from tests.simulation.invariants import Judge
from tests.simulation.reply import Reply
from tests.simulation.weather import NETWORK
from tests.simulation.world import SECOND, Process, World

TIMEOUT = 30 * SECOND


class Wire:
    """Sends one request at a time for each thread; the judge is told what was really heard."""

    def __init__(self, world: World, process: Process, billing: SimulatedBilling, judge: Judge) -> None:
        self._world, self._process, self._billing, self._judge = world, process, billing, judge
        self.wording = Wording("secret-token")

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        query: Mapping[str, str] | None = None,
        most_bytes: int = 1 << 20,
    ) -> Answer:
        """As Transport.call: an answer, NotSent or NoAnswer."""
        world, rng = self._world, self._world.rng
        name, claim = f"{method} {path}", self._judge.sending()
        world.pass_time(self._process, sending=method == "POST")
        # A run that meets a fault on its first question does not begin: rarely worth a schedule.
        fault = world.weather.first_of(NETWORK, rng) if path != "/ping" or rng.random() < 0.1 else None
        if fault:
            world.counts[fault] += 1
        if fault == "refused":
            self._judge.not_sent(claim)
            raise NotSent(f"{name}: connection refused")
        arrival = (
            rng.randrange(world.weather.latest // 8, world.weather.latest)
            if fault == "late"
            else rng.randrange(1, SECOND)
        )
        back = rng.randrange(1, 2 * TIMEOUT if fault == "slow_answer" else SECOND)
        box: list[tuple[Reply, frozenset[int]]] = []
        if fault not in ("lost", "cut_before"):
            world.at(world.now + arrival, lambda: box.append(self._arrive(method, path, body, claim)))
        if fault in ("cut_before", "cut_after"):
            world.wait(self._process, min(arrival + 1, TIMEOUT))
            self._no_answer(name, fault, "the connection was cut")
        if fault == "lost" or arrival + back >= TIMEOUT:
            world.wait(self._process, TIMEOUT)
            self._no_answer(name, fault, "no whole answer within 30 s")
        world.wait(self._process, arrival + back)
        reply, doubts = box[0]
        world.trace.call(world.now, self._process.name, f"  {name}", None, reply)
        self._judge.heard(method, path, claim, reply, doubts)
        return Answer(name, reply.status, {"Retry-After": reply.retry_after} if reply.retry_after else {}, reply.body)

    def _arrive(self, method: str, path: str, body: bytes | None, claim: Claim | None) -> tuple[Reply, frozenset[int]]:
        doubts = self._judge.doubts(path)
        reply = self._billing.handle(method, path, body, claim)
        if body is not None:
            self._judge.arrived(claim)
            self._world.trace.call(self._world.now, "billing", f"handles {method} for", (claim,), reply.status)
        return reply, doubts

    def _no_answer(self, name: str, fault: str | None, why: str) -> None:
        self._world.trace.add(self._world.now, self._process.name, f"  {name}: {why} ({fault or 'slow'})")
        raise NoAnswer(f"{name}: {why}")


def api(wire: Wire) -> BillingOrdersApi:
    """The product's own client, with nothing exchanged but the wire."""
    made = BillingOrdersApi.__new__(BillingOrdersApi)
    made._transport = wire  # type: ignore[assignment]
    made._wording = wire.wording
    return made
