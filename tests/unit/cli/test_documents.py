"""The JSON that programs read: keys, sorting and spelling as SPEC section 9 gives them."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from signalq_billing.cli.display import print_json
from signalq_billing.cli.documents import preview_document, status_document, units_text
from signalq_billing.domain.activity import ActivitySnapshot, BadRows, DeviceActivity
from signalq_billing.domain.charge import Standard
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.progress import Hold, OrderProgress, PaymentProgress, PayoutProgress, Release
from signalq_billing.services.preview import Preview
from tests.unit.domain.builders import config, device, period


def previewed() -> Preview:
    bad = BadRows({"status_missing": 1}, 2000, [{"park_id": "p"}])
    snapshot = ActivitySnapshot(period(), "//r", period().end, 10, bad, period().end)
    hours = config(Standard(Decimal("36")), unit="active_hour")
    return Preview(
        snapshot,
        [
            compute_payout(hours, period(), [DeviceActivity("b", (1000,)), device("a", days=0)]),
            compute_payout(config(park_id="park-2", currency="JPY"), period(), []),
        ],
    )


def test_a_preview_has_the_contracts_shape(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(preview_document(previewed()))
    assert json.loads(capsys.readouterr().out) == {
        "cadence": "weekly_msk",
        "period": {
            "name": "2026-11-16",
            "start": "2026-11-15T21:00:00Z",
            "end": "2026-11-22T21:00:00Z",
            "timezone": "Europe/Moscow",
        },
        "parks": [
            {
                "park_id": "park-1",
                "currency": "RUB",
                "config_version": "2026-01-01",
                "total": "10.00",
                "lines": [
                    {
                        "device_id": "a",
                        "active_seconds": 0,
                        "active_days": 0,
                        "units": "0.000000",
                        "amount": "0.00",
                        "reason": "below_min_active_days",
                    },
                    {
                        "device_id": "b",
                        "active_seconds": 1000,
                        "active_days": 1,
                        "units": "0.277778",
                        "amount": "10.00",
                        "reason": None,
                    },
                ],
            },
            {"park_id": "park-2", "currency": "JPY", "config_version": "2026-01-01", "total": "0", "lines": []},
        ],
        "bad_rows": {
            "total": 1,
            "considered": 2000,
            "share": "0.000500",
            "by_reason": {"status_missing": 1},
            "examples": [{"park_id": "p"}],
        },
        "watermark": "2026-11-22T21:00:00Z",
    }


def test_whole_units_are_written_whole() -> None:
    assert units_text(Fraction(5), "active_day") == "5"
    assert units_text(Fraction(0), None) == "0"


def test_a_status_has_the_contracts_shape() -> None:
    order = OrderProgress(1, "ref", None, Decimal("10"), PaymentProgress.CREATED, 2, "doc-1", None, None, None)
    payout = PayoutProgress(1, "p", "c", dt.date(2026, 11, 16), 1, "RUB", Decimal("10"), 2, None, None, [order])
    assert status_document([payout]) == {
        "payouts": [
            {
                "park_id": "p",
                "cadence": "c",
                "period": "2026-11-16",
                "revision": 1,
                "currency": "RUB",
                "total": "10.00",
                "payment_progress": "created",
                "hold_reason": None,
                "orders": [
                    {
                        "external_ref": "ref",
                        "doc_id": "doc-1",
                        "amount": "10.00",
                        "payment_progress": "created",
                        "attempts": 2,
                        "last_error": None,
                    }
                ],
            }
        ]
    }


def test_a_held_payout_tells_since_and_until_when_and_by_which_digest_it_is_released() -> None:
    since = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
    payout = PayoutProgress(1, "p", "c", dt.date(2026, 11, 16), 1, "RUB", Decimal("10"), 2, None, "too much", [])
    held = replace(payout, hold=Hold(since, since + dt.timedelta(days=1), outdated=True), digest="ab12")
    [told] = status_document([held])["payouts"]
    assert told["hold"] == {
        "since": "2026-11-23T01:00:00Z",
        "expires_at": "2026-11-24T01:00:00Z",
        "outdated": True,
        "digest": "ab12",
    }


def test_a_released_payout_tells_by_whom() -> None:
    payout = PayoutProgress(1, "p", "c", dt.date(2026, 11, 16), 1, "RUB", Decimal("10"), 2, None, None, [])
    released = replace(payout, release=Release(dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC), "Ann Lee", "checked"))
    [told] = status_document([released])["payouts"]
    assert told["release"] == {"at": "2026-11-23T01:00:00Z", "by": "Ann Lee", "note": "checked"}
