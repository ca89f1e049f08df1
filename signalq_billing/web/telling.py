"""The history in sentences: what an entry's action means, and the figures that belong to it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from signalq_billing.domain.glance import HistoryEntry

# How each action reads; {figures} are of the entry's data.
_SENTENCES = {
    "stored": "computed and stored: {total} {currency} for {devices} devices, by config version {config_version}",
    "replaced": "computed anew, nothing had been sent: {total} {currency} for {devices} devices, by config version "
    "{config_version}",
    "held": "held",
    "released": "released; it had been held for: {held_for}",
    "claimed": "claimed to be sent: {amount} {currency}, claim {fencing} until {claimed_until}",
    "taken_over": "claimed to ask billing-orders about it: claim {fencing}",
    "created": "created in billing-orders: {amount} {currency}, doc {doc_id}",
    "rejected": "rejected by billing-orders",
    "misconfigured": "refused by billing-orders for a reason that is ours: credentials or address",
    "unavailable": "not created: billing-orders was unavailable",
    "unknown": "outcome unknown: billing-orders may or may not have it",
    "not_found": "asked: billing-orders has no such order",
    "fenced": "an answer came after somebody else had taken over; it changed nothing ({outcome})",
    "marked_created": "marked as created by hand: doc {doc_id}",
    "retired": "retired: its keys are dead, a later revision stands for it",
    "voided": "taken back before anything was sent",
}


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the history in words. `details` is all of its data, for whoever wants it."""

    entry: HistoryEntry
    sentence: str
    details: str


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def told_history(entry: HistoryEntry) -> Told:
    """The entry in a sentence; an action that is not known by its own name."""
    sentence = _SENTENCES.get(entry.action, entry.action.replace("_", " "))
    figures = _Known((key, _figure(key, value)) for key, value in entry.data.items())
    return Told(entry, sentence.format_map(figures), _details(entry.data))


def _figure(key: str, value: object) -> str:
    """A figure of an entry as a sentence has it: instants to the second."""
    if key.endswith("_until") and isinstance(value, str):
        return f"{dt.datetime.fromisoformat(value).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value)


def _details(data: Mapping[str, object]) -> str:
    return "\n".join(f"{key}: {value}" for key, value in data.items())
