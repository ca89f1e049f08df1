"""cadences.yaml: names, calendars and zones, each mistake at its line."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.domain.period import Cadence, Every
from signalq_billing.errors import ConfigInvalid
from tests.unit.adapters.config_files.writing import directory

GOOD = {"name": "weekly_msk", "every": "week", "anchor": "2026-01-05", "timezone": "Europe/Moscow"}


def told(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as invalid:
        load_cadences(directory(tmp_path, cadences=text))
    return [str(problem) for problem in invalid.value.problems]


def told_of_one(tmp_path: Path, **changes: str | None) -> str:
    """The one problem of a good cadence with some keys changed; a key per line, so that lines count keys."""
    keys = {key: value for key, value in (GOOD | changes).items() if value is not None}
    first, *others = (f"{key}: {value}" for key, value in keys.items())
    [problem] = told(tmp_path, "\n".join([f"- {first}", *(f"  {line}" for line in others)]))
    return problem


def test_a_cadence_is_read_with_its_defaults(tmp_path: Path) -> None:
    where = directory(
        tmp_path, cadences="- {name: weekly_msk, every: week, anchor: 2026-01-05, timezone: Europe/Moscow}"
    )
    assert load_cadences(where) == [
        Cadence(
            name="weekly_msk",
            every=Every.WEEK,
            count=1,
            anchor=dt.date(2026, 1, 5),
            timezone="Europe/Moscow",
            settle=dt.timedelta(minutes=15),
            catch_up_from=None,
            deadline=None,
        )
    ]


def test_every_key_of_a_cadence_is_read(tmp_path: Path) -> None:
    text = """\
        - name: two.months-A_1
          every: month
          count: 2
          anchor: "2026-01-28"
          timezone: Asia/Kolkata
          settle_minutes: 0
          catch_up_from: 2026-03-01
          deadline_minutes: 90
        """
    [cadence] = load_cadences(str(directory(tmp_path, cadences=text)))
    assert cadence == Cadence(
        name="two.months-A_1",
        every=Every.MONTH,
        count=2,
        anchor=dt.date(2026, 1, 28),
        timezone="Asia/Kolkata",
        settle=dt.timedelta(0),
        catch_up_from=dt.date(2026, 3, 1),
        deadline=dt.timedelta(minutes=90),
    )
    assert type(cadence.count) is int


def test_the_order_of_the_file_is_kept(tmp_path: Path) -> None:
    lines = [f"- {{name: c{n}, every: day, anchor: 2026-01-01, timezone: UTC}}" for n in (3, 1, 2)]
    assert [each.name for each in load_cadences(directory(tmp_path, cadences="\n".join(lines)))] == ["c3", "c1", "c2"]


@pytest.mark.parametrize("text", ["", "# none yet\n", "[]", "~"])
def test_no_cadences_at_all_is_a_valid_file(tmp_path: Path, text: str) -> None:
    assert load_cadences(directory(tmp_path, cadences=text)) == []


def test_the_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"cadences\.yaml: must exist in .*, if only with an empty list"):
        load_cadences(directory(tmp_path, cadences=None))


def test_nothing_but_cadences_yaml_is_read_for_them(tmp_path: Path) -> None:
    where = directory(tmp_path, source="{", tariffs="{", guards="{", broken="{")
    assert len(load_cadences(where)) == 3


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"name": "weekly msk"},
            "cadences.yaml:1: [0].name: 'weekly msk' must be letters, digits, `_`, `-` and `.` alone, 200 at most: "
            "a DAG is named by it",
        ),
        (
            {"every": "weak"},
            "cadences.yaml:2: weekly_msk.every: 'weak' is not known here; did you mean 'week'?",
        ),
        (
            {"every": "fortnight"},
            "cadences.yaml:2: weekly_msk.every: 'fortnight' is not known here; known are day, month, week",
        ),
        (
            {"anchor": "05.01.2026"},
            "cadences.yaml:3: weekly_msk.anchor: '05.01.2026' is not a date written YYYY-MM-DD; "
            "did you mean 2026-01-05?",
        ),
        (
            {"anchor": "2026-02-30"},
            "cadences.yaml:3: weekly_msk.anchor: '2026-02-30' is not a date written YYYY-MM-DD; "
            "write it like 2026-11-01",
        ),
        (
            {"anchor": "0001-01-01"},
            "cadences.yaml:3: weekly_msk.anchor: must be a date from 1970-01-01 to 2199-12-31, not 0001-01-01",
        ),
        (
            {"timezone": "Europe/Moskow"},
            "cadences.yaml:4: weekly_msk.timezone: 'Europe/Moskow' is not an IANA time zone; "
            "did you mean 'Europe/Moscow'?",
        ),
        (
            {"count": "0"},
            "cadences.yaml:5: weekly_msk.count: must be from 1 to 1000, not 0",
        ),
        (
            {"count": "1.5"},
            "cadences.yaml:5: weekly_msk.count: must be a whole number, not 1.5",
        ),
        (
            {"settle_minutes": "-1"},
            "cadences.yaml:5: weekly_msk.settle_minutes: must be from 0 to 100000, not -1",
        ),
        (
            {"deadline_minutes": "0"},
            "cadences.yaml:5: weekly_msk.deadline_minutes: must be from 1 to 100000, not 0",
        ),
        (
            {"catch_up_from": "yesterday"},
            "cadences.yaml:5: weekly_msk.catch_up_from: 'yesterday' is not a date written YYYY-MM-DD; "
            "write it like 2026-11-01",
        ),
        (
            {"settle_minuts": "5"},
            "cadences.yaml:5: weekly_msk.settle_minuts: unknown key; did you mean 'settle_minutes'?",
        ),
        ({"name": None}, "cadences.yaml:1: [0].name: is missing; for example `name: weekly_msk`"),
        (
            {"deadline_minutes": "15"},
            "cadences.yaml:5: weekly_msk.deadline_minutes: 15: both count from a period's end, and the run begins "
            "settle_minutes (15) after it; a deadline before its run would alert every time",
        ),
        (
            {"every": None},
            "cadences.yaml:1: weekly_msk.every: is missing; for example `every: week` (day, week or month)",
        ),
        (
            {"every": "null"},
            "cadences.yaml:2: weekly_msk.every: is missing; for example `every: week` (day, week or month)",
        ),
        ({"anchor": None}, "cadences.yaml:1: weekly_msk.anchor: is missing; for example `anchor: 2026-01-05`"),
        ({"timezone": None}, "cadences.yaml:1: weekly_msk.timezone: is missing; for example `timezone: Europe/Moscow`"),
        (
            {"every": "month", "anchor": "2026-01-29"},
            "cadences.yaml:3: weekly_msk.anchor: 2026-01-29: a monthly anchor has day 1 to 28, "
            "so that every month has that day",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    tmp_path: Path, changes: dict[str, str | None], problem: str
) -> None:
    assert told_of_one(tmp_path, **changes) == problem


@pytest.mark.parametrize("name", ["utc", "localtime", "Factory", "right/Europe/Moscow", "../UTC", "+03:00"])
def test_only_exact_iana_names_are_zones(tmp_path: Path, name: str) -> None:
    assert f"{name!r} is not an IANA time zone" in told_of_one(tmp_path, timezone=f'"{name}"')


def test_a_monthly_anchor_on_the_28th_is_fine(tmp_path: Path) -> None:
    text = "- {name: m, every: month, anchor: 2026-01-28, timezone: UTC}"
    assert len(load_cadences(directory(tmp_path, cadences=text))) == 1


def test_names_are_unique(tmp_path: Path) -> None:
    text = """\
        - {name: a, every: day, anchor: 2026-01-01, timezone: UTC}
        - {name: b, every: day, anchor: 2026-01-01, timezone: UTC}
        - {name: a, every: week, anchor: 2026-01-01, timezone: UTC}
        """
    assert told(tmp_path, text) == ["cadences.yaml:3: a.name: is on line 1 already; names are unique"]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = """\
        - {name: a, every: weak, anchor: 2026-01-01, timezone: UTC}
        - just text
        - {name: b, every: day, anchor: 1, timezone: Mars}
        """
    assert [line.split(": ")[1] for line in told(tmp_path, text)] == ["a.every", "[1]", "b.anchor", "b.timezone"]


@pytest.mark.parametrize("text", ["weekly_msk: {every: week}", "weekly_msk"])
def test_a_file_that_is_no_list_is_told_so(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == ["cadences.yaml:1: must be a list of cadences, each beginning with `- name:`"]


def test_reading_cadences_imports_nothing_heavy() -> None:
    heavy = ("airflow", "sqlalchemy", "pydantic", "iso4217", "requests", "pyarrow", "yt")
    code = f"import sys, signalq_billing.adapters.config_files; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
