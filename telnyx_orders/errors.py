"""Every error a caller can meet. Nothing else leaves the package, but bad arguments and bugs.

    TelnyxError
    ├── ConfigurationError          the client cannot be made as asked (also a ValueError)
    ├── ClientStateError            closed, or used in another event loop (also a RuntimeError)
    ├── APIConnectionError          no complete answer came
    │   └── APITimeoutError         ... within the time allowed
    ├── APIStatusError              the answer says that it went wrong
    │   ├── BadRequestError         400
    │   ├── AuthenticationError     401
    │   ├── PermissionDeniedError   403
    │   ├── NotFoundError           404
    │   ├── ConflictError           409
    │   ├── UnprocessableEntityError 422
    │   ├── RateLimitError          429
    │   └── InternalServerError     500 and above
    ├── ResponseDecodeError         the answer is not what the API promises
    ├── IncompleteFetchError        a fetch of all pages ended early, or lacks its proof
    ├── OrderOutcomeUnknownError    an order may have been placed: look before sending it again
    ├── OrdersPendingError          orders had not ended in the time allowed
    ├── JournalError                the journal of orders cannot be used; nothing was sent
    │   ├── JournalConflictError    ... as it knows the reference for another order
    │   └── OrderInProgressError    ... as another process is placing this order right now
    ├── ExportError                 an export could not be finished; what came is kept
    │   └── ExportInProgressError   ... as another export to the same file is running
    ├── MirrorError                 a local mirror cannot be used
    ├── WebhookError                a delivery must not be acted on
    │   ├── WebhookSignatureError   nothing shows that Telnyx sent it just now
    │   └── WebhookPayloadError     it is genuine, and no event
    └── PlacingCancelledError       what had become of many orders, where a task was cancelled

Those of placing orders are defined in `order_errors`, those of exports and mirrors in their
packages. Those of webhooks are imported from `telnyx_orders.webhooks`, all others from
`telnyx_orders`.
Bad arguments of a call are a plain `TypeError` or `ValueError`, raised before anything is sent.
Errors pickle and copy, so they can cross process borders.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

from telnyx_orders.error_details import ErrorDetail, excerpt, one_line, parse_error_details, times
from telnyx_orders.fetch_report import FetchReport

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ClientStateError",
    "ConfigurationError",
    "ConflictError",
    "ErrorDetail",
    "IncompleteFetchError",
    "InternalServerError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseDecodeError",
    "TelnyxError",
    "UnprocessableEntityError",
]

KEY_PAGE = "https://portal.telnyx.com/#/app/api-keys"
"""Where API keys are made and looked up."""

KEPT_BODY_BYTES = 64 * 1024
"""How much of an unexpected body an error keeps."""

TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses after which the API's guides advise to try again."""


class TelnyxError(Exception):
    """The root of all errors of this package.

    Attributes:
        transient: Whether the same call can succeed later, with nothing changed. The client has
            retried it already, as its `RetryPolicy` allows.
    """

    transient: bool = False

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, vars(self).copy())


def _restore(
    cls: type[TelnyxError], args: tuple[object, ...], state: dict[str, object]
) -> TelnyxError:
    error = cls.__new__(cls, *args)
    vars(error).update(state)
    return error


class ConfigurationError(TelnyxError, ValueError):
    """The client cannot be made as asked; the message says what to change."""


class ClientStateError(TelnyxError, RuntimeError):
    """The client is closed, or belongs to another event loop than the one that runs."""


class APIConnectionError(TelnyxError):
    """No complete answer came: refused, cut off, not resolved, TLS failed.

    Attributes:
        attempts: How many times the request was sent.
    """

    def __init__(self, message: str, *, attempts: int = 1, transient: bool = True) -> None:
        super().__init__(message)
        self.attempts = attempts
        self.transient = transient


class APITimeoutError(APIConnectionError):
    """No complete answer came within the time allowed."""


