"""The BillingOrders port over HTTP: builds the calls of SPEC section 8 and hands their answers to `outcomes`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import requests

from signalq_billing.adapters.billing_orders import outcomes
from signalq_billing.adapters.billing_orders.answers import NotTheObject, Page, read_page
from signalq_billing.adapters.billing_orders.bearer import BearerAuth
from signalq_billing.adapters.billing_orders.transport import Answer, NoAnswer, NotSendable, NotSent, Transport
from signalq_billing.domain.order import (
    BillingOrder,
    Misconfigured,
    NotFound,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from signalq_billing.domain.progress import Claim
from signalq_billing.errors import BillingMisconfigured, BillingUnavailable

_ORDERS = "/v1/orders"
_MOST_BYTES_OF_A_PAGE = 64 << 20
_MOST_EMPTY_PAGES = 100  # in a row
_NO_STATUS = 0


class BillingOrdersApi:
    """billing-orders at one address, with one bearer token. Every call is sent at most once; threads may share it."""

    def __init__(self, session: requests.Session, base_url: str, timeout_seconds: float) -> None:
        """Takes over `session`, whose `auth` must be a BearerAuth.

        `timeout_seconds` bounds connecting, and then everything from the first byte sent to the last one received.
        Raises UsageError for an address or a token that cannot be used.
        """
        self._transport = Transport(session, base_url, timeout_seconds)
        self._wording = self._transport.wording

    def ping(self) -> None:
        """Returns if the service answers us. Raises BillingUnavailable, BillingMisconfigured."""
        answer = self._answer("/ping")
        if answer.status != 200:
            raise BillingUnavailable(f"billing-orders: {answer.call} answered {answer.status}: try again later")

    def clock(self) -> datetime | None:
        """The service's time, to the second, as its answers tell it; None if they do not. Raises as `ping` does."""
        try:
            told = parsedate_to_datetime(self._answer("/ping").headers.get("Date", ""))
        except ValueError:
            return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)

    def create(self, claim: Claim) -> Outcome:
        """Send the claim's bytes under its key, once. Whatever the other side does is an Outcome."""
        headers: dict[str, str | bytes] = {
            "Content-Type": "application/json",
            "X-Idempotency-Token": claim.external_ref.encode(),
        }
        try:
            answer = self._transport.call("POST", _ORDERS, body=claim.body, headers=headers)
        except NotSendable as error:
            return Misconfigured(_NO_STATUS, str(error))
        except NotSent as error:
            return Unavailable(str(error), definite=True)
        except NoAnswer as error:
            return Unknown(str(error))
        return outcomes.of_creation(answer, claim, self._wording)

    def find(self, external_ref: str) -> BillingOrder | NotFound | Unavailable | Unknown | Rejected:
        """Ask for one order by its key. Rejected means that the service refuses us, not the order."""
        try:
            answer = self._transport.call("GET", f"{_ORDERS}/{quote(external_ref, safe='')}")
        except NotSendable as error:
            return Rejected(_NO_STATUS, str(error))
        except (NotSent, NoAnswer) as error:
            return Unavailable(str(error), definite=False)
        return outcomes.of_question(answer, external_ref, self._wording)

    def listing(self, cadence: str, period_name: date) -> Iterator[BillingOrder]:
        """All orders of a period, page by page. Raises BillingUnavailable, BillingMisconfigured."""
        query = {"cadence": cadence, "period": period_name.isoformat()}
        seen: set[str] = set()
        empty = 0
        while True:
            page = self._page(query)
            yield from page.orders
            empty = 0 if page.orders else empty + 1
            if empty > _MOST_EMPTY_PAGES:
                raise BillingUnavailable(
                    f"billing-orders: the listing of {cadence} {period_name} goes on without orders"
                )
            if page.cursor is None:
                return
            if page.cursor in seen:
                raise BillingUnavailable(f"billing-orders: the listing of {cadence} {period_name} goes in circles")
            seen.add(page.cursor)
            query["cursor"] = page.cursor

    def _page(self, query: dict[str, str]) -> Page:
        answer = self._answer(_ORDERS, query)
        if answer.status != 200:
            said = self._wording.body(answer.body)
            raise BillingUnavailable(f"billing-orders: {answer.call} answered {answer.status} {said}")
        try:
            return read_page(answer.body)
        except NotTheObject as error:
            raise BillingUnavailable(f"billing-orders: {answer.call} did not answer with a page: {error}") from error

    def _answer(self, path: str, query: dict[str, str] | None = None) -> Answer:
        """A GET without side effects whose failures are raised."""
        try:
            answer = self._transport.call("GET", path, query=query, most_bytes=_MOST_BYTES_OF_A_PAGE)
        except NotSendable as error:
            raise BillingMisconfigured(f"billing-orders: {error}") from error
        except (NotSent, NoAnswer) as error:
            raise BillingUnavailable(f"billing-orders: {error}") from error
        if (refusal := outcomes.refused(answer, self._wording)) is not None:
            raise BillingMisconfigured(f"billing-orders: {refusal.message}: check the address and the token")
        return answer


def connect(base_url: str, token: str, timeout_seconds: float) -> BillingOrdersApi:
    """A client with a session of its own. Opens no connection yet. Raises UsageError as the constructor does."""
    session = requests.Session()
    session.auth = BearerAuth(token)
    return BillingOrdersApi(session, base_url, timeout_seconds)
