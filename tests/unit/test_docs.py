"""Documents that operators rely on name what is there."""

import inspect
import re
from pathlib import Path

import pytest

from signalq_billing import errors

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
