"""A simulated billing-orders with books: idempotent by external_ref and payload, and as unkind as the weather."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import unquote

from signalq_billing.domain.progress import Claim
from tests.simulation.reply import Booked, Reply
from tests.simulation.world import World

_STATUS = {"500_before": 500, "408_before": 408, "429_now": 429, "429_day": 429, "400": 400, "422": 422}
_WAITS = {"429_now": "7", "429_day": "86400"}
_WRONG: dict[str, Callable[[dict[str, str]], bytes]] = {
    "not_json": lambda order: b"<html>It works!</html>",
    "empty": lambda order: b"",
    "other_ref": lambda order: _bytes({**order, "external_ref": order["external_ref"] + "-other"}),
    "other_amount": lambda order: _bytes({**order, "amount": f"1{order['amount']}"}),
    "other_currency": lambda order: _bytes({**order, "currency": "XXX"}),
}


class SimulatedBilling:
    """The books, and how a request is handled at the moment when it arrives."""

    def __init__(self, world: World, accepted: Callable[[Booked, Claim | None], None]) -> None:
        self._world, self._accepted = world, accepted
        self.books: dict[str, Booked] = {}
        self.planted: set[str] = set()

    def plant(self, external_ref: str | None) -> None:
        """Somebody else creates an order under one of our keys, over another amount."""
        if external_ref is None or external_ref in self.books:
            return
        self._world.counts["planted"] += 1
        self._world.trace.add(self._world.now, "stranger", f"creates {external_ref} over 1.23 RUB")
        self.planted.add(external_ref)
        self.books[external_ref] = Booked("BO-strange", external_ref, Decimal("1.23"), "RUB", b"")

    def handle(self, method: str, path: str, body: bytes | None, claim: Claim | None) -> Reply:
        """One request. `claim` is only for who watches."""
        weather, world = self._world.weather, self._world
        if weather.within("billing_down", world.now):
            return self._error(503, "down")
        if weather.within("wrong_token", world.now):
            return self._error(401, "wrong_token")
        if path == "/ping":
            return Reply(200, b"{}")
        return self._create(body, claim) if method == "POST" and body else self._find(path)

    def _create(self, body: bytes | None, claim: Claim | None) -> Reply:
        assert body is not None
        fault = self._fault(*_STATUS)
        if fault:
            return self._error(_STATUS[fault], fault)
        document = json.loads(body)
        ref = document["external_ref"]
        known = self.books.get(ref)
        if known is not None and known.body != body:
            return self._error(409, "idempotency_conflict")
        if known is None:
            number = len(self.books) + 1
            known = Booked(f"BO-{number}", ref, Decimal(document["amount"]), document["currency"], body)
            self.books[ref] = known
            self._accepted(known, claim)
        if fault := self._fault("500_after"):
            return self._error(500, fault)
        return self._order(known)

    def _find(self, path: str) -> Reply:
        if fault := self._fault("find_500"):
            return self._error(500, fault)
        if self._fault("foreign_404"):
            return Reply(404, b"<html>no such page</html>", honest=False)
        known = self.books.get(unquote(path.removeprefix("/v1/orders/")))
        return self._order(known) if known else self._error(404, "not_found")

    def _order(self, known: Booked) -> Reply:
        if fault := self._fault(*_WRONG):
            return Reply(200, _WRONG[fault](known.public()), honest=False)
        return Reply(200, _bytes(known.public()))

    def _fault(self, *names: str) -> str | None:
        fault = self._world.weather.first_of(names, self._world.rng)
        if fault:
            self._world.counts[fault] += 1
        return fault

    def _error(self, status: int, code: str) -> Reply:
        body = _bytes({"code": code, "message": f"told to answer {status}"})
        return Reply(status, body, _WAITS.get(code))


def _bytes(document: dict[str, str]) -> bytes:
    return json.dumps(document).encode()
