"""A register as JSON for programs: money and units as decimal strings, dates as ISO 8601."""

import json

from signalq_billing.adapters.registers.columns import documents, lines_table, orders_table, parks_table
from signalq_billing.domain.money import money_text
from signalq_billing.domain.register import Register


def json_bytes(register: Register) -> bytes:
    """The file; equal registers give equal bytes."""
    document = {
        "cadence": register.cadence,
        "period": register.period.isoformat(),
        "lines": documents(lines_table(register)),
        "orders": documents(orders_table(register)),
        "parks": documents(parks_table(register)),
        "totals": [
            {
                "currency": total.currency,
                "payment_progress": total.payment_progress.value if total.payment_progress else None,
                "amount": money_text(total.amount, total.currency),
            }
            for total in register.totals
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