class APIStatusError(TelnyxError):
    """The API answered with a status that is no success.

    Attributes:
        status: The HTTP status.
        errors: What the API says went wrong; empty if the body was not in the API's form, as
            when a gateway answered.
        request_id: What to give to Telnyx's support.
        body: The body as text, its first 64 KiB.
        attempts: How many times the request was sent.
        retry_after: How many seconds to wait, as the server asked; `None` if it did not.
    """

    advice = "See `errors` and `body` for what the server says."

    def __init__(
        self,
        message: str,
        *,
        status: int,
        errors: tuple[ErrorDetail, ...] = (),
        request_id: str | None = None,
        body: str = "",
        attempts: int = 1,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.request_id = request_id
        self.body = body
        self.attempts = attempts
        self.retry_after = retry_after
        self.transient: bool = status in TRANSIENT_STATUSES

    @classmethod
    def from_response(
        cls,
        call: str,
        status: int,
        body: str,
        *,
        request_id: str | None = None,
        attempts: int = 1,
        retry_after: float | None = None,
        location: str | None = None,
        redact: Callable[[str], str] = str,
    ) -> "APIStatusError":
        """Choose the class of an answer's error and word its message.

        Args:
            call: What was asked, such as `GET /number_orders`.
            status: The HTTP status of the answer.
            body: Its body as text.
            request_id: Its `x-request-id`.
            attempts: How many times the request was sent.
            retry_after: How many seconds the server asks to wait.
            location: Where it redirects to, if it does.
            redact: Takes secrets out of what the body says; JSON may have hidden them from others.
        """
        chosen = _BY_STATUS.get(status, InternalServerError if status >= 500 else APIStatusError)
        details = parse_error_details(body, redact)
        said = "; ".join(str(detail) for detail in details[:3]) or excerpt(body)
        advice = chosen.advice
        if location is not None and 300 <= status < 400:
            advice = (
                f"It points to {one_line(location)}. Redirects are not followed, since they would "
                "carry the API key elsewhere: set base_url to the API itself."
            )
        if retry_after is not None:
            advice = f"The server asks to wait {retry_after:.10g} s. {advice}"
        context = _context(request_id, attempts)
        return chosen(
            f"{call} answered {status}: {said}. {advice} ({context})",
            status=status,
            errors=details,
            request_id=request_id,
            body=body,
            attempts=attempts,
            retry_after=retry_after,
        )


class BadRequestError(APIStatusError):
    """400: the API does not understand the request."""

    advice = "Correct what is named above; the same request will fail again."


class AuthenticationError(APIStatusError):
    """401: the API key is not accepted."""

    advice: str = f"Check api_key or TELNYX_API_KEY against the keys at {KEY_PAGE}."


class PermissionDeniedError(APIStatusError):
    """403: the API key is valid but may not do this."""

    advice = "The key is known but may not do this: check what it and its user are allowed to do."


class NotFoundError(APIStatusError):
    """404: there is nothing under this path or id."""

    advice = "Check the id, and that base_url ends with the API's version, such as /v2."


class ConflictError(APIStatusError):
    """409: the request contradicts the present state."""

    advice = "Read the present state again before you decide what to send."


class UnprocessableEntityError(APIStatusError):
    """422: the API understands the request but not its values."""

    advice = "Correct the values named above; the same request will fail again."


class RateLimitError(APIStatusError):
    """429: more requests than the account is allowed in its present window.

    Also where the client knows that from earlier answers, and the call may not wait so long: then
    nothing was sent, `attempts` does not count it, `body` is empty, and `retry_after` says when
    there will be room.
    """

    advice = "Wait before you go on, lower `concurrency`, or ask Telnyx for a higher limit."


class InternalServerError(APIStatusError):
    """500 and above: the API, or a gateway in front of it, failed."""

    advice = "The fault is on the server's side; if it stays, report it to Telnyx."


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


class ResponseDecodeError(TelnyxError):
    """A successful answer whose body is not what the API promises, or larger than is allowed.

    Attributes:
        path: JSON path of the offending value, such as `$.data[3].created_at`.
        expected: What the API promises there.
        got: What came, shortened to a line.
        order_id: The order in which it stands, if it stands in one.
        request_id: What to give to Telnyx's support.
        body: The body as text, its first 64 KiB.
        attempts: How many times the request was sent.
    """

    def __init__(
        self,
        path: str,
        expected: str,
        got: str,
        *,
        order_id: str | None = None,
        request_id: str | None = None,
        body: str = "",
        attempts: int = 1,
        transient: bool = False,
        call: str | None = None,
        advice: str | None = None,
    ) -> None:
        to = f" to {call}" if call else ""
        usual = f"The answer{to} is not what the API documents: if it stays so, report it."
        within = f" (in order {one_line(order_id, 80)})" if order_id else ""
        context = _context(request_id, attempts)
        super().__init__(
            f"{path}{within}: expected {expected}, got {got}. {advice or usual} ({context})"
        )
        self.path = path
        self.expected = expected
        self.got = got
        self.order_id = order_id
        self.request_id = request_id
        self.body = body
        self.attempts = attempts
        self.transient = transient


class IncompleteFetchError(TelnyxError):
    """A fetch of all pages ended before it had everything, or cannot prove that it has.

    Attributes:
        orders: What `collect()` had got, each order once, in the order of the listing. Empty in a
            loop over orders or pages, which has been given what came before. Of the listings that
            come in one answer, its rows.
        reason: What is missing, and why.
        advice: What to try.
        cause: The error of the page that ended it, if it was one.
        report: What the fetch cost and how far it came; `None` if it had not begun, and of the
            listings that come in one answer.
    """

    # Any: an exception cannot be generic, and the caller knows what was fetched.
    orders: tuple[Any, ...]

    def __init__(
        self,
        reason: str,
        *,
        advice: str = "Try again",
        orders: Sequence[object] = (),
        cause: TelnyxError | None = None,
        report: FetchReport | None = None,
    ) -> None:
        kept = f" ({len(orders)} had arrived; they are in `orders`)" if orders else ""
        super().__init__(f"{reason}. {advice}.{kept}")
        self.reason = reason
        self.advice = advice
        self.orders = tuple(orders)
        self.cause = cause
        self.report = report
        self.transient: bool = cause is not None and cause.transient

    def carrying(self, orders: Sequence[object], report: FetchReport) -> Self:
        """The same error, with what had arrived and the report of the fetch."""
        return type(self)(
            self.reason, advice=self.advice, orders=orders, cause=self.cause, report=report
        )


def _context(request_id: str | None, attempts: int) -> str:
    """Say which request it was, and how often it was sent."""
    known = "" if request_id is None else f"request id {one_line(request_id)}, "
    return known + times(attempts)
