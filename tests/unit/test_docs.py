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
RUNBOOK = ROOT / "docs" / "runbook"
NO_PAGE_OF_THEIR_OWN = {"SignalqBillingError", "Refused", "ConfigProblem"}
PARTS = ["Means", "Check", "Do", "Worked when"]


def test_every_error_has_a_page_in_the_runbook() -> None:
    named = {
        name for name, each in vars(errors).items() if inspect.isclass(each) and each.__module__ == errors.__name__
    }
    assert [name for name in sorted(named - NO_PAGE_OF_THEIR_OWN) if not _page(_dashed(name)).exists()] == []


def test_every_kind_of_alert_has_a_page_in_the_runbook() -> None:
    alert = pytest.importorskip("signalq_billing.domain.alert")
    assert [kind.value for kind in alert.AlertKind if not _page(kind.value.replace("_", "-")).exists()] == []


def test_the_index_of_the_runbook_names_every_page_once_and_no_other() -> None:
    linked = re.findall(r"\]\(runbook/([^)]+)\)", (ROOT / "docs" / "runbook.md").read_text())
    assert sorted(linked) == sorted(page.name for page in RUNBOOK.glob("*.md"))


@pytest.mark.parametrize("page", sorted(RUNBOOK.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_of_the_runbook_says_what_it_means_what_to_look_at_what_to_do_and_when_it_worked(page: Path) -> None:
    text = page.read_text()
    assert re.match(r"# \S", text)
    assert [part for part in re.findall(r"^\*\*([^*]+)\*\*", text, re.MULTILINE) if part in PARTS] == PARTS


def _page(name: str) -> Path:
    return RUNBOOK / f"{name}.md"


def _dashed(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()


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
