"""What must hold whatever happens (SPEC section 7). The judge watches the store's commits, what is really sent and
heard, and the books; it shares no rule with the store or the services, and asks neither what they believe."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from greenlet import getcurrent, greenlet

from signalq_billing.domain.order import Created, Outcome, Unknown
from signalq_billing.domain.progress import Claim, PaymentProgress
from tests.simulation.reply import Booked, Reply
from tests.simulation.rows import AttemptRow, OrderRow, PayoutRow
from tests.simulation.store import SimulatedStore
from tests.simulation.world import World

_REJECTED = (400, 409, 422)


class Judge:
    """Calls `violated` at the moment at which an invariant breaks."""

    def __init__(self, world: World, store: SimulatedStore) -> None:
        self.world, self.store = world, store
        self.books: dict[str, Booked] = {}  # billing-orders' own
        self.held_for_cause: set[int] = set()
        self.by_hand: set[str] = set()
        self._granted: dict[tuple[int, int], tuple[str, Claim]] = {}
        self._recorded: set[tuple[int, int]] = set()
        self._sent: set[tuple[int, int]] = set()
        self._bodies: dict[str, bytes] = {}
        self._doubts: dict[str, set[int]] = defaultdict(set)
        self._rejected: set[tuple[int, int]] = set()
        self._created: dict[str, str] = {}
        self._accepted_of: dict[str, tuple[int, int]] = {}
        self._paid: dict[tuple[str, ...], str] = {}
        self._sending: dict[greenlet, Claim] = {}

    # What the store commits

    def committed(self, name: str, arguments: tuple[Any, ...], result: object) -> None:
        """After every call of the store."""
        if name in ("claim", "claim_stale") and isinstance(result, Claim):
            self._claimed(name, result)
        elif name == "record":
            self._record(arguments[0], arguments[1], bool(result))
        elif name == "mark_created":
            self._marked([mark.order.external_ref for mark in arguments[0]])
        elif name == "adjust":
            self._no_retired_key_is_paid()
        elif name == "hold":
            self.held_for_cause.add(arguments[0])
        self._created_stays_created()

    def _claimed(self, name: str, claim: Claim) -> None:
        row, _ = self._row(claim.order_id)
        now = self.store.clock()
        for (order_id, fencing), (_, other) in self._granted.items():
            live = (
                order_id == claim.order_id and other.claimed_until > now and (order_id, fencing) not in self._recorded
            )
            if live:
                self._broken(f"{claim.external_ref} was claimed twice: #{fencing} is held until {other.claimed_until}")
        if (claim.order_id, claim.fencing) in self._granted:
            self._broken(f"{claim.external_ref}: fencing number {claim.fencing} was given twice")
        self._granted[claim.order_id, claim.fencing] = (name, claim)
        if row.retired:
            self._broken(f"{claim.external_ref} was claimed, and its key is retired")
        if name == "claim_stale":
            self.world.counts["taken_over"] += 1
            return
        if row.hold_reason is not None:
            self._broken(f"{claim.external_ref} was claimed to be paid while its payout is held: {row.hold_reason}")
        if doubt := self._doubts[claim.external_ref]:
            self._broken(f"{claim.external_ref} is to be sent again; nobody asked what came of {sorted(doubt)}")
        self._doubts[claim.external_ref].add(claim.fencing)

    def _record(self, claim: Claim, outcome: Outcome, current: bool) -> None:
        key = (claim.order_id, claim.fencing)
        if isinstance(outcome, Unknown) and self._granted[key][0] == "claim" and key not in self._sent:
            self.world.counts["left_unsent"] += 1
        if (
            self._accepted_of.get(claim.external_ref) == key
            and self._attempt(key)[0].definite
            and not isinstance(outcome, Created)
        ):
            self._broken(f"billing-orders took {claim.external_ref}; it is written down that it certainly did not")
        if not current:
            self.world.counts["fenced"] += 1
            return
        self._recorded.add(key)
        row, order = self._row(claim.order_id)
        if order.fencing != claim.fencing:
            self._broken(
                f"{claim.external_ref}: #{claim.fencing} recorded {outcome}, but #{order.fencing} holds it now"
            )
        if key in self._rejected:
            self.held_for_cause.add(row.payout_id)
            if row.hold_reason is None:
                self._broken(f"{claim.external_ref} was rejected, and its payout is not held")
        doubtful = key in self._sent and claim.fencing in self._doubts[claim.external_ref]
        if doubtful and order.progress is not PaymentProgress.IN_PROGRESS:
            self._broken(f"nobody knows what came of {claim.external_ref}, and it is {order.progress}")

    def _marked(self, refs: list[str]) -> None:
        for ref in refs:
            self.world.counts["marked"] += 1
            self.by_hand.add(ref)
            # A stranger's order under a key that we never sent is not a payment of ours.
            if ref in self.books and self.books[ref].body:
                self._broken(f"{ref} is paid by hand, and by billing-orders as {self.books[ref].doc_id}")

    def _no_retired_key_is_paid(self) -> None:
        for row, order in self._all():
            booked = self.books.get(order.external_ref)
            if row.retired and booked is not None and booked.body:
                self._broken(f"{order.external_ref} is retired, and billing-orders has it")

    def _created_stays_created(self) -> None:
        now = {
            order.external_ref: str(order.doc_id)
            for row in self.store.rows.values()
            for order in row.orders
            if order.progress is PaymentProgress.CREATED
        }
        for ref in self._created.keys() - now.keys():
            self._broken(f"{ref} was created and is not any more")
        for ref in sorted(now.keys() - self._created.keys() - self.by_hand):
            self._check_created(ref, now[ref])
        self._created = now

    def _check_created(self, ref: str, doc_id: str) -> None:
        booked = self.books.get(ref)
        if booked is None:
            self._broken(f"{ref} is called created, and billing-orders has no such order")
            return
        order = next(order for row in self.store.rows.values() for order in row.orders if order.external_ref == ref)
        if (booked.amount, booked.doc_id) != (order.amount, doc_id):
            self._broken(f"{ref} is created as {doc_id} over {order.amount}; the books say {booked.public()}")

    # What is sent and heard

    def asked(self, name: str, arguments: tuple[Any, ...], result: object) -> None:
        """As a call of the billing port is made: from here on nobody looks at a clock any more."""
        if name == "create" and arguments[0].claimed_until <= self.store.clock():
            self._broken(f"{arguments[0].external_ref} is sent on #{arguments[0].fencing}, whose lease has run out")

    def calling(self, name: str, arguments: tuple[Any, ...], result: object) -> None:
        """Before every call of the billing port."""
        if name == "create":
            self._sending[getcurrent()] = arguments[0]
            self._check_sent(arguments[0])

    def called(self, name: str, arguments: tuple[Any, ...], result: object) -> None:
        """After every call of the billing port."""
        self._sending.pop(getcurrent(), None)

    def _check_sent(self, claim: Claim) -> None:
        key = (claim.order_id, claim.fencing)
        purpose, _ = self._granted.get(key, (None, claim))
        if purpose != "claim":
            self._broken(f"{claim.external_ref} is sent without a claim to pay it")
        if key in self._sent:
            self._broken(f"{claim.external_ref} is sent twice on the claim #{claim.fencing}")
        self._sent.add(key)
        if self._bodies.setdefault(claim.external_ref, claim.body) != claim.body:
            self._broken(f"{claim.external_ref} is sent with other bytes than before")
        document = json.loads(claim.body)
        lines = sum((Decimal(line["amount"]) for line in document["lines"]), Decimal(document["carried"]))
        _, order = self._row(claim.order_id)
        said = (document["external_ref"], Decimal(document["amount"]), claim.external_ref)
        if said != (order.external_ref, order.amount, order.external_ref) or lines != order.amount:
            self._broken(f"{claim.external_ref}: what is sent is not the stored order: {document}")

    def sending(self) -> Claim | None:
        """The claim that the thread acting now sends, if it does."""
        return self._sending.get(getcurrent())

    def arrived(self, claim: Claim | None) -> None:
        """A request to create an order has reached billing-orders."""
        if claim and (claim.order_id, claim.fencing) in self._recorded:
            self.world.counts["arrived_after_giving_up"] += 1

    def doubts(self, path: str) -> frozenset[int]:
        """The attempts of an order that nobody knows the outcome of, at this moment."""
        return frozenset(self._doubts[unquote(path.removeprefix("/v1/orders/"))])

    def not_sent(self, claim: Claim | None) -> None:
        if claim:
            self._doubts[claim.external_ref].discard(claim.fencing)

    def heard(self, method: str, path: str, claim: Claim | None, reply: Reply, doubts: frozenset[int]) -> None:
        """An answer arrived whole. `doubts` were there when billing-orders gave it."""
        if method == "POST" and claim:
            if reply.status != 200 or reply.honest:
                self.not_sent(claim)
            if reply.status in _REJECTED:
                self._rejected.add((claim.order_id, claim.fencing))
        elif method == "GET" and path.startswith("/v1/orders/"):
            ref = unquote(path.removeprefix("/v1/orders/"))
            told_of_it = reply.status == 200 and _names(reply.body, ref)
            if told_of_it or (reply.status == 404 and reply.honest):
                self._doubts[ref] -= doubts
            if told_of_it:
                told = json.loads(reply.body)
                ours = [(row, order.amount) for row, order in self._all() if order.external_ref == ref]
                said = (Decimal(told["amount"]), told["currency"])
                self.held_for_cause |= {
                    row.payout_id for row, amount in ours if (amount, row.computed.currency) != said
                }

    # What billing-orders accepts

    def accepted(self, booked: Booked, claim: Claim | None) -> None:
        """A new order stands in the books."""
        self.world.counts["accepted"] += 1
        self._once_per_device(booked)
        known = [(row, order) for row, order in self._all() if order.external_ref == booked.external_ref]
        if not known or claim is None:
            self._broken(f"billing-orders accepted {booked.external_ref}, which is not an order of ours")
            return
        if known[0][0].retired:
            self._broken(f"billing-orders accepted {booked.external_ref}, whose key is retired")
        if booked.external_ref in self.by_hand:
            self._broken(f"{booked.external_ref} was paid by hand, and billing-orders accepted it as well")
        tried = [
            each for each in self.store.attempt_rows if (each.order_id, each.fencing) == (claim.order_id, claim.fencing)
        ]
        if not tried:
            self._broken(f"{booked.external_ref} is accepted, and no attempt to send it is written down")
        elif tried[0].definite:
            self._broken(f"{booked.external_ref} is accepted, and its attempt is written down as {tried[0].outcome}")
        elif tried[0].recorded_at is not None:
            self.world.counts["accepted_after_giving_up"] += 1

    def _attempt(self, key: tuple[int, int]) -> list[AttemptRow]:
        return [each for each in self.store.attempt_rows if (each.order_id, each.fencing) == key]

    def _once_per_device(self, booked: Booked) -> None:
        """No device is paid for a period by two orders, whatever their keys are."""
        document = json.loads(booked.body)
        for line in document["lines"]:
            paid = (document["park_id"], document["period"]["name"], document["revision"], line["device_id"])
            first = self._paid.setdefault(paid, booked.external_ref)
            if first != booked.external_ref:
                self._broken(f"{paid} is paid twice: by {first} and by {booked.external_ref}")

    def _all(self) -> list[tuple[PayoutRow, OrderRow]]:
        return [(row, order) for row in self.store.rows.values() for order in row.orders]

    def _row(self, order_id: int) -> tuple[PayoutRow, OrderRow]:
        found = self.store.find_order(order_id)
        if found is None:
            self.world.violated(f"order {order_id} is acted on, and it is not there")
        assert found is not None
        return found

    def _broken(self, what: str) -> None:
        self.world.violated(what)


def _names(body: bytes, ref: str) -> bool:
    try:
        return bool(json.loads(body)["external_ref"] == ref)
    except (ValueError, KeyError, TypeError):
        return False
