"""What billing-orders said, in words fit for logs, tables and people: one short line, printable, without the token."""

import json
from urllib.parse import quote

from signalq_billing.adapters.transport_error import innermost

_LONGEST = 300
_HIDDEN = "[hidden]"


class Wording:
    """Quotes what came from outside. Knows the token only to leave it out."""

    def __init__(self, token: str) -> None:
        self._secrets = tuple(sorted({token, quote(token, safe=""), json.dumps(token)[1:-1]}, key=len, reverse=True))

    def quote(self, text: str) -> str:
        """`text` on one line of at most 300 characters; hidden before it is cut, or half a token would remain."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"

    def body(self, content: bytes) -> str:
        """The service's own code and message where the body has them, else the beginning of the body."""
        text = content[:65536].decode("utf-8", "replace")
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return self.quote(text)
        if isinstance(document, dict) and "code" in document and "message" in document:
            return self.quote(f"{document['code']}: {document['message']}")
        return self.quote(text)

    def reason(self, error: BaseException) -> str:
        """What an exception of the transport comes down to: the innermost one that says something."""
        return self.quote(innermost(error))
