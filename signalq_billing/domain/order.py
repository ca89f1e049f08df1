"""Orders: what billing-orders is asked to create, under which key, and what its answers mean (SPEC sections 7, 8).

The payload's bytes are fixed by its content alone, so that a resend is byte-identical and a hash tells payloads apart.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from signalq_billing.domain.period import UTC, Period

KIND = "signalq_camera_payout"
_LONGEST_PART = 96
_PLAIN = re.compile(rf"[A-Za-z0-9\-_.]{{0,{_LONGEST_PART}}}")
_NOT_PLAIN = re.compile(rb"[^A-Za-z0-9\-_.]")
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def external_ref(park_id: str, period: Period, revision: int, device_id: str | None = None) -> str:
    """The idempotency key of an order, the same for ever: cadence, period, park, revision (and device).

    Safe in a header and in a URL path: bytes other than letters, digits and `-_.` become `~XX`, parts are joined by
    `:`, and a part too long for either is cut and completed with its SHA-256.
    """
    parts = [period.cadence, period.name.isoformat(), park_id, f"r{revision}"]
    if device_id is not None:
        parts.append(device_id)
    return ":".join(_key_part(part) for part in parts)


def key_prefix(cadence: str, period_name: dt.date) -> str:
    """How the keys of all orders of a period begin."""
    return f"{_key_part(cadence)}:{period_name.isoformat()}:"


def is_of_park(external_ref: str, cadence: str, period_name: dt.date, park_id: str) -> bool:
    """Whether a key is one that this park's payouts of the period have, in whatever revision."""
    return external_ref.startswith(f"{key_prefix(cadence, period_name)}{_key_part(park_id)}:r")


def following_ref(external_ref: str) -> str:
    """The key of the same order in the payout's next revision."""
    parts = external_ref.split(":")
    parts[3] = f"r{int(parts[3].removeprefix('r')) + 1}"
    return ":".join(parts)


def _key_part(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    encoded = _NOT_PLAIN.sub(lambda found: b"~%02X" % found[0][0], text.encode()).decode()
    if len(encoded) <= _LONGEST_PART:
        return encoded
    return f"{encoded[:24]}~~{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class OrderPayload:
    """The JSON body of one order, frozen from its first claim on."""

    external_ref: str
    park_id: str
    cadence: str
    period_name: dt.date
    period_start: dt.datetime
    period_end: dt.datetime
    timezone: str
    revision: int
    currency: str
    amount: Decimal
    carried: Decimal
    lines: Sequence[tuple[str, Decimal]]

    def body(self) -> bytes:
        """Canonical UTF-8 JSON: keys in the contract's order, no spaces, money as decimal strings."""
        end = utc_iso(self.period_end)
        document = {
            "external_ref": self.external_ref,
            "kind": KIND,
            "park_id": self.park_id,
            "cadence": self.cadence,
            "period": {
                "name": self.period_name.isoformat(),
                "start": utc_iso(self.period_start),
                "end": end,
                "timezone": self.timezone,
            },
            "revision": self.revision,
            "currency": self.currency,
            "amount": format(self.amount, "f"),
            "carried": format(self.carried, "f"),
            "lines": [{"device_id": device, "amount": format(amount, "f")} for device, amount in self.lines],
            "event_at": end,
        }
        return _as_json(document).encode()


def payload_hash(body: bytes) -> str:
    """SHA-256 of an order's bytes, in hex."""
    return hashlib.sha256(body).hexdigest()


def utc_iso(instant: dt.datetime) -> str:
    """ISO 8601 in UTC with a `Z`; microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class BillingOrder:
    """An order as billing-orders tells it."""

    doc_id: str
    external_ref: str
    amount: Decimal
    currency: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Created:
    """billing-orders holds the order, with this amount and currency. `found`: it told so when it was asked about an
    earlier call."""

    doc_id: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A definite no (400, 409, 422): the payout is held with this reason and not tried again."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """billing-orders refuses us, not the order (401, 403, 404, 405): the run stops, nothing is held."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Try again later with the same key and payload (408, 425, 429, 5xx, refused).

    `definite` is True only where the order certainly was not created. `retry_after` is in seconds.
    """

    message: str
    definite: bool
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the order was created (timeout, cut connection, an answer that is not the object)."""

    message: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """Asked by external_ref, billing-orders has no such order."""


Outcome = Created | Rejected | Misconfigured | Unavailable | Unknown
