"""parks/*.yaml: what a config may say, what it means by default, and each mistake at its line."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from tests.unit.adapters.config_files.writing import directory, park, problems, warnings


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
        "parks/p.yaml:5: park p rounding: 'up' is not known here; there is half_even, half_up",
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


MISTAKES = [
    ({"park_id": '""'}, "parks/p.yaml:1: park_id: must not be empty"),
    ({"park_id": "[a]"}, "parks/p.yaml:1: park_id: must be a text"),
    ({"effective_from": None}, "parks/p.yaml:1: park park-1 effective_from: is missing; write `effective_from:` and"),
    ({"effective_from": "2026-13-01"}, "parks/p.yaml:2: park park-1 effective_from: '2026-13-01' is not a date"),
    ({"cadence": None}, "parks/p.yaml:1: park park-1 cadence: is missing; write `cadence:` and a name out of"),
    (
        {"cadence": "wekly_msk"},
        "parks/p.yaml:3: park park-1 cadence: there is no cadence 'wekly_msk' in cadences.yaml; "
        "did you mean 'weekly_msk'?",
    ),
    ({"currency": None}, "parks/p.yaml:1: park park-1 currency: is missing; write `currency:` and RUB"),
    (
        {"currency": "rub"},
        "parks/p.yaml:4: park park-1 currency: 'rub' is not an ISO 4217 currency code such as RUB; did you mean 'RUB'?",
    ),
    ({"currency": "XAU"}, "parks/p.yaml:4: park park-1 currency: XAU has no minor unit to round to"),
    ({"activity": None}, "parks/p.yaml:1: park park-1 activity: is missing"),
    ({"activity": "[online]"}, "parks/p.yaml:5: park park-1 activity: must be a mapping of keys to values"),
    (
        {"activity": "{}"},
        "parks/p.yaml:5: park park-1 activity.active_statuses: is missing; write `active_statuses:` and [online]",
    ),
    (
        {"activity": "{active_statuses: []}"},
        "parks/p.yaml:5: park park-1 activity.active_statuses: must be a list with at least one item",
    ),
    (
        {"activity": "{active_statuses: online}"},
        "parks/p.yaml:5: park park-1 activity.active_statuses: must be a list with at least one item",
    ),
    (
        {"activity": "{active_statuses: [online, null]}"},
        "parks/p.yaml:5: park park-1 activity.active_statuses[1]: must be a text",
    ),
    (
        {"activity": "{active_statuses: [online], min_active_seconds_per_day: 0}"},
        "parks/p.yaml:5: park park-1 activity.min_active_seconds_per_day: must be from 1 to 90000, not 0",
    ),
    (
        {"activity": "{active_statuses: [online], min_active_seconds_per_day: 90001}"},
        "parks/p.yaml:5: park park-1 activity.min_active_seconds_per_day: must be from 1 to 90000, not 90001",
    ),
    (
        {"activity": "{active_statuses: [online], max_silence_seconds: 0}"},
        "parks/p.yaml:5: park park-1 activity.max_silence_seconds: must be from 1 to 1000000000, not 0",
    ),
    (
        {"activity": "{active_statuses: [online], max_silence: 60}"},
        "parks/p.yaml:5: park park-1 activity.max_silence: unknown key; did you mean 'max_silence_seconds'?",
    ),
    (
        {"eligibility": "{min_active_days: -1}"},
        "parks/p.yaml:7: park park-1 eligibility.min_active_days: must be from 0 to 10000, not -1",
    ),
    (
        {"eligibility": "{min_days: 1}"},
        "parks/p.yaml:7: park park-1 eligibility.min_days: unknown key; did you mean 'min_active_days'?",
    ),
    ({"rounding": "half_eve"}, "parks/p.yaml:7: park park-1 rounding: 'half_eve' is not known here; did you mean"),
    (
        {"order_per": "camera"},
        "parks/p.yaml:7: park park-1 order_per: 'camera' is not known here; there is device, park",
    ),
    ({"enabled": "maybe"}, "parks/p.yaml:7: park park-1 enabled: must be true or false, not 'maybe'"),
    ({"limits": "{park_max: -1}"}, "parks/p.yaml:7: park park-1 limits.park_max: must be at least 0, not -1"),
    (
        {"limits": "{park_min: 10.50, park_max: 10}"},
        "parks/p.yaml:7: park park-1 limits.park_min: 10.5 is above park_max, which is 10",
    ),
    (
        {"limits": "{device_min: 2, device_max: 1}"},
        "parks/p.yaml:7: park park-1 limits.device_min: 2 is above device_max, which is 1",
    ),
    (
        {"limits": "{maximum: 1}"},
        "parks/p.yaml:7: park park-1 limits.maximum: unknown key; there is device_max, device",
    ),
    ({"curency": "RUB"}, "parks/p.yaml:7: park park-1 curency: unknown key; did you mean 'currency'?"),
    (
        {"tariff": "gold"},
        "parks/p.yaml:7: park park-1 tariff: there is no tariff 'gold' in tariffs.yaml; there are none yet",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), MISTAKES)
def test_a_mistake_is_told_with_file_line_park_field_and_what_would_be_right(
    tmp_path: Path, changes: dict[str, str | None], problem: str
) -> None:
    [told] = problems(directory(tmp_path, p=park(**changes)))
    assert told.startswith(problem)


def test_a_config_that_does_not_say_whose_it_is_is_told(tmp_path: Path) -> None:
    text = "- {effective_from: 2026-11-01, enabled: false}\n- {enabled: false}\n"
    assert problems(directory(tmp_path, p=text)) == [
        "parks/p.yaml:1: park_id: is missing; write `park_id:` and park-7f3a",
        "parks/p.yaml:2: effective_from: is missing; write `effective_from:` and 2026-11-01",
        "parks/p.yaml:2: park_id: is missing; write `park_id:` and park-7f3a",
    ]


def test_two_keys_of_one_name_are_told_with_both_lines(tmp_path: Path) -> None:
    text = park() + "limits:\n  park_max: 1\n  park_max: 2\ncurrency: USD\n"
    assert problems(directory(tmp_path, p=text)) == [
        "parks/p.yaml:9: park park-1 limits.park_max: is here twice, first on line 8; keep one of them",
        "parks/p.yaml:10: park park-1 currency: is here twice, first on line 4; keep one of them",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("parks: []", "parks/p.yaml:1: must be a list of park configs, each beginning with `- park_id:`"),
        ("- 5", "parks/p.yaml:1: [0]: must be a mapping with the keys of a park config"),
        ("-\n- [a]", "parks/p.yaml:2: [1]: must be a mapping with the keys of a park config"),
    ],
)
def test_what_is_no_park_config_is_told(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in problems(directory(tmp_path, p=text))


def test_an_id_with_a_nul_is_refused(tmp_path: Path) -> None:
    [told] = problems(directory(tmp_path, p=park(park_id='"a\\0b"')))
    assert "must not contain the NUL character" in told


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (
            {"charge": "{model: flat, amount: 1, unit: active_day}"},
            "parks/p.yaml:6: park park-1 charge.unit: has no effect: the model flat counts no units",
        ),
        (
            {
                "charge": "{model: standard, unit: active_day, unit_amount: 1, scope: park}",
                "limits": "{device_max: 5, park_max: 6}",
            },
            "parks/p.yaml:7: park park-1 limits.device_max: has no effect: with scope park the charge is taken once "
            "for the whole park",
        ),
        (
            {"activity": "{active_statuses: [online, busy, online]}"},
            "parks/p.yaml:5: park park-1 activity.active_statuses[2]: 'online' is in the list already",
        ),
    ],
)
def test_what_has_no_effect_is_a_warning_and_no_problem(tmp_path: Path, changes: dict[str, str], warning: str) -> None:
    assert warnings(directory(tmp_path, p=park(**changes))) == [warning]
