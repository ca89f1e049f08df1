"""The fields of a charge model: what config files, which know only its dataclass, can be read into."""

import dataclasses
import types
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

PLAIN = (Decimal, int, str, bool)
TAKEN = ("model", "unit", "scope")
_ALLOWED = "Decimal, int, str, bool, one of these or None, or tuple[C, ...] of a frozen dataclass C with such fields"


@cache
def field_types(kind: type) -> dict[str, Any]:
    """The init fields of a dataclass with their resolved types, in order."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in dataclasses.fields(kind) if each.init}


def without_none(hint: Any) -> tuple[Any, bool]:  # noqa: ANN401 - a type annotation
    """X and whether None is allowed, of `X`, `X | None` and `Optional[X]`."""
    if get_origin(hint) not in {types.UnionType, Union}:
        return hint, False
    rest = [each for each in get_args(hint) if each is not types.NoneType]
    return (rest[0], True) if len(rest) == 1 else (hint, False)


def is_frozen_dataclass(kind: object) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def field_problems(kind: type, inside: str = "", seen: frozenset[type] = frozenset()) -> Iterator[str]:
    """What a config file cannot give to the dataclass `kind`; each completes "it ..."."""
    try:
        hints = field_types(kind)
    except Exception as error:  # whatever evaluating somebody's annotations may raise
        yield f"has annotations that cannot be read ({type(error).__name__}: {error})"
        return
    for name, hint in hints.items():
        if not inside and name in TAKEN:
            yield f"has a field `{name}`: that key of `charge` is taken; call it otherwise"
            continue
        plain, _ = without_none(hint)
        if plain in PLAIN:
            continue
        item = _item(plain)
        if item is None:
            yield f"has a field `{inside}{name}` of a kind no config can hold; a field can be {_ALLOWED}"
        elif item not in seen:
            yield from field_problems(item, f"{inside}{name}.", seen | {kind, item})


def _item(hint: Any) -> type | None:  # noqa: ANN401 - a type annotation
    """The C of `tuple[C, ...]` where C is a frozen dataclass."""
    args = get_args(hint)
    if get_origin(hint) is not tuple or len(args) != 2 or args[1] is not Ellipsis:
        return None
    return args[0] if is_frozen_dataclass(args[0]) else None
