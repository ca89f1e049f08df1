"""Registers with the ids and amounts that people and spreadsheets stumble over."""

import iso4217
from hypothesis import strategies as st

from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.domain.register import Register
from tests.unit.domain.registers import record, register

CURRENCIES = sorted(each.code for each in iso4217.Currency if each.exponent is not None)
NASTY = [
    *("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "'=1", "''", "'", "'a", "＝1", "=", "-"),
    *("_x0041_", "_x005F_x0041_", "_x005f_", "_x", "00123", "1E5", "359881234567890", "#N/A", "TRUE", "2026-11-16"),
    *("a\nb", "a\r\nb", "\r", "\n", "\x00", "\x07\x1f", "\x7f\x85", "\ufffe\uffff", "a,b", 'a"b', '"', "a;b", "sep=;"),
    *(" lead", "trail ", " ", "\u00a0", "\u2028", "камера-1", "📷", "<b>&amp;", "total", "row", "[red]x[/red]", "\\"),
]
IDS = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=20))
MINORS = st.one_of(st.just(0), st.integers(1, 10_000_000), st.integers(10**14, 10**19))


@st.composite
def records(draw: st.DrawFn, park_id: str) -> PayoutRecord:
    return record(
        park_id,
        draw(st.dictionaries(IDS, MINORS, max_size=4)),
        currency=draw(st.sampled_from(CURRENCIES)),
        order_per=draw(st.sampled_from(OrderPer)),
        progress=draw(st.sampled_from(PaymentProgress)),
        hold_reason=draw(st.sampled_from([None, "=held", "x" * 40_000])),
        unit=draw(st.sampled_from(["active_day", "active_hour"])),
    )


@st.composite
def registers(draw: st.DrawFn) -> Register:
    parks = draw(st.lists(IDS, unique=True, min_size=1, max_size=4))
    return register(*(draw(records(park_id)) for park_id in sorted(parks, key=str.encode)))
