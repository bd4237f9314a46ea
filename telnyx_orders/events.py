"""What happens in a client, told to whoever observes it: see `OrdersClient(observer=)`.

An observer is any callable that takes an event. It is called where the event happens, so it must
not block; what it raises is logged and changes nothing. All that belongs to one fetch is told in a
context of its own, a copy of the one that the fetch began in: a `ContextVar` that an observer sets
upon `FetchStarted` holds for every event of that fetch, and for nothing else.
"""

import logging
from collections.abc import Callable

from attrs import frozen

from telnyx_orders.errors import TelnyxError
from telnyx_orders.fetch_report import FetchReport

__all__ = [
    "Event",
    "FetchEnded",
    "FetchStarted",
    "Observer",
    "PageRead",
    "RateLimitWaited",
    "RequestEnded",
    "RetryPlanned",
    "guarded",
]

logger: logging.Logger = logging.getLogger("telnyx_orders")


@frozen(kw_only=True)
class RequestEnded:
    """An attempt of a request has ended, in whatever way.

    Attributes:
        method: `GET`, `POST` or `PATCH`.
        path: The path below the base URL, such as `/number_orders`.
        url: The whole URL, with its query.
        attempt: Which attempt of its call it was, from 1.
        seconds: What it took on the wire, from sending it to the end of the answer.
        status: The status of the answer; `None` if no complete answer came.
        error: The name of what came instead of an answer, such as `ServerDisconnectedError`, or
            `CancelledError` if it was given up; `None` if there was an answer.
        request_id: The answer's `x-request-id`.
    """

    method: str
    path: str
    url: str
    attempt: int
    seconds: float
    status: int | None
    error: str | None
    request_id: str | None


@frozen(kw_only=True)
class RetryPlanned:
    """An attempt failed and another will follow.

    Attributes:
        method: `GET`, `POST` or `PATCH`.
        path: The path below the base URL.
        attempt: Which attempt failed, from 1.
        error: What it failed with.
        wait: Seconds until the next, at least.
    """

    method: str
    path: str
    attempt: int
    error: TelnyxError
    wait: float


@frozen(kw_only=True)
class RateLimitWaited:
    """The rate limit held a request, which goes now.

    Attributes:
        method: `GET`, `POST` or `PATCH`.
        path: The path below the base URL.
        seconds: How long it was held.
    """

    method: str
    path: str
    seconds: float


@frozen(kw_only=True)
class FetchStarted:
    """A fetch of all pages begins.

    Attributes:
        path: The path of the listing, such as `/number_orders`.
    """

    path: str


@frozen(kw_only=True)
class PageRead:
    """A fetch has read a page.

    Attributes:
        path: The path of the listing.
        number: The number of the page, from 1.
        size: How many rows were asked for.
        rows: How many rows came.
        new_rows: How many of them had not come before.
        total_pages: How many pages there are, by this answer.
        total_results: How many rows there are, by this answer.
    """

    path: str
    number: int
    size: int
    rows: int
    new_rows: int
    total_pages: int
    total_results: int


@frozen(kw_only=True)
class FetchEnded:
    """A fetch of all pages has ended, in whatever way.

    Attributes:
        path: The path of the listing.
        seconds: What it took.
        report: What it read, and the proof that nothing is missing or why there is none.
        error: What it failed with; `None` also if it was left early.
    """

    path: str
    seconds: float
    report: FetchReport
    error: TelnyxError | None


Event = RequestEnded | RetryPlanned | RateLimitWaited | FetchStarted | PageRead | FetchEnded
"""Any event: one of the classes of this module."""

Observer = Callable[[Event], None]
"""What is told of each event."""


def guarded(observer: Observer) -> Observer:
    """Give an observer whose failures are logged: they must not cost an order."""

    def tell(event: Event) -> None:
        try:
            observer(event)
        except Exception:
            logger.exception("the observer failed on %s", type(event).__name__)

    return tell
