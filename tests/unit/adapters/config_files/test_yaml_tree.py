"""YAML as trees: literal text, exact lines, and files that are not YAML at all."""

from pathlib import Path

import pytest

from signalq_billing.adapters.config_files.report import Report
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Listing, Scalar, Tree, read_tree
from signalq_billing.errors import ConfigInvalid


def tree(tmp_path: Path, content: str | bytes) -> Tree | None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    report = Report()
    found, readable = read_tree(path, "x.yaml", report)
    report.raise_problems()
    assert readable
    return found


def told(tmp_path: Path, content: str | bytes) -> list[str]:
    with pytest.raises(ConfigInvalid) as invalid:
        tree(tmp_path, content)
    return [str(problem) for problem in invalid.value.problems]


@pytest.mark.parametrize(
    "text", ["10.00", "1e3", "007", "on", "yes", "0x10", "1_000", "2026-11-01", "12:30", ".inf", "true", "тест", "="]
)
def test_a_plain_value_keeps_its_literal_text(tmp_path: Path, text: str) -> None:
    found = tree(tmp_path, text)
    assert isinstance(found, Scalar)
    assert (found.text, found.is_null, found.quoted) == (text, False, False)


@pytest.mark.parametrize("text", ["~", "null", "Null", "NULL"])
def test_null_is_null_only_without_quotes(tmp_path: Path, text: str) -> None:
    found = tree(tmp_path, f'[{text}, "{text}"]')
    assert isinstance(found, Listing)
    plain, quoted = found.items
    assert isinstance(plain, Scalar)
    assert isinstance(quoted, Scalar)
    assert plain.is_null
    assert (quoted.is_null, quoted.text) == (False, text)


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    found = tree(tmp_path, "# first\na: 1\nb:\n  c:\n  - x\n  - y\n")
    assert isinstance(found, Keyed)
    inner = found.values["b"]
    assert isinstance(inner, Keyed)
    items = inner.values["c"]
    assert isinstance(items, Listing)
    assert found.values["a"].at == ("x.yaml", 2)
    assert found.key_places["b"] == ("x.yaml", 3)
    assert [item.at.line for item in items.items] == [5, 6]


def test_lines_are_right_behind_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    found = tree(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert isinstance(found, Keyed)
    assert list(found.values) == ["a", "b"]
    assert found.values["b"].at.line == 2


def test_anchors_and_merge_keys_work_and_own_keys_win(tmp_path: Path) -> None:
    found = tree(tmp_path, "- &one {a: 1, b: 1}\n- &two {b: 2, c: 2}\n- <<: [*one, *two]\n  a: 3\n")
    assert isinstance(found, Listing)
    merged = found.items[2]
    assert isinstance(merged, Keyed)
    texts = {key: value.text for key, value in merged.values.items() if isinstance(value, Scalar)}
    assert texts == {"a": "3", "b": "1", "c": "2"}
    assert merged.repeated == ()
    assert (merged.key_places["a"].line, merged.key_places["c"].line) == (4, 2)


def test_a_quoted_merge_key_is_a_key_like_others(tmp_path: Path) -> None:
    found = tree(tmp_path, '"<<": 1')
    assert isinstance(found, Keyed)
    assert list(found.values) == ["<<"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~"])
def test_an_empty_file_is_no_problem(tmp_path: Path, text: str) -> None:
    assert tree(tmp_path, text) is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a: 1\nb: [\n", "x.yaml:3: is not YAML: while parsing a flow node, did not find expected node content"),
        ("a: 1\n\tb: 2\n", "x.yaml:2: is not YAML: "),
        ("a: 1\nb: *missing\n", "x.yaml:2: is not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: is not YAML: expected a single document in the stream"),
        (b"a: 1\nb: \xff\n", "x.yaml:2: is not UTF-8 text; save the file as UTF-8"),
        ("a: 1\nb: \x01\n", "x.yaml:2: is not YAML: control characters are not allowed"),
        ("a: &a\n  b: *a\n", "x.yaml:1: contains itself, through an anchor"),
        ("a: 1\n? [b]\n: 2\n", "x.yaml:2: a key must be plain text"),
        ("a: 1\n<<: 5\n", "x.yaml:2: <<: must name a mapping, such as *an_anchor"),
        ("a: 1\nb: !secret x\n", "x.yaml:2: the tag '!secret' means nothing here; write the plain value"),
        ("[" * 100_000, "x.yaml: is nested more than 100 deep"),
        ("- " * 5_000 + "a", "x.yaml: is nested more than 100 deep"),
        ("\n".join(" " * n + "a:" for n in range(300)), "x.yaml: is nested more than 100 deep"),
    ],
)
def test_what_is_not_plain_yaml_is_told_with_its_line(tmp_path: Path, content: str | bytes, problem: str) -> None:
    [told_problem] = told(tmp_path, content)
    assert told_problem.startswith(problem)


def test_brackets_inside_texts_are_not_nesting(tmp_path: Path) -> None:
    assert isinstance(tree(tmp_path, "\n".join('- "[["' for _ in range(300))), Listing)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    report = Report()
    assert read_tree(tmp_path, "x.yaml", report) == (None, False)
    with pytest.raises(ConfigInvalid, match=r"x\.yaml: cannot be read: Is a directory"):
        report.raise_problems()


def test_many_levels_of_anchors_do_not_explode(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert isinstance(tree(tmp_path, "\n".join(levels)), Keyed)
