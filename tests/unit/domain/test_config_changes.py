"""What a version changes, key by key, and the same change of many parks as one."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from signalq_billing.domain.charge import Flat, Graduated, Tier
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_changes import ChangeKind, FieldChange, grouped, version_change
from tests.unit.domain.builders import config

LATER = dt.date(2026, 12, 7)


def later(made: ParkConfig) -> ParkConfig:
    return replace(made, effective_from=LATER)


def change(before: ParkConfig | None, after: ParkConfig) -> str:
    return version_change(ChangeKind.ADDED, after, before).summary


def test_the_keys_that_differ_are_told_with_their_values() -> None:
    found = version_change(ChangeKind.ADDED, later(config(currency="EUR", min_seconds=60)), config())
    assert found.fields == (
        FieldChange("currency", "RUB", "EUR"),
        FieldChange("activity.min_active_seconds_per_day", 1, 60),
    )
    assert found.summary == "currency RUB -> EUR; activity.min_active_seconds_per_day 1 -> 60"


def test_dates_and_parks_are_no_changes() -> None:
    assert change(config(), later(config())) == "as the version before it"


def test_another_model_is_told_with_its_whole_charge() -> None:
    tiers = (Tier(Decimal(5), Decimal("1.50")), Tier(None, Decimal(2), Decimal(3)))
    assert change(config(Flat(Decimal(500)), unit=None), later(config(Graduated(tiers)))) == (
        "charge.model {model: flat, scope: device, amount: 500} -> {model: graduated, unit: active_day, scope: device, "
        "tiers: [{up_to: 5, unit_amount: 1.5, flat_amount: 0}, {up_to: null, unit_amount: 2, flat_amount: 3}]}"
    )


def test_a_first_version_is_told_by_what_it_pays() -> None:
    found = version_change(ChangeKind.ADDED, config(), None)
    assert found.summary == (
        "first version: weekly_msk, RUB, {model: standard, unit: active_day, scope: device, unit_amount: 10}"
    )
    assert {field.before for field in found.fields} == {None}
    assert FieldChange("charge.unit_amount", None, "10") in found.fields


def test_ending_and_starting_payments_is_told_as_that() -> None:
    stopped = replace(config(), terms=None)
    assert change(config(), later(stopped)) == "enabled true -> false"
    assert change(stopped, later(config())).startswith("enabled false -> true; weekly_msk, RUB, {model: standard")


def test_the_same_change_of_many_parks_is_one_group_the_largest_first() -> None:
    parks = ["b", "a", "é", "c"]
    changes = [version_change(ChangeKind.CHANGED, config(park_id=each, currency="EUR"), config(park_id=each))
               for each in parks]  # fmt: skip
    changes.append(version_change(ChangeKind.CHANGED, config(park_id="d", currency="USD"), config(park_id="d")))
    assert [(group.summary, group.park_ids) for group in grouped(changes)] == [
        ("currency RUB -> EUR", ("a", "b", "c", "é")),
        ("currency RUB -> USD", ("d",)),
    ]
