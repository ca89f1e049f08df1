"""Orders: keys that never change or collide, and bytes that depend on content alone."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.domain.order import OrderPayload, external_ref, payload_hash, utc_iso
from tests.unit.domain.builders import period

texts = st.text(min_size=1, max_size=200)


def test_the_key_names_cadence_period_park_and_revision() -> None:
    assert external_ref("park-7f3a", period(), 1) == "weekly_msk:2026-11-16:park-7f3a:r1"
    assert external_ref("park-7f3a", period(), 2, "cam 1") == "weekly_msk:2026-11-16:park-7f3a:r2:cam~201"


@given(st.lists(st.tuples(texts, st.none() | texts, st.integers(1, 3)), min_size=2, unique=True))
def test_different_orders_never_share_a_key(orders: list[tuple[str, str | None, int]]) -> None:
    refs = {external_ref(park, period(), revision, device) for park, device, revision in orders}
    assert len(refs) == len(orders)


@given(texts, texts)
def test_a_key_is_safe_in_a_header_and_a_path(park: str, device: str) -> None:
    ref = external_ref(park, period(), 1, device)
    assert set(ref) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~:")
    assert len(ref) < 260


def payload(**changes: object) -> OrderPayload:
    values: dict[str, object] = {
        "external_ref": "ref",
        "park_id": "парк",
        "cadence": "weekly_msk",
        "period_name": period().name,
        "period_start": period().start,
        "period_end": period().end,
        "timezone": "Europe/Moscow",
        "revision": 1,
        "currency": "RUB",
        "amount": Decimal("30.00"),
        "carried": Decimal("0.00"),
        "lines": (("cam-1", Decimal("30.00")),),
    }
    return OrderPayload(**(values | changes))  # type: ignore[arg-type]


def test_the_body_is_the_contracts_json() -> None:
    assert payload().body().decode() == (
        '{"external_ref":"ref","kind":"signalq_camera_payout","park_id":"парк","cadence":"weekly_msk",'
        '"period":{"name":"2026-11-16","start":"2026-11-15T21:00:00Z","end":"2026-11-22T21:00:00Z",'
        '"timezone":"Europe/Moscow"},"revision":1,"currency":"RUB","amount":"30.00","carried":"0.00",'
        '"lines":[{"device_id":"cam-1","amount":"30.00"}],"event_at":"2026-11-22T21:00:00Z"}'
    )


def test_the_same_content_has_the_same_hash_and_other_content_another() -> None:
    assert payload_hash(payload().body()) == payload_hash(payload().body())
    assert payload_hash(payload().body()) != payload_hash(payload(amount=Decimal("30.01")).body())


def test_times_are_written_in_utc() -> None:
    moscow = dt.timezone(dt.timedelta(hours=3))
    assert utc_iso(dt.datetime(2026, 11, 16, 3, tzinfo=moscow)) == "2026-11-16T00:00:00Z"
