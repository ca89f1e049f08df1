"""As much of ClickHouse's SQL as is needed to stand between CHYT and chdb: tokens, what a statement does, the tables
it names, and the settings it carries. The query itself is left to ClickHouse's own parser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from signalq_billing.devstack.ytsaurus import ypath
from signalq_billing.devstack.ytsaurus.errors import ClusterError, clickhouse_error
from signalq_billing.devstack.ytsaurus.ypath import RichPath

_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|\#[! ][^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?P<quoted>`(?:[^`\\]|\\.|``)*`|\"(?:[^\"\\]|\\.|\"\")*\")"
    r"|(?P<number>\d[\w.]*(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<symbol>.)",
    re.DOTALL,
)

_UNSUPPORTED = {
    "ALTER", "ATTACH", "BACKUP", "CHECK", "COPY", "DELETE", "DETACH", "EXCHANGE", "EXECUTE", "GRANT", "KILL", "MOVE",
    "OPTIMIZE", "RENAME", "REPLACE", "RESTORE", "REVOKE", "SET", "SYSTEM", "TRUNCATE", "UNDROP", "UPDATE", "USE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query. Joining the texts of all gives the query back."""

    kind: str
    text: str

    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""

    def name(self) -> str:
        """What a quoted identifier or a string says."""
        if self.kind not in ("quoted", "string"):
            return self.text
        quote = self.text[0]
        inner = self.text[1:-1].replace(quote * 2, quote)
        return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)

    @property
    def path(self) -> RichPath | None:
        """The YT table a quoted identifier names, if it is one."""
        if self.kind != "quoted" or not self.name().startswith(("//", "<")):
            return None
        return ypath.parse(self.name())


@dataclass(slots=True)
class Statement:
    """What a query asks for. `action` is select, create, insert, exists or drop; `select` is for ClickHouse, and so are
    `settings`, while `clique_settings` are those of CHYT itself."""

    action: str
    select: list[Token] = field(default_factory=list)
    target: RichPath | None = None
    columns: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    lenient: bool = False
    values: bool = False
    attributes: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    clique_settings: dict[str, str] = field(default_factory=dict)


def tokens(query: str) -> list[Token]:
    return [Token(_kind(match), match[0]) for match in _TOKEN.finditer(query)]


def _kind(match: re.Match[str]) -> str:
    return next(kind for kind in ("space", "string", "quoted", "number", "word", "symbol") if match[kind] is not None)


def text(parts: Sequence[Token]) -> str:
    return "".join(part.text for part in parts)


