"""tariffs.yaml: what parks inherit, how they override it, and that one mistake in it is told once."""

from decimal import Decimal
from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Graduated, Standard, Tier
from signalq_billing.domain.config import Limits, PayTerms, Scope
from tests.unit.adapters.config_files.writing import directory, problems, warnings

TARIFF = """\
gold:
  currency: RUB
  activity: {active_statuses: [online, busy], max_silence_seconds: 3600}
  charge: {model: standard, unit: active_hour, unit_amount: 10, scope: park}
  limits: {park_min: 1, park_max: 100}
"""
OWN = "park_id: park-1\neffective_from: 2026-11-02\ncadence: weekly_msk\ntariff: gold\n"


def terms(tmp_path: Path, overrides: str = "", tariffs: str = TARIFF) -> PayTerms:
    [config] = load(directory(tmp_path, tariffs=tariffs, p=OWN + overrides)).park_configs
    assert config.terms is not None
    return config.terms


def test_a_park_has_the_keys_of_its_tariff(tmp_path: Path) -> None:
    found = terms(tmp_path)
    assert found.activity == ActivityRules(("busy", "online"), 1, 3600)
    assert found.charge.model == Standard(Decimal(10))
    assert (found.charge.unit, found.charge.scope) == ("active_hour", Scope.PARK)
    assert found.limits == Limits(None, None, Decimal(1), Decimal(100))


def test_mappings_merge_key_by_key(tmp_path: Path) -> None:
    found = terms(tmp_path, "limits: {park_max: 50}\nactivity: {min_active_seconds_per_day: 60}\n")
    assert found.limits == Limits(None, None, Decimal(1), Decimal(50))
    assert found.activity == ActivityRules(("busy", "online"), 60, 3600)


def test_lists_are_replaced_whole(tmp_path: Path) -> None:
    assert terms(tmp_path, "activity: {active_statuses: [driving]}\n").activity.active_statuses == ("driving",)


def test_null_removes_a_key(tmp_path: Path) -> None:
    found = terms(tmp_path, "limits: {park_max: null}\nactivity: {max_silence_seconds: ~}\n")
    assert found.limits == Limits(park_min=Decimal(1))
    assert found.activity.max_silence_seconds is None
    assert terms(tmp_path, "limits: null\n").limits == Limits()


def test_a_charge_of_the_same_model_merges(tmp_path: Path) -> None:
    for charge in ("{unit_amount: 11}", "{model: standard, unit_amount: 11}"):
        found = terms(tmp_path, f"charge: {charge}\n").charge
        assert (found.model, found.unit, found.scope) == (Standard(Decimal(11)), "active_hour", Scope.PARK)


def test_a_charge_of_another_model_replaces_the_tariffs_charge_whole(tmp_path: Path) -> None:
    tiers = "[{up_to: null, unit_amount: 1}]"
    found = terms(tmp_path, f"charge: {{model: graduated, unit: active_day, tiers: {tiers}}}\n").charge
    assert found.model == Graduated((Tier(None, Decimal(1)),))
    assert (found.unit, found.scope) == ("active_day", Scope.DEVICE)


def test_a_replaced_charge_has_to_be_whole_itself(tmp_path: Path) -> None:
    where = directory(
        tmp_path, tariffs=TARIFF, p=OWN + "charge: {model: package, package_size: 1, package_amount: 1}\n"
    )
    assert problems(where) == ["parks/p.yaml:5: park park-1 charge.unit: is missing; for example `unit: active_day`"]


def test_a_tariff_may_be_only_a_part(tmp_path: Path) -> None:
    tariffs = "gold:\n  currency: RUB\n  charge: {unit: active_day, scope: park}\n"
    own = "activity: {active_statuses: [online]}\ncharge: {model: standard, unit_amount: 5}\n"
    found = terms(tmp_path, own, tariffs).charge
    assert (found.model, found.unit, found.scope) == (Standard(Decimal(5)), "active_day", Scope.PARK)


def test_a_tariff_may_set_the_cadence_and_the_date(tmp_path: Path) -> None:
    tariffs = TARIFF + "  cadence: weekly_msk\n  effective_from: 2026-11-02\n"
    [config] = load(directory(tmp_path, tariffs=tariffs, p="{park_id: park-1, tariff: gold}")).park_configs
    assert (config.cadence, config.version) == ("weekly_msk", "2026-11-02")


def test_a_tariff_may_end_payments(tmp_path: Path) -> None:
    tariffs = "gone: {enabled: false}"
    text = "{park_id: park-1, tariff: gone, effective_from: 2026-11-02}"
    [config] = load(directory(tmp_path, tariffs=tariffs, p=text)).park_configs
    assert config.terms is None


