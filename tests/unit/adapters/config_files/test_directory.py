"""The directory as a whole: which files there must be, what a run needs of it, and one report for everything."""

import datetime as dt
import gc
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from signalq_billing.adapters.config_files import load, load_service_config
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import to_body
from signalq_billing.domain.guards import Guards
from signalq_billing.errors import ConfigInvalid
from tests.unit.adapters.config_files.strategies import park_configs
from tests.unit.adapters.config_files.writing import directory, park, problems, warnings


def test_only_cadences_and_source_have_to_exist(tmp_path: Path) -> None:
    found = load(str(directory(tmp_path)))
    assert found.guards == Guards()
    assert found.park_configs == ()


def test_a_missing_directory_is_told_file_by_file(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert problems(nowhere) == [
        f"cadences.yaml: must exist in {nowhere}, if only with an empty list",
        f"source.yaml: must exist in {nowhere}",
    ]


def test_everything_wrong_anywhere_is_in_one_report(tmp_path: Path) -> None:
    where = directory(
        tmp_path,
        cadences="- {name: weekly_msk, every: weak, anchor: 2026-01-05, timezone: Europe/Moscow}",
        source="table: //x\nresult_directry: //y\n",
        tariffs="gold: {currency: XXX}",
        guards="kill: true",
        a="- {park_id: [",
        b=park(park_id="b", rounding="up"),
        c=park(park_id="c", cadence="daily"),
    )
    assert [line.split(": ", 1)[0] + " " + line.split(": ", 2)[1] for line in problems(where)] == [
        "cadences.yaml:1 weekly_msk.every",
        "guards.yaml:1 kill",
        "parks/a.yaml:2 is not YAML",
        "parks/b.yaml:7 park b rounding",
        "parks/c.yaml:3 park c cadence",
        "source.yaml:1 result_directory",
        "source.yaml:2 result_directry",
        "tariffs.yaml:1 gold.currency",
    ]


def test_broken_cadences_do_not_make_every_park_look_wrong(tmp_path: Path) -> None:
    for cadences in ("- {", "weekly_msk: {}", "- {name: weekly_msk, every: weak}", None):
        where = directory(tmp_path, cadences=cadences, p=park())
        if cadences is None:
            (where / "cadences.yaml").unlink()
        assert {line.split(":")[0] for line in problems(where)} == {"cadences.yaml"}


def test_two_versions_of_one_date_are_told_across_files(tmp_path: Path) -> None:
    where = directory(tmp_path, a="# a comment\n" + park(), b=park())
    assert problems(where) == [
        "parks/b.yaml:2: park park-1 effective_from: 2026-11-02 has a version already, at parks/a.yaml:3; "
        "a park has one version per date"
    ]


def test_an_untimely_change_of_cadence_is_told_even_beside_other_mistakes(tmp_path: Path) -> None:
    where = directory(tmp_path, a=park(), b=park(effective_from="2026-11-20", cadence="monthly_msk", currency="RUR"))
    assert [line.split(": ")[1] for line in problems(where)] == ["park park-1 effective_from", "park park-1 currency"]


def test_places_of_versions_are_kept(tmp_path: Path) -> None:
    found = load(directory(tmp_path, p=park()))
    placed = found.placed["park-1", dt.date(2026, 11, 2)]
    assert (placed.at, placed.cadence_at) == (("parks/p.yaml", 2), ("parks/p.yaml", 3))


def test_a_run_needs_no_park_files(tmp_path: Path) -> None:
    where = directory(tmp_path, tariffs="{", guards="kill_switch: true", p="{")
    found = load_service_config(where)
    assert (sorted(found.cadences), found.source.table) == (
        ["daily_ykt", "monthly_msk", "weekly_msk"],
        "//home/signalq/status_history",
    )
    assert found.guards.kill_switch


def test_a_run_with_broken_settings_stops(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"(?s)2 problems.*guards\.yaml:1.*source\.yaml:1"):
        load_service_config(directory(tmp_path, source="x: 1\nresult_directory: //x\ntable: //y", guards="kill: 1"))


def test_files_that_nobody_reads_are_warned_of(tmp_path: Path) -> None:
    where = directory(tmp_path, p=park())
    for name in ("parks/deep", "parks/..data"):
        (where / name).mkdir()
    for name in (
        "tarifs.yaml",
        "guards.yml",
        "notes.yaml",
        ".hidden.yaml",
        "README.md",
        "parks/q.yml",
        "parks/.x.yaml",
        "parks/..data/p.yaml",
        "parks/deep/p.yaml",
    ):
        (where / name).write_text("{")
    assert warnings(where) == [
        "guards.yml: is not read; did you mean guards.yaml?",
        "notes.yaml: is not read; the files here are cadences.yaml, source.yaml, tariffs.yaml, guards.yaml and parks/",
        "parks/deep/p.yaml: is not read; name it *.yaml, in parks/ itself",
        "parks/q.yml: is not read; name it *.yaml, in parks/ itself",
        "tarifs.yaml: is not read; did you mean tariffs.yaml?",
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(config=park_configs)
def test_any_config_written_as_yaml_is_read_back_the_same(tmp_path: Path, config: ParkConfig) -> None:
    text = yaml.safe_dump([to_body(config) | {"cadence": config.cadence or None}])
    where = directory(tmp_path)
    (where / "parks" / "p.yaml").write_text(text, encoding="utf-8")
    assert load(where).park_configs == (config,)


def test_ten_thousand_parks_load_in_seconds_and_the_collector_is_on_again(tmp_path: Path) -> None:
    where = directory(
        tmp_path, p="\n".join("- {" + ", ".join(park(park_id=f"p{n}").splitlines()) + "}" for n in range(10_000))
    )
    started = time.process_time()
    assert len(load(where).park_configs) == 10_000
    assert time.process_time() - started < 15
    assert gc.isenabled()
