"""YAML files as trees that keep what people need told: file, line, and every value's literal text.

Nothing is converted: `10.00` stays those characters, `on` and `007` stay strings, and no float ever exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import yaml
from yaml import CSafeLoader

from signalq_billing.adapters.config_files.report import Report
from signalq_billing.domain.config_rules import Place

_TAGS = "tag:yaml.org,2002:"
_SCALARS = {f"{_TAGS}{name}" for name in ("null", "bool", "int", "float", "str", "timestamp", "value", "merge")}
_DEEPEST = 100
_BRACKETS = re.compile(r"[\[\]{}]")
_NESTED_BLOCKS = re.compile(rf"^(?:[ ]*[-?:][ ]){{{_DEEPEST}}}|^[ ]{{{_DEEPEST}}}", re.MULTILINE)
_REMEDIES = (
    ("tab character", "indent with spaces, never with tabs"),
    ("mapping values are not allowed", "quote a value that has `: ` in it, and indent this line like the one above it"),
    ("flow sequence", "close the `[` with a `]`"),
    ("flow mapping", "close the `{` with a `}`"),
    ("quoted scalar", "close the quote"),
    ("cannot start any token", "quote the value: it begins with a character that means something else to YAML"),
    ("expected a single document", "take the line `---` out, a file is one document"),
    (
        "undefined alias",
        "a value that begins with `*` refers to an `&anchor` above it; quote it if it is meant as it is",
    ),
    ("flow node", "close the `[` or `{` that is open here"),
    ("expected key", "indent the keys of one config alike, and let nothing follow a quoted value"),
    ("block collection", "indent the keys of one config alike, and begin each item of the list with `- `"),
    ("could not find expected ':'", "write a `:` and a space after the key"),
)
_NULL, _MERGE = f"{_TAGS}null", f"{_TAGS}merge"


@dataclass(slots=True)
class Scalar:
    """A single value as written, without its quotes."""

    at: Place
    text: str
    is_null: bool
    quoted: bool


@dataclass(slots=True)
class Listing:
    """A list."""

    at: Place
    items: list[Tree]


@dataclass(slots=True)
class Keyed:
    """A mapping; `key_places` tells where each key stands, `repeated` which keys stand there once more."""

    at: Place
    values: dict[str, Tree] = field(default_factory=dict)
    key_places: dict[str, Place] = field(default_factory=dict)
    repeated: tuple[tuple[str, Place], ...] = ()


Tree = Scalar | Listing | Keyed


def is_null(tree: Tree | None) -> bool:
    """Absent, or an explicit null: configs mean the same by both."""
    return tree is None or (isinstance(tree, Scalar) and tree.is_null)


def read_tree(path: Path, name: str, report: Report) -> tuple[Tree | None, bool]:
    """The file's content, None if it is empty, and whether it could be read. Problems call the file by `name`.

    What is wrong with it as YAML goes to `report`: syntax, encoding, tags of other languages.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if _deep(text):
            report.problem(Place(name, 0), "", f"is nested more than {_DEEPEST} deep")
            return None, False
        node = yaml.compose(text, Loader=CSafeLoader)
        if node is None or node.tag == _NULL:
            return None, True
        return _Grower(name, report).grow(node), True
    except OSError as error:
        report.problem(Place(name, 0), "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        report.problem(Place(name, line), "", "is not UTF-8 text; save the file as UTF-8")
    except yaml.MarkedYAMLError as error:
        report.problem(Place(name, _line(error)), "", f"is not YAML: {_what(error)}")
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        report.problem(Place(name, line), "", f"is not YAML: {error.reason} at character {error.position}")
    return None, False


def _deep(text: str) -> bool:
    """Whether the text nests so deeply that composing it would overflow libyaml's stack, which ends the process.

    Exact, but only for texts that look like it: listening to every event takes as long as composing.
    """
    openings = (1 if mark in "[{" else -1 for mark in _BRACKETS.findall(text))
    if max(accumulate(openings), default=0) <= _DEEPEST and not _NESTED_BLOCKS.search(text):
        return False
    depth = 0
    for event in yaml.parse(text, Loader=CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def _line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 0


def _what(error: yaml.MarkedYAMLError) -> str:
    """The parser's words, where it began to look, and what is most often the reason."""
    told = ", ".join(str(part) for part in (error.context, error.problem) if part)
    began = error.context_mark.line + 1 if error.context_mark else 0
    if error.problem_mark and began not in {0, error.problem_mark.line + 1}:
        told += f", begun on line {began}"
    remedy = next((remedy for sign, remedy in _REMEDIES if sign in told), None)
    return f"{told}; {remedy}" if remedy else told


class _Grower:
    """Turns composed nodes into trees; a node that anchors share becomes one shared tree."""

    def __init__(self, file: str, report: Report) -> None:
        self.file = file
        self.report = report
        self.grown: dict[int, Tree | None] = {}

    def grow(self, node: yaml.Node) -> Tree:
        if id(node) not in self.grown:
            self.grown[id(node)] = None  # until it is grown whole: meeting it meanwhile means it contains itself
            self.grown[id(node)] = self._grow(node)
        grown = self.grown[id(node)]
        if grown is None:
            self.report.problem(self._place(node), "", "contains itself, through an anchor")
            return Scalar(self._place(node), "", is_null=True, quoted=False)
        return grown

    def _grow(self, node: yaml.Node) -> Tree:
        place = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._keyed(node)
        if isinstance(node, yaml.SequenceNode):
            return Listing(place, [self.grow(item) for item in node.value])
        if node.tag not in _SCALARS:
            self.report.problem(place, "", f"the tag {node.tag!r} means nothing here; write the plain value")
        plain = isinstance(node, yaml.ScalarNode) and node.style in {None, ""}
        return Scalar(place, node.value, is_null=node.tag == _NULL, quoted=not plain)

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1)

    def _keyed(self, node: yaml.MappingNode) -> Keyed:
        keyed, merged = Keyed(self._place(node)), Keyed(self._place(node))
        for key, value in node.value:
            if key.tag == _MERGE:
                self._merge(merged, value)
            elif not isinstance(key, yaml.ScalarNode):
                self.report.problem(self._place(key), "", "a key must be plain text")
            elif key.value in keyed.values:
                keyed.repeated += ((key.value, self._place(key)),)
            else:
                keyed.values[key.value] = self.grow(value)
                keyed.key_places[key.value] = self._place(key)
        keyed.values = merged.values | keyed.values
        keyed.key_places = merged.key_places | keyed.key_places
        return keyed

    def _merge(self, into: Keyed, node: yaml.Node) -> None:
        """`<<`: keys of an anchored mapping, or of several, of which the first to have a key wins."""
        tree = self.grow(node)
        for source in tree.items if isinstance(tree, Listing) else [tree]:
            if not isinstance(source, Keyed):
                self.report.problem(source.at, "<<", "must name a mapping, such as *an_anchor")
                continue
            into.values = source.values | into.values
            into.key_places = source.key_places | into.key_places
