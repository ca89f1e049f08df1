"""A problem says what would be right: the number that was meant, the date, the reason why a file is no YAML."""

from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load
from signalq_billing.errors import ConfigInvalid
from tests.unit.adapters.config_files.writing import CADENCES, SOURCE, directory, park, problems

ACTIVITY = "{{active_statuses: [online], {}}}"


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("replica_lag_allowance_seconds: 15m", "such as 3600: 15m is 900 seconds"),
        ("replica_lag_allowance_seconds: 15 MIN", "such as 3600: 15 MIN is 900 seconds"),
        ("lookback_days: 30d", "such as 3600: 30d is 30 days"),
        ("lookback_days: 12h", "write digits alone, such as 3600"),
        ("lookback_days: a month", "'a month' is not a number; write digits alone, such as 3600"),
        ("bad_row_share: 1%", "such as 12.50: 1% is 0.01"),
        ("bad_row_share: 0.05 %", "such as 12.50: 0.05 % is 0.0005"),
        ("watermark: [max]", "watermark: must be a text, not a list"),
        ("lookback_days: {a: 1}", "lookback_days: must be a number, not a mapping"),
    ],
)
def test_the_number_that_was_meant_is_told(tmp_path: Path, source: str, ending: str) -> None:
    [problem] = problems(directory(tmp_path, source=SOURCE + source))
    assert problem.endswith(ending)


def test_a_time_of_day_with_its_unit_is_told_in_seconds(tmp_path: Path) -> None:
    where = directory(tmp_path, p=park(activity=ACTIVITY.format("min_active_seconds_per_day: 4h")))
    assert problems(where)[0].endswith("such as 3600: 4h is 14400 seconds")


def test_money_with_a_percent_sign_is_not_taken_for_a_share(tmp_path: Path) -> None:
    where = directory(tmp_path, p=park(limits="{park_max: 10%}"))
    assert problems(where)[0].endswith("'10%' is not a number; write digits and a point, such as 12.50")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-2", "2026-11-02"),
        ("2026/11/02", "2026-11-02"),
        ("20261102", "2026-11-02"),
        ("2.11.2026", "2026-11-02"),
        ("2026-11-02T00:00:00", "2026-11-02"),
        ("'2026-11-02 00:00'", "2026-11-02"),
    ],
)
def test_the_date_that_was_meant_is_told(tmp_path: Path, written: str, meant: str) -> None:
    [problem] = problems(directory(tmp_path, p=park(effective_from=written)))
    assert problem.endswith(f"is not a date written YYYY-MM-DD; did you mean {meant}?")


@pytest.mark.parametrize("written", ["11/02/2026", "2026-02-30", "tomorrow", "2026"])
def test_a_date_that_may_mean_two_things_or_none_is_not_guessed(tmp_path: Path, written: str) -> None:
    [problem] = problems(directory(tmp_path, p=park(effective_from=written)))
    assert problem.endswith("is not a date written YYYY-MM-DD; write it like 2026-11-01")


