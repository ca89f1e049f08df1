"""docs/domain.md: its numbers are those of the domain, it knows every reason, and its code runs as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from signalq_billing.domain import compute
from signalq_billing.domain.charge import (
    CHARGE_MODELS,
    ChargeModel,
    Flat,
    Graduated,
    Package,
    Standard,
    Tier,
    Volume,
    charge_steps,
)
from signalq_billing.domain.config import Scope
from signalq_billing.domain.readable import number_text
from signalq_billing.domain.units import UNITS
from tests.unit.adapters.config_files.writing import directory
from tests.unit.domain.builders import config, device, period

D = Decimal
REPO = Path(__file__).parents[3]
DOC = (REPO / "docs" / "domain.md").read_text()
TIERS = (Tier(D(5), D(10)), Tier(None, D("12.50"), D(3)))
FILES = dict(re.findall(r"^`(\S+\.\w+)`\n\n```\w+\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL))


def test_the_examples_of_the_charge_models_are_right() -> None:
    assert "3 days at 10.25: 30.75" in DOC
    assert Standard(D("10.25")).price(Fraction(3)) == Fraction("30.75")
    assert "6 days cost 200" in DOC
    assert Package(D(3), D(100), D(2)).price(Fraction(6)) == 200
    assert "= 78" in DOC
    assert Graduated(TIERS).price(Fraction(7)) == 78
    assert "= 90.50" in DOC
    assert Volume(TIERS).price(Fraction(7)) == Fraction("90.5")


def test_the_example_of_the_rounding_is_right() -> None:
    terms = config(Flat(D(10)), unit=None, scope=Scope.PARK)
    payout = compute.compute_payout(terms, period(), [device(name, days=1) for name in "abc"])
    assert "3.34, 3.33 and 3.33" in DOC
    assert [str(line.amount) for line in payout.lines] == ["3.34", "3.33", "3.33"]


def test_the_example_of_less_for_more_is_right() -> None:
    volume = Volume((Tier(D(5), D(10)), Tier(None, D(8))))
    assert "five days pay 50 and six pay 48" in " ".join(DOC.split())
    assert [volume.price(Fraction(days)) for days in (5, 6)] == [50, 48]


def test_the_steps_are_those_that_explain_shows() -> None:
    shown = re.findall(r"^    (\S.*?) {2,}(\d[\d.]*)$", section("The arithmetic that `explain` shows"), re.MULTILINE)
    priced: list[tuple[ChargeModel, int]] = [
        (Standard(D("10.25")), 3),
        (Package(D(3), D(100), D(2)), 6),
        (Graduated(TIERS), 7),
        (Volume(TIERS), 7),
        (Flat(D(99)), 1),
    ]
    steps = [step for model, quantity in priced for step in charge_steps(model, Fraction(quantity))]
    assert shown == [(step.text, number_text(step.amount)) for step in steps]


def test_every_reason_model_and_unit_is_explained() -> None:
    reasons = {value for name, value in vars(compute).items() if name.isupper() and isinstance(value, str)}
    explained = set(re.findall(r"^\| `(\w+)` \|", DOC, re.MULTILINE))
    assert reasons | set(CHARGE_MODELS.built_ins) | set(UNITS.built_ins) <= explained


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repo's code with the example's files in it, and nothing else done to it."""
    where = tmp_path_factory.mktemp("repo")
    for part in ("signalq_billing", "tests/unit/domain/builders.py"):
        source, target = REPO / part, where / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    ours = [path for path in FILES if path.startswith(("signalq_billing/", "tests/"))]
    assert len(ours) == 3
    for path in ours:
        (where / path).write_text(FILES[path])
    return where


def test_a_model_and_a_unit_in_this_repo_are_one_file_each_and_one_test(repo: Path) -> None:
    done = run(repo, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/domain/test_stepped.py", where=repo)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    listed = run(repo, "-c", "import signalq_billing.domain.charge as c; print(c.__file__, list(c.CHARGE_MODELS))")
    assert str(repo) in listed.stdout
    assert "'stepped'" in listed.stdout


def test_the_examples_in_this_repo_keep_its_style(repo: Path) -> None:
    shutil.copy(REPO / "pyproject.toml", repo)
    ours = [path for path in FILES if path.startswith(("signalq_billing/", "tests/"))]
    for command in (["check"], ["format", "--check"]):
        done = run(repo, "-m", "ruff", *command, *ours, where=repo)
        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has installed the example's own package to."""
    where = tmp_path_factory.mktemp("package")
    for path in ("pyproject.toml", "signalq_seasons.py"):
        (where / path).write_text(FILES[path])
    installing = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    done = run(where, *installing, "--no-build-isolation", "--target", str(where / "site"), str(where))
    assert done.returncode == 0, done.stderr
    return where / "site"


def check(site: Path, where: Path, park: str) -> str:
    configs = directory(where, p=park)
    done = run(site, "-m", "signalq_billing.cli.main", "config", "check", str(configs), "--offline", where=REPO)
    return done.stdout + done.stderr


def test_a_package_of_ones_own_is_checked_as_shown(site: Path, tmp_path: Path) -> None:
    shown = shown_outputs()
    assert len(shown) == 3
    park = FILES["parks/p.yaml"]
    wrong = park.replace("bonus: 100", "bonus: lots").replace("bonus_from", "bonus_form")
    assert wrong.count("lots") == wrong.count("bonus_form") == 1
    nothing = tmp_path / "nothing"
    assert [check(site, tmp_path, park), check(site, tmp_path, wrong), check(nothing, tmp_path, park)] == shown


def test_a_package_of_ones_own_is_paid_by_and_named(site: Path) -> None:
    done = run(
        site,
        "-c",
        "from decimal import Decimal\n"
        "from signalq_billing.domain.charge import CHARGE_MODELS, charge_steps\n"
        "from signalq_billing.domain.compute import compute_payout\n"
        "from signalq_billing.domain.provenance import computed_with\n"
        "from signalq_billing.domain.units import counted_text\n"
        "from tests.unit.domain.builders import config, device, period\n"
        "topped = CHARGE_MODELS['topped'](Decimal('12.50'), Decimal(100), 8)\n"
        "terms = config(topped, unit='weekend_hour')\n"
        "payout = compute_payout(terms, period(), [device(days=7, seconds=4 * 3600)])\n"
        "units = payout.lines[0].units\n"
        "print(payout.total, counted_text('weekend_hour', units), charge_steps(topped, units)[0].text)\n"
        "print(computed_with(terms))\n",
        where=REPO,
    )
    assert done.stdout.splitlines() == [
        "200.00 8 weekend hours 8 units, priced by Topped",
        "('signalq-seasons 1.2',)",
    ], done.stderr


def section(title: str) -> str:
    return DOC.split(f"## {title}\n")[1].split("\n## ")[0]


def shown_outputs() -> list[str]:
    """The indented blocks of the last section, without the command that is shown before its output."""
    prose = re.sub(r"^```.*?^```", "", section("In a package of your own"), flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"(?:^    .*\n)+", prose, re.MULTILINE)
    lines = [[line[4:] for line in block.splitlines() if not line.startswith("    $ ")] for block in blocks]
    return ["\n".join(each) + "\n" for each in lines]


def run(path: Path, *arguments: str, where: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path), "NO_COLOR": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=environment, cwd=where or path, capture_output=True, text=True, timeout=120, check=False
    )
