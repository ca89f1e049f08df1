"""What a form of the page carries so that nobody else can send it for its user, and sending it twice does it once."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import asdict, dataclass

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from signalq_billing.domain.action import Action
from signalq_billing.errors import Refused

_GOOD_FOR = dt.timedelta(hours=12)
_SALT = "signalq-billing payouts page"


@dataclass(frozen=True, slots=True)
class FormToken:
    """One form as it was shown to one person. `form_id` names what comes of it: at most one thing ever does."""

    form_id: str
    user_id: str
    action: Action
    cadence: str
    period: str


class FormTokens:
    """Signs forms and knows its own signature again."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt=_SALT)

    def new(self, user_id: str, action: Action, cadence: str, period: str) -> str:
        """A token for a form that is shown now."""
        return self._serializer.dumps(asdict(FormToken(secrets.token_hex(8), user_id, action, cadence, period)))

    def read(self, text: str, user_id: str, cadence: str) -> FormToken:
        """The form that `text` stands for. Raises Refused for one that is old, foreign or not ours."""
        try:
            found = self._serializer.loads(text, max_age=int(_GOOD_FOR.total_seconds()))
        except SignatureExpired as error:
            raise Refused("this form was opened more than 12 hours ago: open it again and look at it anew") from error
        except BadData as error:
            raise Refused(
                "this form was not made by this page: nothing was done; open the page and try again"
            ) from error
        if found["user_id"] != user_id:
            raise Refused("this form was opened by somebody else: nothing was done; open it yourself and look at it")
        if found["cadence"] != cadence:
            raise Refused(f"this form is not one for {cadence}: nothing was done; open it again")
        return FormToken(**{**found, "action": Action(found["action"])})
