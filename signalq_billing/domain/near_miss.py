"""The known name that somebody most likely meant by an unknown one."""

import difflib
from collections.abc import Collection
from functools import lru_cache

_LISTED = 12


def near_miss(word: str, known: Collection[str]) -> str | None:
    """The closest of `known`, letter case aside; None if nothing is close."""
    by_lower = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def suggestion(word: str, known: Collection[str]) -> str:
    """What to write instead of `word`: the near miss, else what there is to choose from."""
    return _suggestion(word, tuple(sorted(known)))


@lru_cache(maxsize=1024)
def _suggestion(word: str, known: tuple[str, ...]) -> str:
    near = near_miss(word, known)
    if near is not None:
        return f"did you mean {near!r}?"
    if not known:
        return "there are none yet"
    more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
    return f"known are {', '.join(known[:_LISTED])}{more}"
