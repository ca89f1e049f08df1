"""The bearer token of billing-orders, in the one place that may hold it."""

import requests
from requests.auth import AuthBase

from signalq_billing.errors import UsageError


class BearerAuth(AuthBase):
    """Puts `Authorization: Bearer <token>` on a request. As a session's `auth` it also keeps requests out of ~/.netrc.

    Raises UsageError, without the token, for one that no header can carry.
    """

    def __init__(self, token: str) -> None:
        if not token:
            raise UsageError("connection billing_orders has no password: put billing-orders' bearer token there")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError(
                "connection billing_orders: the password cannot be a bearer token, it has spaces, line ends or letters "
                "beyond ASCII: copy the token anew"
            )
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def __repr__(self) -> str:
        return "BearerAuth([hidden])"
