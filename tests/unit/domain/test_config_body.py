import dataclasses
import datetime as dt
import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from signalq_billing.domain.config_body import body_hash, canonical_json, decimal_text, from_body, to_body
from signalq_billing.errors import UsageError

money = st.decimals(min_value=0, max_value=10**30, allow_nan=False, allow_infinity=False, places=9)
names = st.text(min_size=1, max_size=8)
tiers = st.lists(
    st.builds(Tier, up_to=st.none() | money, unit_amount=money, flat_amount=money), min_size=1, max_size=3
).map(tuple)
models = st.one_of(
    st.builds(Standard, money),
    st.builds(Package, money, money, money),
    st.builds(Graduated, tiers),
    st.builds(Volume, tiers),
    st.builds(Flat, money),
)
terms = st.builds(
    PayTerms,
    currency=st.sampled_from(["RUB", "JPY", "BHD"]),
    activity=st.builds(
        ActivityRules,
        active_statuses=st.lists(names, min_size=1, max_size=3).map(tuple),
        min_active_seconds_per_day=st.integers(1, 90_000),
        max_silence_seconds=st.none() | st.integers(1, 10**6),
    ),
    charge=st.builds(
        Charge, model=models, unit=st.sampled_from([None, "active_day", "active_hour"]), scope=st.sampled_from(Scope)
    ),
    min_active_days=st.integers(0, 31),
    limits=st.builds(Limits, *[st.none() | money] * 4),
    rounding=st.sampled_from(Rounding),
    order_per=st.sampled_from(OrderPer),
)
park_configs = st.builds(ParkConfig, park_id=names, effective_from=st.dates(), cadence=names, terms=st.none() | terms)


def config(model=None, **changes):
    built = ParkConfig(
        park_id="park-1",
        effective_from=dt.date(2026, 11, 1),
        cadence="weekly_msk",
        terms=PayTerms(
            currency="RUB",
            activity=ActivityRules(active_statuses=("online",)),
            charge=Charge(model or Standard(Decimal("12.50")), "active_day", Scope.DEVICE),
        ),
    )
    return dataclasses.replace(built, **changes)


@settings(deadline=None)
@given(park_configs)
def test_a_config_survives_being_stored_as_json(original):
    stored = json.loads(json.dumps(to_body(original)))
    assert from_body(stored) == original


@settings(deadline=None)
@given(park_configs)
def test_the_body_of_a_body_is_the_same_body(original):
    assert to_body(from_body(to_body(original))) == to_body(original)


@settings(deadline=None)
@given(park_configs, park_configs)
def test_hashes_are_equal_exactly_for_equal_configs(one, other):
    assert (body_hash(one) == body_hash(other)) == (one == other)


def test_the_way_a_number_is_written_does_not_change_the_hash():
    assert body_hash(config(Standard(Decimal("10")))) == body_hash(config(Standard(Decimal("10.00"))))
    assert body_hash(config(Standard(Decimal("10")))) == body_hash(config(Standard(Decimal("1E+1"))))


def test_every_key_changes_the_hash():
    hashes = {
        body_hash(config()),
        body_hash(config(park_id="park-2")),
        body_hash(config(effective_from=dt.date(2026, 11, 2))),
        body_hash(config(cadence="daily")),
        body_hash(config(terms=None)),
        body_hash(config(Standard(Decimal("12.51")))),
        body_hash(config(Flat(Decimal("12.50")))),
        body_hash(config(Graduated((Tier(None, Decimal("12.50")),)))),
        body_hash(config(Volume((Tier(None, Decimal("12.50")),)))),
    }
    assert len(hashes) == 9


def test_the_body_speaks_the_words_of_the_config_files():
    body = to_body(config(Graduated((Tier(Decimal(5), Decimal("10.00")), Tier(None, Decimal("12.5"), Decimal(3))))))
    assert body == {
        "park_id": "park-1",
        "effective_from": "2026-11-01",
        "enabled": True,
        "cadence": "weekly_msk",
        "currency": "RUB",
        "activity": {"active_statuses": ["online"], "min_active_seconds_per_day": 1, "max_silence_seconds": None},
        "eligibility": {"min_active_days": 1},
        "charge": {
            "model": "graduated",
            "unit": "active_day",
            "scope": "device",
            "tiers": [
                {"up_to": "5", "unit_amount": "10", "flat_amount": "0"},
                {"up_to": None, "unit_amount": "12.5", "flat_amount": "3"},
            ],
        },
        "limits": {"device_min": None, "device_max": None, "park_min": None, "park_max": None},
        "rounding": "half_even",
        "order_per": "park",
    }


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": "é", "a": 1}) == canonical_json({"a": 1, "b": "é"}) == '{"a":1,"b":"é"}'


@pytest.mark.parametrize(
    ("charge", "told"),
    [
        ({"model": "auction", "unit": None, "scope": "device", "bid": "7"}, "there is no charge model 'auction'"),
        ({"model": "standard", "unit": "wheel_turn", "scope": "park", "unit_amount": "1"}, "no unit 'wheel_turn'"),
        (
            {"model": "standard", "unit": "active_day", "scope": "park", "amount": "1"},
            "does not take the keys that are stored, amount",
        ),
    ],
)
def test_a_stored_charge_that_cannot_be_had_stays_as_it_is_and_says_so_when_priced(charge, told):
    body = to_body(config()) | {"charge": charge}
    kept = from_body(body)
    assert to_body(kept) == body
    with pytest.raises(UsageError, match=r"config version 2026-11-01 of park park-1 cannot be used: .*" + told):
        kept.terms.charge.model.price(Fraction(1))


@pytest.mark.parametrize(
    ("number", "text"),
    [("10.00", "10"), ("0.00", "0"), ("-0", "0"), ("1E+3", "1000"), ("1E-3", "0.001"), ("100", "100"), ("1.50", "1.5")],
)
def test_numbers_are_written_in_their_shortest_plain_form(number, text):
    assert decimal_text(Decimal(number)) == text
