"""YPath: where a command points. `<attributes>//path{columns}[ranges]` taken apart, and the tokens of a path."""

import re
from dataclasses import dataclass, field

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.yson import Yson

_SPECIAL = "/@&[{*"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A path of one object: its root (`/` or `#id`), the names below it, and the attribute path after `/@`, if any."""

    root: str
    names: tuple[str, ...]
    attribute: tuple[str, ...] | None = None
    suppress_links: bool = False
    asterisk: bool = False


@dataclass(slots=True)
class RichPath:
    """A path with its attributes (append, columns, ranges, schema, ...), from whichever notation they came."""

    path: str
    attributes: dict[str, Yson] = field(default_factory=dict)

    def as_yson(self) -> Yson:
        return yson.with_attributes(self.path, self.attributes)


def parse(value: Yson) -> RichPath:
    """A path parameter, be it a plain string, a string with YSON attributes, or the textual rich form."""
    attributes = yson.attributes_of(value)
    text = value.decode() if isinstance(value, bytes) else str(value)
    if text.startswith("<"):
        inner, text = _leading_attributes(text)
        attributes = {**inner, **attributes}
    path, tail = _split_tail(text.strip())
    if tail:
        attributes = {**_parse_tail(tail), **attributes}
    return RichPath(path, attributes)


def tokenize(path: str) -> Tokens:
    """Raises ClusterError for what is no path."""
    if not path or path[0] not in "/#":
        raise ClusterError(f"Path {path!r} does not start with a valid root-designator")
    pieces = _pieces(path[1:] if path.startswith("//") or path == "/" else path)
    root = "/" if path.startswith("/") else pieces.pop(0)
    pieces = [piece for piece in pieces if piece != "/"] if path == "/" else pieces
    return _assemble(path, root, pieces)


def escape(name: str) -> str:
    return re.sub(r"([\\/@&\[{*])", r"\\\1", name)


def _assemble(path: str, root: str, pieces: list[str]) -> Tokens:
    names: list[str] = []
    suppress = False
    for position, piece in enumerate(pieces):
        if piece == "&":
            suppress = True
        elif piece.startswith("/@"):
            rest = [text.removeprefix("/") for text in pieces[position + 1 :]]
            first = _unescape(piece[2:])
            return Tokens(root, tuple(names), (first, *map(_unescape, rest)) if first else (), suppress)
        elif piece == "/*":
            return Tokens(root, tuple(names), None, suppress, asterisk=True)
        elif piece == "/":
            raise ClusterError(f"Unexpected empty token in path {path!r}")
        else:
            names.append(_unescape(piece.removeprefix("/")))
    return Tokens(root, tuple(names), None, suppress)


def _pieces(text: str) -> list[str]:
    """`/a/b\\/c/@d` -> ["/a", "/b\\/c", "/@d"]; `#id/a` -> ["#id", "/a"]."""
    found: list[str] = []
    current = ""
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and position + 1 < len(text):
            current += text[position : position + 2]
            position += 2
            continue
        if char == "/" or (char == "&" and position + 1 in (len(text), text.find("/", position))):
            if current:
                found.append(current)
            current = char
        else:
            current += char
        position += 1
    return [*found, current] if current else found


def _unescape(text: str) -> str:
    raw = re.sub(
        rb"\\(x[0-9a-fA-F]{2}|.)",
        lambda match: bytes([int(match[1][1:], 16)]) if len(match[1]) == 3 else match[1],
        text.encode(),
        flags=re.DOTALL,
    )
    return raw.decode("utf-8", "surrogateescape")


def _leading_attributes(text: str) -> tuple[dict[str, Yson], str]:
    """YSON may hold `>` inside strings: the shortest prefix that parses is the attributes."""
    position = text.find(">")
    while position != -1:
        try:
            return yson.attributes_of(yson.loads(text[: position + 1].encode() + b"#")), text[position + 1 :].strip()
        except Exception:
            position = text.find(">", position + 1)
    raise ClusterError(f"Error parsing attributes of path {text!r}")


def _split_tail(text: str) -> tuple[str, str]:
    position = 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] in "[{":
            return text[:position], text[position:]
        position += 1
    return text, ""


def _parse_tail(tail: str) -> dict[str, Yson]:
    attributes: dict[str, Yson] = {}
    if tail.startswith("{"):
        end = tail.index("}")
        attributes["columns"] = [_plain(name) for name in tail[1:end].split(",") if name.strip()]
        tail = tail[end + 1 :].strip()
    if tail.startswith("[") and tail.endswith("]"):
        attributes["ranges"] = [_range(part.strip()) for part in _outer_commas(tail[1:-1])]
    elif tail:
        raise ClusterError(f"Error parsing ranges {tail!r}")
    return attributes


def _range(text: str) -> dict[str, Yson]:
    if ":" not in text:
        return {"exact": _limit(text)} if text else {}
    lower, upper = text.split(":", 1)
    result: dict[str, Yson] = {}
    if lower.strip():
        result["lower_limit"] = _limit(lower.strip())
    if upper.strip():
        result["upper_limit"] = _limit(upper.strip())
    return result


def _limit(text: str) -> dict[str, Yson]:
    if text.startswith("#"):
        return {"row_index": int(text[1:])}
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    return {"key": [yson.loads(part.strip().encode()) for part in _outer_commas(inner) if part.strip()]}


def _plain(name: str) -> str:
    name = name.strip()
    return str(yson.loads(name.encode())) if name.startswith('"') else name


def _outer_commas(text: str) -> list[str]:
    parts, depth, quoted, current = [], 0, False, ""
    for char in text:
        if char == '"':
            quoted = not quoted
        depth += 0 if quoted else (char == "(") - (char == ")")
        if char == "," and not depth and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]
