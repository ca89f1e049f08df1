"""Numbers for people: exact where a few digits can be, marked where they cannot."""

from decimal import Decimal
from fractions import Fraction

_PLACES = 6


def number_text(number: Fraction | Decimal) -> str:
    """The shortest exact notation; for what does not end within six places `≈` and six places."""
    if isinstance(number, Decimal):
        return _shortest(format(number, "f"))
    scaled = abs(number) * 10**_PLACES
    whole, rest = divmod(round(scaled), 10**_PLACES)
    text = f"{'-' if number < 0 else ''}{whole}.{rest:0{_PLACES}}"
    return _shortest(text) if scaled.denominator == 1 else f"≈ {text}"


def price_text(amount: Decimal) -> str:
    """An exact price, however it was written: `10`, `12.50`, `0.335`."""
    text = number_text(amount)
    return text + "0" if "." in text and len(text.split(".")[1]) == 1 else text


def quantity_text(quantity: Fraction, one: str, many: str) -> str:
    """`1 day`, `2.5 days`."""
    return f"{number_text(quantity)} {one if quantity == 1 else many}"


def plural(count: int, noun: str) -> str:
    """`1 day`, `2 days`: a whole number of something."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def name_text(name: str) -> str:
    """An id or a status as it is; in quotes, with escapes, where white space at its edges, control characters or
    backslashes would mislead the eye."""
    plain = name and name == name.strip() and name.isprintable() and not set(name) & set('\\"')
    return name if plain else '"' + "".join(map(_escaped, name)) + '"'


def _escaped(char: str) -> str:
    if char in '\\"':
        return f"\\{char}"
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def _shortest(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
