"""Payouts against the reference: hundreds of random configs, as files, with random activity, to the last minor unit."""

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.payout import Payout
from tests.unit.adapters.config_files.writing import directory
from tests.unit.domain import reference_pay
from tests.unit.domain.builders import period
from tests.unit.domain.money_strategies import weeks

# Minor digits by ISO 4217, written down from its table: the reference takes nothing from where the package does.
DIGITS = {"RUB": 2, "USD": 2, "HUF": 2, "JPY": 0, "KRW": 0, "UGX": 0, "CLP": 0, "BHD": 3, "TND": 3, "CLF": 4, "UYW": 4}

amounts = st.decimals(0, 2000, places=4).map(str) | st.integers(0, 60).map(str) | st.just("0")
bounding = st.sampled_from(["0", "0.01", "7.77", "25", "60.5", "199.999", "1000", "5000"]) | amounts
units = st.sampled_from(["active_day", "active_hour", "active_device"])


@st.composite
def tiers(draw: st.DrawFn) -> list[dict[str, Any]]:
    ends = sorted(draw(st.sets(st.integers(1, 40).map(Decimal) | st.decimals("0.01", 60, places=2), max_size=3)))
    made = []
    for end in [*map(str, ends), None]:
        tier: dict[str, Any] = {"up_to": end, "unit_amount": draw(amounts)}
        if draw(st.booleans()):
            tier["flat_amount"] = draw(amounts)
        made.append(tier)
    return made


@st.composite
def charges(draw: st.DrawFn) -> dict[str, Any]:
    charge: dict[str, Any] = {"model": draw(st.sampled_from(["standard", "package", "graduated", "volume", "flat"]))}
    match charge["model"]:
        case "standard":
            charge["unit_amount"] = draw(amounts)
        case "package":
            charge |= {
                "package_size": draw(st.sampled_from(["1", "3", "0.25", "7.5"])),
                "package_amount": draw(amounts),
            }
            charge |= draw(st.fixed_dictionaries({}, optional={"free_units": st.sampled_from(["0", "2", "2.5", "40"])}))
        case "flat":
            charge["amount"] = draw(amounts)
        case _:
            charge["tiers"] = draw(tiers())
    if charge["model"] != "flat":
        charge["unit"] = draw(units)
    return charge | draw(st.fixed_dictionaries({}, optional={"scope": st.sampled_from(["device", "park"])}))


@st.composite
def bounds(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for what in ("device", "park"):
        low, high = sorted(draw(st.tuples(bounding, bounding)), key=Decimal)
        made |= {f"{what}_min": low} if draw(st.integers(0, 2)) else {}
        made |= {f"{what}_max": high} if draw(st.integers(0, 2)) else {}
    return made


parks = st.fixed_dictionaries(
    {
        "currency": st.sampled_from(sorted(DIGITS)),
        "activity": st.fixed_dictionaries(
            {"active_statuses": st.just(["online"])},
            optional={"min_active_seconds_per_day": st.sampled_from([1, 3600, 14_400, 90_000])},
        ),
        "charge": charges(),
    },
    optional={
        "eligibility": st.fixed_dictionaries({}, optional={"min_active_days": st.integers(0, 5)}),
        "limits": bounds(),
        "rounding": st.sampled_from(["half_even", "half_up"]),
    },
)
activity = st.dictionaries(st.text(min_size=1, max_size=4), weeks.map(list), max_size=8)
# Cameras of one kind in a cheap park: remainders that tie, totals that end in a half.
alike = st.builds(lambda names, days: dict.fromkeys(names, days), st.sets(st.text("abжz", min_size=1), max_size=9),
                  st.lists(st.sampled_from([0, 3600, 5400]), min_size=7, max_size=7))  # fmt: skip


def read(configs: list[dict[str, Any]]) -> list[ParkConfig]:
    """The configs as the package reads them from a file."""
    named = [
        {"park_id": f"p{index:03}", "effective_from": "2026-01-05", "cadence": "weekly_msk", **config}
        for index, config in enumerate(configs)
    ]
    with tempfile.TemporaryDirectory() as where:
        return list(load(directory(Path(where), p=json.dumps(named))).park_configs)


def shown(payout: Payout) -> dict[str, Any]:
    return {
        "total": format(payout.total, "f"),
        "lines": [
            {
                "device_id": line.device_id,
                "active_seconds": line.active_seconds,
                "active_days": line.active_days,
                "units": line.units,
                "amount": format(line.amount, "f"),
                "paid": line.reason is None,
            }
            for line in payout.lines
        ],
    }


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(parks, activity | alike), min_size=3, max_size=12))
def test_every_payout_is_what_the_contract_says(cases: list[tuple[dict[str, Any], dict[str, list[int]]]]) -> None:
    for (config, days), terms in zip(cases, read([config for config, _ in cases]), strict=True):
        devices = [DeviceActivity(name, tuple(of)) for name, of in days.items()]
        expected = reference_pay.pay(config, days, DIGITS[config["currency"]])
        assert shown(compute_payout(terms, period(), devices)) == expected


def test_the_reference_computes_the_contracts_example() -> None:
    config = {
        "activity": {"active_statuses": ["online"], "min_active_seconds_per_day": 14_400},
        "eligibility": {"min_active_days": 3},
        "charge": {
            "model": "graduated",
            "unit": "active_day",
            "tiers": [
                {"up_to": 5, "unit_amount": "10.00"},
                {"up_to": None, "unit_amount": "12.50", "flat_amount": "3.00"},
            ],
        },
        "limits": {"device_max": "77"},
    }
    days = {"a": [14_400] * 2 + [14_399] * 5, "b": [14_400] * 6 + [0], "c": [20_000] * 7}
    paid = reference_pay.pay(config, days, 2)
    assert [line["amount"] for line in paid["lines"]] == ["0.00", "65.50", "77.00"]
    assert paid["total"] == "142.50"
