"""parks/*.yaml: what a config may say and what it means by default."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from tests.unit.adapters.config_files.writing import directory, park, problems


def read(tmp_path: Path, text: str) -> ParkConfig:
    [config] = load(directory(tmp_path, p=text)).park_configs
    return config


def terms(tmp_path: Path, text: str) -> PayTerms:
    found = read(tmp_path, text).terms
    assert found is not None
    return found


def test_a_config_with_every_key_is_read_exactly(tmp_path: Path) -> None:
    text = """\
        - park_id: park-7f3a
          effective_from: 2026-11-01
          cadence: weekly_msk
          currency: RUB
          activity: {active_statuses: [online, busy], min_active_seconds_per_day: 14400, max_silence_seconds: 3600}
          eligibility: {min_active_days: 3}
          charge:
            model: graduated
            unit: active_hour
            scope: park
            tiers: [{up_to: 5, unit_amount: "10.00"}, {up_to: null, unit_amount: 12.50, flat_amount: "3.00"}]
          limits: {park_min: "0", park_max: 100000}
          rounding: half_up
          order_per: device
        """
    assert read(tmp_path, text) == ParkConfig(
        park_id="park-7f3a",
        effective_from=dt.date(2026, 11, 1),
        cadence="weekly_msk",
        terms=PayTerms(
            currency="RUB",
            activity=ActivityRules(("busy", "online"), 14400, 3600),
            charge=Charge(
                Graduated((Tier(Decimal(5), Decimal(10)), Tier(None, Decimal("12.5"), Decimal(3)))),
                "active_hour",
                Scope.PARK,
            ),
            min_active_days=3,
            limits=Limits(park_min=Decimal(0), park_max=Decimal(100000)),
            rounding=Rounding.HALF_UP,
            order_per=OrderPer.DEVICE,
        ),
    )


def test_what_is_left_out_has_the_documented_default(tmp_path: Path) -> None:
    assert terms(tmp_path, park()) == PayTerms(
        currency="RUB",
        activity=ActivityRules(("online",), min_active_seconds_per_day=1, max_silence_seconds=None),
        charge=Charge(Standard(Decimal(10)), "active_day", Scope.DEVICE),
        min_active_days=1,
        limits=Limits(None, None, None, None),
        rounding=Rounding.HALF_EVEN,
        order_per=OrderPer.PARK,
    )


def test_null_means_left_out(tmp_path: Path) -> None:
    text = park(
        activity="{active_statuses: [online], min_active_seconds_per_day: null, max_silence_seconds: ~}",
        eligibility="null",
        limits="{park_max: null}",
        rounding="null",
        enabled="null",
        tariff="null",
    )
    assert terms(tmp_path, text) == terms(tmp_path, park())


@pytest.mark.parametrize(
    ("charge", "model"),
    [
        ("{model: standard, unit: active_day, unit_amount: 0}", Standard(Decimal(0))),
        (
            "{model: package, unit: active_hour, package_size: 0.5, package_amount: 7}",
            Package(Decimal("0.5"), Decimal(7), Decimal(0)),
        ),
        (
            "{model: package, unit: active_hour, package_size: 5, package_amount: 7, free_units: 2}",
            Package(Decimal(5), Decimal(7), Decimal(2)),
        ),
        (
            "{model: volume, unit: active_device, tiers: [{up_to: null, unit_amount: 1}]}",
            Volume((Tier(None, Decimal(1), Decimal(0)),)),
        ),
        ("{model: flat, amount: 1500}", Flat(Decimal(1500))),
    ],
)
def test_each_charge_model_is_read_by_its_own_keys(tmp_path: Path, charge: str, model: object) -> None:
    assert terms(tmp_path, park(charge=charge)).charge.model == model


def test_flat_has_no_unit(tmp_path: Path) -> None:
    assert terms(tmp_path, park(charge="{model: flat, amount: 5}")).charge.unit is None


@pytest.mark.parametrize("amount", ["10.10", '"10.10"', "1010e-2", "+10.10", "010.10"])
def test_money_is_exact_however_it_is_written(tmp_path: Path, amount: str) -> None:
    if amount == "010.10":
        amount = f'"{amount}"'
    model = terms(tmp_path, park(charge=f"{{model: flat, amount: {amount}}}")).charge.model
    assert model == Flat(Decimal("10.10"))


def test_an_amount_no_float_could_hold_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    model = terms(tmp_path, park(charge="{model: flat, amount: 123456789012.123456789012345678}")).charge.model
    assert model == Flat(Decimal("123456789012.123456789012345678"))


@pytest.mark.parametrize("park_id", ["007", "on", "2026-11-01", "1_000", "парк 7/α", '" spaced "', '"null"', "1.50"])
def test_ids_keep_their_text(tmp_path: Path, park_id: str) -> None:
    assert read(tmp_path, park(park_id=park_id)).park_id == park_id.strip('"')


def test_statuses_keep_their_text_and_are_a_set(tmp_path: Path) -> None:
    one = terms(tmp_path, park(activity="{active_statuses: [on, yes, 1]}"))
    other = terms(tmp_path, park(activity="{active_statuses: ['1', 'on', 'yes']}"))
    assert one.activity.active_statuses == ("1", "on", "yes")
    assert one == other


def test_a_version_that_ends_payments_needs_only_its_park_and_date(tmp_path: Path) -> None:
    text = "{park_id: park-1, effective_from: 2026-11-01, enabled: false}"
    assert read(tmp_path, text) == ParkConfig("park-1", dt.date(2026, 11, 1), "", None)


def test_the_other_keys_of_a_version_that_ends_payments_are_checked_all_the_same(tmp_path: Path) -> None:
    text = "park_id: p\neffective_from: 2026-11-01\nenabled: off\ncadence: weekly_msk\nrounding: up\nlimit: 5\n"
    assert problems(directory(tmp_path, p=text)) == [
        "parks/p.yaml:5: park p rounding: 'up' is not known here; known are half_even, half_up",
        "parks/p.yaml:6: park p limit: unknown key; did you mean 'limits'?",
    ]


def test_a_file_may_hold_a_list_or_one_config_or_nothing(tmp_path: Path) -> None:
    one = "{park_id: a, effective_from: 2026-11-01, enabled: false}"
    two = (
        "[{park_id: b, effective_from: 2026-11-01, enabled: no}, {park_id: c, effective_from: 2026-11-01, enabled: no}]"
    )
    where = directory(tmp_path, a=one, b=two, c="", d="# nobody yet")
    assert [config.park_id for config in load(where).park_configs] == ["a", "b", "c"]


def test_configs_come_sorted_bytewise_by_park_and_by_date(tmp_path: Path) -> None:
    keys = [("я", "2026-11-01"), ("b", "2026-12-01"), ("b", "2026-11-01"), ("Z", "2026-11-01")]
    text = "\n".join(f"- {{park_id: {name}, effective_from: {date}, enabled: false}}" for name, date in keys)
    found = load(directory(tmp_path, p=text)).park_configs
    assert [(config.park_id, config.version) for config in found] == sorted(keys)
