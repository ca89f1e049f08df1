"""parks/*.yaml: each mistake told with file, line, park, field and what would be right."""

from pathlib import Path

import pytest

from tests.unit.adapters.config_files.writing import directory, park, problems, warnings

MISTAKES = [
    ({"park_id": '""'}, "parks/p.yaml:1: park_id: must not be empty"),
    ({"park_id": "[a]"}, "parks/p.yaml:1: park_id: must be a text"),
    ({"effective_from": None}, "parks/p.yaml:1: park park-1 effective_from: is missing; for example `effective_from:"),
    ({"effective_from": "2026-13-01"}, "parks/p.yaml:2: park park-1 effective_from: '2026-13-01' is not a date"),
    (
        {"cadence": None},
        "parks/p.yaml:1: park park-1 cadence: is missing; for example `cadence: weekly_msk` (a name out of",
    ),
    (
        {"cadence": "wekly_msk"},
        "parks/p.yaml:3: park park-1 cadence: there is no cadence 'wekly_msk' in cadences.yaml; "
        "did you mean 'weekly_msk'?",
    ),
    ({"currency": None}, "parks/p.yaml:1: park park-1 currency: is missing; for example `currency: RUB"),
    (
        {"currency": "rub"},
        "parks/p.yaml:4: park park-1 currency: 'rub' is not an ISO 4217 currency code such as RUB; did you mean 'RUB'?",
    ),
    ({"currency": "XAU"}, "parks/p.yaml:4: park park-1 currency: XAU has no minor unit to round to"),
    ({"activity": None}, "parks/p.yaml:1: park park-1 activity: is missing"),
    ({"activity": "[online]"}, "parks/p.yaml:5: park park-1 activity: must be a mapping of keys to values"),
    (
        {"activity": "{}"},
        "parks/p.yaml:5: park park-1 activity.active_statuses: is missing; for example `active_statuses: [online]",
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
        "parks/p.yaml:7: park park-1 order_per: 'camera' is not known here; known are device, park",
    ),
    ({"enabled": "maybe"}, "parks/p.yaml:7: park park-1 enabled: must be true or false, not 'maybe'"),
    (
        {"enabled": '"no"'},
        "parks/p.yaml:7: park park-1 enabled: must be true or false without quotes, not the text 'no'",
    ),
    (
        {"limits": "{park_max: '1e3'}"},
        "parks/p.yaml:7: park park-1 limits.park_max: '1e3' is a text with an exponent; write the number out",
    ),
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
        "parks/p.yaml:7: park park-1 limits.maximum: unknown key; known are device_max, device",
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
        "parks/p.yaml:1: park_id: is missing; for example `park_id: park-7f3a`",
        "parks/p.yaml:2: effective_from: is missing; for example `effective_from: 2026-11-01`",
        "parks/p.yaml:2: park_id: is missing; for example `park_id: park-7f3a`",
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
