"""What an exception of an HTTP client comes down to: libraries wrap "Connection refused" in layers of themselves."""

import re

_WHOSE = re.compile(r"^(<[^>]*>|\w+\(host=.*?, port=\d+\)): ")  # urllib3 begins with the name of an object or class


def innermost(error: BaseException) -> str:
    """The innermost of an exception's causes that says something, without the name of an object that says it."""
    found, pending, seen = str(error), [error], set()
    while pending:
        cause = pending.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        said = [argument for argument in cause.args if isinstance(argument, str)]
        found = said[-1] if said else found
        inner = [*cause.args, getattr(cause, "reason", None)]
        pending += [each for each in inner if isinstance(each, BaseException)]
    return _WHOSE.sub("", found) or type(error).__name__
