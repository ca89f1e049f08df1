"""Documents that operators rely on name what is there."""

import inspect
import re
import shutil
from pathlib import Path

import pytest

from signalq_billing import errors
from signalq_billing.adapters.config_files import load
from signalq_billing.devstack.sample.configs import DIRECTORY as SAMPLE

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
NO_PAGE_OF_THEIR_OWN = {"SignalqBillingError", "Refused", "ConfigProblem"}


def test_the_runbook_has_a_word_on_every_error() -> None:
    named = {
        name for name, each in vars(errors).items() if inspect.isclass(each) and each.__module__ == errors.__name__
    }
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    assert {name for name in named - NO_PAGE_OF_THEIR_OWN if name not in runbook} == set()


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"SignalqBillingError"}
    there = {name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, Exception)}
    assert drawn == there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_park_that_the_readme_adds_passes_the_check(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "config")
    (block,) = re.findall(r"```yaml\n(- park_id:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "config" / "parks" / "new.yaml").write_text(block)
    added = [config for config in load(tmp_path / "config").park_configs if config.park_id == "park-7f3a"]
    assert [config.version for config in added] == ["2026-11-02"]