def quote(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def parse(query: str) -> Statement:
    """Raises ClusterError for statements this cluster has nothing for."""
    parts, settings = _without_settings(_one_statement(tokens(query)))
    reader = _Reader(parts)
    statement = _statement(reader)
    for name, value in settings.items():
        own = name.startswith("chyt.")
        (statement.clique_settings if own else statement.settings)[name] = value
    return statement


def _statement(reader: "_Reader") -> Statement:
    first = reader.peek().word()
    if reader.peek().kind == "end":
        raise clickhouse_error(62, "Syntax error: Empty query. (SYNTAX_ERROR)")
    if first in ("SELECT", "WITH", "DESCRIBE", "DESC", "EXPLAIN", "SHOW", "FROM", ""):
        return Statement("select", _without_format(reader.rest()))
    if first == "CREATE":
        return _create(reader)
    if first == "INSERT":
        return _insert(reader)
    if first in ("EXISTS", "DROP"):
        reader.expect(first)
        reader.accept("TABLE")
        lenient = reader.accept("IF", "EXISTS")
        return Statement(first.lower(), target=reader.path(), lenient=lenient)
    if first in _UNSUPPORTED:
        raise clickhouse_error(48, f"{first} is not supported by this cluster. (NOT_IMPLEMENTED)")
    return Statement("select", reader.rest())  # a typo, most likely: ClickHouse tells best what is wrong


def _create(reader: "_Reader") -> Statement:
    reader.expect("CREATE")
    reader.expect("TABLE")
    statement = Statement("create", lenient=reader.accept("IF", "NOT", "EXISTS"))
    statement.target = reader.path()
    if reader.peek().text == "(":
        raise ClusterError("CREATE TABLE with a list of columns is not supported by this cluster: use AS SELECT")
    reader.expect("ENGINE")
    if reader.peek().text == "=":
        reader.take()
    if reader.take().word() != "YTTABLE":
        raise ClusterError("Only ENGINE = YtTable() is supported")
    if reader.peek().text == "(":
        statement.attributes = "".join(part.name() for part in reader.parenthesised())
    if reader.accept("ORDER", "BY"):
        inner = reader.parenthesised() if reader.peek().text == "(" else [reader.take()]
        statement.key = [part.name() for part in inner if part.kind in ("word", "quoted")]
    reader.expect("AS")
    statement.select = _without_format(reader.rest())
    return statement


def _insert(reader: "_Reader") -> Statement:
    reader.expect("INSERT")
    reader.expect("INTO")
    reader.accept("TABLE")
    statement = Statement("insert", target=reader.path())
    if reader.peek().text == "(" and reader.peek(1).word() not in ("SELECT", "WITH"):
        statement.columns = [part.name() for part in reader.parenthesised() if part.kind in ("word", "quoted")]
    if reader.accept("VALUES"):
        statement.values = True
    statement.select = _without_format(reader.rest())
    return statement


class _Reader:
    """Reads tokens one by one, blind to blanks and comments; `rest` gives everything, blanks included."""

    def __init__(self, parts: Sequence[Token]) -> None:
        self._parts = list(parts)
        self._position = 0

    def peek(self, ahead: int = 0) -> Token:
        seen = [part for part in self._parts[self._position :] if part.kind != "space"]
        return seen[ahead] if ahead < len(seen) else Token("end", "")

    def take(self) -> Token:
        while self._position < len(self._parts):
            part = self._parts[self._position]
            self._position += 1
            if part.kind != "space":
                return part
        return Token("end", "")

    def accept(self, *words: str) -> bool:
        if all(self.peek(number).word() == word for number, word in enumerate(words)):
            for _ in words:
                self.take()
            return True
        return False

    def expect(self, word: str) -> None:
        found = self.take()
        if found.word() != word:
            raise clickhouse_error(62, f"Syntax error: expected {word}, found {found.text or 'the end of the query'!r}")

    def path(self) -> RichPath:
        found = self.take()
        if found.path is None:
            raise clickhouse_error(62, f'Syntax error: expected a table like "//path", found {found.text!r}')
        return found.path

    def parenthesised(self) -> list[Token]:
        inner: list[Token] = []
        depth = 0
        while True:
            part = self.take()
            if part.kind == "end":
                raise clickhouse_error(62, "Syntax error: a parenthesis is not closed")
            depth += (part.text == "(") - (part.text == ")")
            if not depth:
                return inner[1:]
            inner.append(part)

    def rest(self) -> list[Token]:
        return self._parts[self._position :]


def _one_statement(parts: list[Token]) -> list[Token]:
    ends = [number for number, part in enumerate(parts) if part.text == ";"]
    if ends and any(part.kind != "space" and part.text != ";" for part in parts[ends[0] :]):
        raise clickhouse_error(62, "Syntax error (Multi-statements are not allowed)")
    return parts[: ends[0]] if ends else parts


def _without_format(parts: list[Token]) -> list[Token]:
    seen = [number for number, part in enumerate(parts) if part.kind != "space"]
    words = [parts[number].word() for number in seen]
    if any(words[at : at + 2] == ["INTO", "OUTFILE"] for at in range(len(words))):
        raise clickhouse_error(497, "INTO OUTFILE is not allowed")
    if len(seen) > 2 and words[-2] == "FORMAT" and words[-1]:
        return parts[: seen[-2]]
    return parts


def _without_settings(parts: list[Token]) -> tuple[list[Token], dict[str, str]]:
    """SETTINGS clauses taken out, wherever they stand: chdb would refuse those of CHYT itself."""
    kept: list[Token] = []
    settings: dict[str, str] = {}
    position = 0
    while position < len(parts):
        if parts[position].word() == "SETTINGS":
            end, found = _settings(parts, position + 1)
            if found:
                settings.update(found)
                kept.append(Token("space", " "))
                position = end
                continue
        kept.append(parts[position])
        position += 1
    return kept, settings


def _settings(parts: list[Token], start: int) -> tuple[int, dict[str, str]]:
    found: dict[str, str] = {}
    position = end = start
    while True:
        name, position = _until_equals(parts, position)
        if not name:
            return end, found
        while position < len(parts) and parts[position].kind == "space":
            position += 1
        value = ""
        while position < len(parts) and parts[position].kind != "space" and parts[position].text not in (",", ")"):
            value += parts[position].text
            position += 1
        found[name] = value
        end = position
        while position < len(parts) and parts[position].kind == "space":
            position += 1
        if position >= len(parts) or parts[position].text != ",":
            return end, found
        position += 1


def _until_equals(parts: list[Token], position: int) -> tuple[str, int]:
    """A setting's name, dots and all, and where its value begins; no name if there is none."""
    name = ""
    while position < len(parts):
        part = parts[position]
        position += 1
        expects_name = not name or name.endswith(".")
        if part.kind == "space":
            continue
        if part.text == "=" and not expects_name:
            return name, position
        if part.kind in ("word", "quoted") and expects_name:
            name += part.name()
        elif part.text == "." and not expects_name:
            name += "."
        else:
            return "", position
    return "", position


def next_symbol(parts: Sequence[Token], position: int) -> str:
    return next((part.text for part in parts[position:] if part.kind != "space"), "")


def call(parts: Sequence[Token], position: int) -> tuple[int, list[Token]]:
    """The arguments of the call whose parenthesis opens next, and where it ends."""
    depth, inner = 0, []
    for at in range(position, len(parts)):
        part = parts[at]
        depth += (part.text == "(") - (part.text == ")")
        inner.append(part)
        if part.text == ")" and not depth:
            return at + 1, inner
    raise clickhouse_error(62, "Syntax error: a parenthesis is not closed")
