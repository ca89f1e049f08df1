"""What the simulated billing-orders keeps and sends, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Reply:
    """What billing-orders sends back. `honest`: it is the object asked for, or a plain no."""

    status: int
    body: bytes
    retry_after: str | None = None
    honest: bool = True


@dataclass(frozen=True, slots=True)
class Booked:
    """One accepted order."""

    doc_id: str
    external_ref: str
    amount: Decimal
    currency: str
    body: bytes

    def public(self) -> dict[str, str]:
        return {
            "doc_id": self.doc_id,
            "external_ref": self.external_ref,
            "amount": format(self.amount, "f"),
            "currency": self.currency,
            "created_at": "2026-11-23T06:00:00Z",
        }
