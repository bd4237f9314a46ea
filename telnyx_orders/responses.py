"""An answer of the server, turned into a value or an error. No I/O."""

from collections.abc import Callable, Generator
from typing import TypeVar, cast

import cattrs
from attrs import Factory, frozen

from telnyx_orders.acyclic import AcyclicRows
from telnyx_orders.bodies import BodyFault, crowded
from telnyx_orders.decoding import BodyDecoder, find_fast_decoder
from telnyx_orders.errors import KEPT_BODY_BYTES, APIStatusError, ResponseDecodeError
from telnyx_orders.models import Listed, Page
from telnyx_orders.rate_limit_headers import RateLimitHeaders
from telnyx_orders.serialization import make_converter

__all__ = ["Answer", "AnswerReader", "succeeded"]

T = TypeVar("T")

MANY_ROWS = 25
"""How many rows a page has whose rows the garbage collector is spared, so that a single page of the
server's own choice, 20 rows, is not slowed down for nothing."""


@frozen(kw_only=True, eq=False, repr=False)
class Answer:
    """A complete answer of the server.

    Attributes:
        status: Its HTTP status.
        body: The whole body of a success, the beginning of another.
        fault: Why `body` is not the whole body of a success.
        request_id: Its `x-request-id`.
        date: Its `Date` (RFC 9110, 6.6.1), in seconds since the Unix epoch.
        location: Where it redirects to. Not read of a success.
        retry_after: How many seconds it asks to wait. Not read of a success.
        rate_limit: What it tells of the rate limit.
    """

    status: int
    body: bytes
    fault: BodyFault | None = None
    request_id: str | None = None
    date: float | None = None
    location: str | None = None
    retry_after: float | None = None
    rate_limit: RateLimitHeaders = Factory(RateLimitHeaders)


def succeeded(status: int) -> bool:
    """Tell whether an answer with this status is a success (RFC 9110, 15.3)."""
    return 200 <= status < 300


class AnswerReader:
    """Reads answers, and keeps the API key out of the errors that it makes of them.

    Args:
        api_key: The secret, which a careless gateway may have sent back.
        converter: How a body becomes an object; the one of `make_converter()` if `None`.
        max_body_bytes: How many bytes the body of a success may have.
    """

    def __init__(
        self, api_key: str, converter: cattrs.Converter | None, max_body_bytes: int
    ) -> None:
        self._api_key = api_key
        self.redact: Callable[[str], str] = _redactor(api_key)
        self._max_body_bytes = max_body_bytes
        self._decoder = BodyDecoder(
            converter or make_converter(redact=self.redact),
            self.redact,
            find_fast_decoder() if converter is None else None,
        )
        self._acyclic = AcyclicRows(enabled=converter is None)

    def read(
        self,
        answer: Answer,
        wanted: type[T],
        *,
        call: str,
        attempts: int,
        after_slices: bool = False,
    ) -> T:
        """Turn an answer into what is wanted.

        Args:
            answer: What came.
            wanted: What the body of a success becomes.
            call: What was asked, such as `GET /number_orders`.
            attempts: How many times the request was sent.
            after_slices: Whether `read_in_slices` was asked before and left it to this.

        Raises:
            APIStatusError: The answer says that it went wrong.
            ResponseDecodeError: The answer is not what the API promises.
        """
        request_id = self._redacted(answer.request_id)
        if not succeeded(answer.status):
            raise APIStatusError.from_response(
                call,
                answer.status,
                self._text(answer.body),
                request_id=request_id,
                attempts=attempts,
                retry_after=answer.retry_after,
                location=self._redacted(answer.location),
                redact=self.redact,
            )
        order_id, path = None, "$"
        fault = answer.fault or crowded(answer.body, self._max_body_bytes)
        if fault is None:
            try:
                decode = self._decoder.structure if after_slices else self._decoder.decode
                value = decode(answer.body, wanted)
            except ResponseDecodeError as error:
                order_id, path = error.order_id, error.path
                fault = BodyFault(error.expected, error.got, transient=error.transient)
            else:
                rows = _rows(value)
                if len(rows) >= MANY_ROWS:
                    self._acyclic.untrack(rows)
                    self._acyclic.untrack_page(rows)
                return value
        raise ResponseDecodeError(
            path,
            fault.expected,
            fault.got,
            order_id=order_id,
            request_id=request_id,
            body=self._text(answer.body),
            attempts=attempts,
            transient=fault.transient,
            call=call,
            advice=fault.advice,
        )

    def read_in_slices(self, answer: Answer, wanted: type[T]) -> Generator[None, None, T | None]:
        """Read a large answer, giving way again and again; `None` is left to `read`."""
        if answer.fault or not succeeded(answer.status):
            return None
        if crowded(answer.body, self._max_body_bytes):
            return None
        untrack = self._acyclic.untrack
        value = yield from self._decoder.decode_in_slices(answer.body, wanted, untrack)
        self._acyclic.untrack_page(_rows(value))
        return value

    def _redacted(self, text: str | None) -> str | None:
        return None if text is None else self.redact(text)

    def _text(self, body: bytes) -> str:
        beginning = body[: KEPT_BODY_BYTES + len(self._api_key)]
        text = self.redact(beginning.decode(errors="replace"))
        # Where reading stopped, or the answer broke off, the key may stand cut in two.
        for length in range(len(self._api_key) - 1, 3, -1):
            text = text.removesuffix(self._api_key[:length])
        return text[:KEPT_BODY_BYTES]


def _rows(value: object) -> tuple[object, ...]:
    return cast("Page[object]", value).data if isinstance(value, Page | Listed) else ()


def _redactor(secret: str) -> Callable[[str], str]:
    """Make a function that takes a secret out of a text; a method would make a reference cycle."""
    return lambda text: text.replace(secret, "[redacted]")