def test_overriding_one_park_leaves_the_others_alone(tmp_path: Path) -> None:
    text = """\
        - {park_id: a, effective_from: 2026-11-02, cadence: weekly_msk, tariff: gold, limits: {park_max: 5}}
        - {park_id: b, effective_from: 2026-11-02, cadence: weekly_msk, tariff: gold}
        """
    configs = load(directory(tmp_path, tariffs=TARIFF, p=text)).park_configs
    assert [config.terms and config.terms.limits.park_max for config in configs] == [Decimal(5), Decimal(100)]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("currency: RUB", "curency: RUB", "tariffs.yaml:2: gold.curency: unknown key; did you mean 'currency'?"),
        ("unit_amount: 10", "unit_amount: -10", "tariffs.yaml:4: gold.charge.unit_amount: must be at least 0, not -10"),
        ("park_min: 1,", "park_min: 101,", "tariffs.yaml:5: gold.limits.park_min: 101 is above park_max, which is 100"),
        (
            "model: standard",
            "modell: standard",
            "tariffs.yaml:4: gold.charge.modell: unknown key; did you mean 'model'?",
        ),
        ("currency: RUB", "park_id: x", "tariffs.yaml:2: gold.park_id: does not belong in a tariff, only in a park"),
        ("currency: RUB", "tariff: x", "tariffs.yaml:2: gold.tariff: does not belong in a tariff, only in a park"),
        ("currency: RUB", "currency: RUB\n  currency: USD", "tariffs.yaml:3: gold.currency: is here twice, first on"),
    ],
)
@pytest.mark.parametrize("used", [True, False])
def test_a_mistake_in_a_tariff_is_told_at_its_own_line_used_or_not(
    tmp_path: Path, old: str, new: str, problem: str, used: bool
) -> None:
    parks = {"p": OWN} if used else {}
    told = problems(directory(tmp_path, tariffs=TARIFF.replace(old, new), **parks))
    assert [line for line in told if line.startswith(problem)]
    assert all("is missing" in line for line in told if not line.startswith(problem))


def test_a_mistake_in_a_tariff_is_told_once_however_many_parks_inherit_it(tmp_path: Path) -> None:
    lines = [f"- {{park_id: p{n}, effective_from: 2026-11-02, cadence: weekly_msk, tariff: gold}}" for n in range(50)]
    where = directory(tmp_path, tariffs=TARIFF.replace("scope: park", "scope: prak"), p="\n".join(lines))
    assert problems(where) == [
        "tariffs.yaml:4: gold.charge.scope: 'prak' is not known here; did you mean 'park'?",
    ]


def test_equal_mistakes_of_one_line_are_all_told(tmp_path: Path) -> None:
    tariffs = TARIFF.replace("park_min: 1, park_max: 100", "park_min: -1, park_max: -1")
    assert problems(directory(tmp_path, tariffs=tariffs, p=OWN)) == [
        "tariffs.yaml:5: gold.limits.park_max: must be at least 0, not -1",
        "tariffs.yaml:5: gold.limits.park_min: must be at least 0, not -1",
    ]


def test_a_mistake_behind_an_anchor_is_told_once(tmp_path: Path) -> None:
    told = problems(directory(tmp_path, tariffs="a: {<<: &x {currency: EURO}}\nb: *x\n"))
    assert told == [
        "tariffs.yaml:1: a.currency: 'EURO' is not an ISO 4217 currency code such as RUB; did you mean 'EUR'?"
    ]


def test_what_only_shows_with_a_park_is_told_once_and_counted(tmp_path: Path) -> None:
    tariffs = TARIFF + "  cadence: wekly_msk\n"
    lines = [f"- {{park_id: p{n}, effective_from: 2026-11-02, tariff: gold}}" for n in range(5)]
    assert problems(directory(tmp_path, tariffs=tariffs, p="\n".join(lines))) == [
        "tariffs.yaml:6: park p0 cadence: there is no cadence 'wekly_msk' in cadences.yaml; "
        "did you mean 'weekly_msk'? (and so for 4 more)"
    ]


def test_a_warning_in_a_tariff_is_told_once(tmp_path: Path) -> None:
    lines = [f"- {{park_id: p{n}, effective_from: 2026-11-02, cadence: weekly_msk, tariff: gold}}" for n in range(5)]
    where = directory(tmp_path, tariffs=TARIFF.replace("park_min: 1,", "device_max: 1,"), p="\n".join(lines))
    assert warnings(where) == [
        "tariffs.yaml:5: gold.limits.device_max: has no effect: with scope park the charge is taken once for the whole "
        "park"
    ]


def test_an_unknown_key_set_to_null_is_told_all_the_same(tmp_path: Path) -> None:
    told = problems(directory(tmp_path, tariffs=TARIFF, p=OWN + "limts: null\n"))
    assert told == ["parks/p.yaml:5: park park-1 limts: unknown key; did you mean 'limits'?"]


def test_an_unknown_tariff_is_told_alone_not_with_all_that_it_would_have_given(tmp_path: Path) -> None:
    where = directory(tmp_path, tariffs=TARIFF, p=OWN.replace("tariff: gold", "tariff: glod"))
    assert problems(where) == [
        "parks/p.yaml:4: park park-1 tariff: there is no tariff 'glod' in tariffs.yaml; did you mean 'gold'?"
    ]


@pytest.mark.parametrize("tariffs", ["gold: {", "- gold"])
def test_tariffs_that_cannot_be_read_are_told_alone(tmp_path: Path, tariffs: str) -> None:
    [only] = problems(directory(tmp_path, tariffs=tariffs, p=OWN))
    assert only.startswith("tariffs.yaml:")


def test_a_tariff_that_is_no_mapping_is_told(tmp_path: Path) -> None:
    told = problems(directory(tmp_path, tariffs="gold: 5\nsilver:\n"))
    assert told == ["tariffs.yaml:1: gold: must be a mapping with the keys of a park config"]
