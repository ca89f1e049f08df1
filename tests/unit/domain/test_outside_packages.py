"""Charge models and units of packages outside this repo, through the command line in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.adapters.config_files.writing import directory, park
from tests.unit.domain.outside_package import FULL_DAY, MODULE, STEPPED, install

TOLD = f"signalq-extra 1.0 (entry point '{STEPPED}')"


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def check(site: Path, configs: Path) -> subprocess.CompletedProcess[str]:
    return run(site, "-m", "signalq_billing.cli.main", "config", "check", str(configs), "--offline")


OUTSIDE = "{model: stepped, unit: full_day, step: 5, step_amount: 7}"
AT = "  parks/p.yaml:6: park park-1 charge"


def test_config_check_takes_a_model_and_a_unit_of_another_package(tmp_path: Path) -> None:
    site = install(tmp_path / "site", models=STEPPED, units=FULL_DAY)
    checked = check(site, directory(tmp_path, p=park(charge=OUTSIDE)))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "1 added" in checked.stdout


def test_a_tariff_may_hold_the_keys_of_an_outside_model_that_the_parks_name(tmp_path: Path) -> None:
    site = install(tmp_path / "site", models=STEPPED, units=FULL_DAY)
    tariffs = "seasonal: {charge: {unit: full_day, step: 5, step_amount: 7}}\n"
    configs = directory(tmp_path, tariffs=tariffs, p=park(tariff="seasonal", charge="{model: stepped}"))
    checked = check(site, configs)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("charge", "problem"),
    [
        ("{model: stepped, unit: full_day, step: 0, step_amont: 7}", f"{AT}.step: must be above 0, not 0"),
        (
            "{model: stepped, unit: full_day, step: 1, step_amont: 7}",
            f"{AT}.step_amont: unknown key; did you mean 'step_am",
        ),
        (
            "{model: steped, unit: full_day, step: 1, step_amount: 7}",
            f"{AT}.model: 'steped' is not known here; did you mean",
        ),
        (
            "{model: stepped, unit: full_dya, step: 1, step_amount: 7}",
            f"{AT}.unit: 'full_dya' is not known here; did you me",
        ),
    ],
)
def test_config_check_knows_the_keys_of_a_model_of_another_package(tmp_path: Path, charge: str, problem: str) -> None:
    site = install(tmp_path / "site", models=STEPPED, units=FULL_DAY)
    checked = check(site, directory(tmp_path, p=park(charge=charge)))
    assert checked.returncode == 2
    assert problem in checked.stderr


@pytest.mark.parametrize(
    ("package", "charge", "problem"),
    [
        (
            {"models": STEPPED, "units": FULL_DAY, "module": "import no_such_module_anywhere"},
            OUTSIDE,
            f"{AT}.model: the charge model 'stepped' of {TOLD} cannot be imported (ModuleNotFoundError: No module",
        ),
        (
            {"models": STEPPED, "units": FULL_DAY, "module": MODULE.replace("(frozen=True)", "")},
            OUTSIDE,
            f"{AT}.model: what {TOLD} offers as the charge model 'stepped' is not one: it must be a class decorated",
        ),
        (
            {"models": STEPPED, "units": "full_day = signalq_extra:no_day"},
            OUTSIDE,
            f"{AT}.unit: the unit 'full_day' of signalq-extra 1.0 (entry point 'full_day = signalq_extra:no_day')",
        ),
        (
            {"models": "standard = signalq_extra:Stepped"},
            "{model: standard, unit: active_day, unit_amount: 1}",
            f"{AT}.model: the charge model 'standard' is built in, and signalq-extra 1.0 (entry point 'standard = si",
        ),
        (
            {"models": f"{STEPPED}\nstepped = signalq_extra:Other", "units": FULL_DAY},
            OUTSIDE,
            f"{AT}.model: the charge model 'stepped' is offered more than once, by signalq-extra 1.0",
        ),
    ],
)
def test_config_check_tells_what_is_wrong_with_the_package_a_config_names(
    tmp_path: Path, package: dict[str, str], charge: str, problem: str
) -> None:
    site = install(tmp_path / "site", **package)
    checked = check(site, directory(tmp_path, p=park(charge=charge)))
    assert checked.returncode == 2
    assert "Traceback" not in checked.stderr
    assert problem in checked.stderr


def test_a_config_that_does_not_name_a_broken_package_is_checked_as_if_it_were_not_there(tmp_path: Path) -> None:
    site = install(tmp_path / "site", models=STEPPED, units=FULL_DAY, module="import no_such_module_anywhere")
    checked = check(site, directory(tmp_path, p=park()))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_payout_by_built_in_rules_looks_for_no_packages(tmp_path: Path) -> None:
    site = install(tmp_path / "site", models=STEPPED, metadata="")
    done = run(
        site,
        "-c",
        "import sys\n"
        "from tests.unit.domain.builders import config, device, period\n"
        "from signalq_billing.domain.compute import compute_payout\n"
        "from signalq_billing.domain.config_body import from_body, to_body\n"
        "from signalq_billing.domain.provenance import computed_with\n"
        "terms = from_body(to_body(config()))\n"
        "print(compute_payout(terms, period(), [device(days=3)]).total, computed_with(terms))\n"
        "print('importlib.metadata' in sys.modules)\n",
    )
    assert (done.stdout, done.stderr) == ("30.00 ()\nFalse\n", "")