@pytest.mark.parametrize("zone", ["UTC+3", "GMT-3", "MSK+03", "+03:00"])
def test_an_offset_is_never_answered_with_a_zone_that_has_another_one(tmp_path: Path, zone: str) -> None:
    told = problems(directory(tmp_path, cadences=CADENCES.replace("Europe/Moscow", zone)))
    assert {each.partition(" is not ")[2] for each in told} == {
        "an IANA time zone; name a city's zone, such as Europe/Moscow"
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- park_id: p\n\tcadence: c\n", "p.yaml:2: is not YAML: *; indent with spaces, never with tabs"),
        (
            "- park_id: p\n  note: a: b\n",
            "p.yaml:2: is not YAML: *; quote a value that has `: ` in it, and indent this*",
        ),
        ("- park_id: p\n   cadence: c\n", "p.yaml:2: is not YAML: *, and indent this line like the one above it"),
        (
            "- park_id: p\n  tiers: [1,\n  x: {a\n",
            "p.yaml:4: is not YAML: *, begun on line 3; close the `{` with a `}`",
        ),
        ("- park_id: p\n  tiers: [1,\n", "p.yaml:3: is not YAML: *; close the `[` or `{` that is open here"),
        ('- park_id: "p\n  cadence: c\n', "p.yaml:3: is not YAML: *, begun on line 1; close the quote"),
        ("- park_id: %p\n", "p.yaml:1: is not YAML: *; quote the value: it begins with a character that means *"),
        ("- park_id: @p\n", "p.yaml:1: is not YAML: *; quote the value: it begins with a character that means *"),
        (
            '- park_id: "p" q\n  c: d\n',
            "p.yaml:1: is not YAML: *; indent the keys of one config alike, and let nothing *",
        ),
        ("---\n- a\n---\n- b\n", "p.yaml:3: is not YAML: *; take the line `---` out, a file is one document"),
        ("- park_id: *p\n", "p.yaml:1: is not YAML: *; a value that begins with `*` refers to an `&anchor` above *"),
        (
            "- park_id: p\n  cadence: c\n activity: x\n",
            "p.yaml:3: is not YAML: *; indent the keys of one config alike, and begin each*",
        ),
        ("- park_id: p\ncadence: c\n", "p.yaml:2: is not YAML: *, and begin each item of the list with `- `"),
    ],
)
def test_what_is_no_yaml_is_told_with_what_it_is_most_often(tmp_path: Path, content: str, problem: str) -> None:
    [told] = problems(directory(tmp_path, p=content))
    head, _, tail = problem.partition("*")
    assert told.startswith(f"parks/{head}")
    assert tail.rstrip("*") in told


def test_a_mapping_of_the_wrong_shape_is_shown_the_right_one(tmp_path: Path) -> None:
    assert problems(directory(tmp_path, p=park(charge="standard"))) == [
        "parks/p.yaml:6: park park-1 charge: must be a mapping of keys to values; for example "
        '`charge: {model: standard, unit: active_day, unit_amount: "10.00"}`'
    ]


def test_warnings_stand_beside_the_problems_that_come_from_them(tmp_path: Path) -> None:
    where = directory(tmp_path, p=park(tariff="gold"))
    (where / "tarifs.yaml").write_text("gold: {}")
    with pytest.raises(ConfigInvalid) as invalid:
        load(where)
    assert str(invalid.value).splitlines() == [
        "1 problem in the configs, nothing was done with them:",
        "  parks/p.yaml:7: park park-1 tariff: there is no tariff 'gold' in tariffs.yaml; there are none yet",
        "  warning: tarifs.yaml: is not read; did you mean tariffs.yaml?",
    ]


def test_a_report_longer_than_a_screen_ends_with_its_commonest_problems(tmp_path: Path) -> None:
    parks = {f"p{number}": park(park_id=f"park-{number}", currency="RUR") for number in range(41)}
    with pytest.raises(ConfigInvalid) as invalid:
        load(directory(tmp_path, **parks, other=park(park_id="other", rounding="up")))
    lines = str(invalid.value).splitlines()
    assert len(invalid.value.problems) == 42
    assert lines[-3:] == [
        "In short:",
        "  41 × currency: 'RUR' is not an ISO 4217 currency code such as RUB; did you mean 'RUB'?",
        "  1 × rounding: 'up' is not known here; known are half_even, half_up",
    ]


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"tariff": "glod"}, "tariff: there is no tariff 'glod' in tariffs.yaml; did you mean 'gold'?"),
        ({"cadence": "wekly_msk"}, "cadence: there is no cadence 'wekly_msk' in cadences.yaml; did you mean 'weekly_"),
    ],
)
def test_a_name_that_is_gone_is_told_once_for_all_parks_and_kept_for_each(
    tmp_path: Path, changes: dict[str, str], mistake: str
) -> None:
    parks: dict[str, str] = {f"p{number}": park(park_id=f"park-{number}", **changes) for number in range(50)}
    parks["other"] = park(park_id="other", currency="RUR")
    (tmp_path / "tariffs.yaml").write_text("gold: {}")
    with pytest.raises(ConfigInvalid) as invalid:
        load(directory(tmp_path, **parks))
    head, other, shared = str(invalid.value).splitlines()
    assert head.startswith("51 problems")
    assert "park other currency:" in other
    assert shared.startswith("  parks/p0.yaml:")
    assert f" park park-0 {mistake}" in shared
    assert shared.endswith("(and so for 49 more)")
    assert len(invalid.value.problems) == 51
