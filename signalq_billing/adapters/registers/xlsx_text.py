"""Any text in a cell of XLSX. What XML cannot hold is written as the format itself writes it, `_x0007_` for the
character 7, so that spreadsheets show and keep it; a text that looks so by itself has its first underscore escaped."""

import re

MOST_CHARACTERS = 32_767
_UNWRITABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_WRITTEN = re.compile("_x([0-9A-Fa-f]{4})_")


def escaped(text: str) -> str:
    """`text` as it goes into the file."""
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """The text that `escaped` was given."""
    return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
