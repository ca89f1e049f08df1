"""The commands that a page of the runbook gives, as an operator types them."""

import re
import shlex
import textwrap
from collections.abc import Mapping
from pathlib import Path

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook"
_BLOCK = re.compile(r"^[ ]*```sh\n(.*?)^[ ]*```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, words: Mapping[str, str]) -> list[list[list[str]]]:
    """The page's blocks of commands: each a list of what follows `signalq-billing`, with the page's example words
    replaced by `words`. Every one of `words` has to stand on the page."""
    text = (RUNBOOK / f"{page}.md").read_text()
    assert [word for word in words if word not in text] == []
    found = [textwrap.dedent(block).strip().splitlines() for block in _BLOCK.findall(text)]
    return [[_typed(line, words) for line in lines] for lines in found]


def _typed(line: str, words: Mapping[str, str]) -> list[str]:
    command, *typed = shlex.split(line, comments=True)
    assert command == "signalq-billing", line
    return [words.get(word, word) for word in typed]
