"""A call: how long it may take, what it costs, what it gives, and how it stands meanwhile."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

import attrs
import yarl
from attrs import define, frozen

from telnyx_orders.clock import Clock, check_seconds
from telnyx_orders.errors import APIStatusError, RateLimitError, TelnyxError
from telnyx_orders.events import Observer, RetryPlanned
from telnyx_orders.retry_budget import RetryBudget

__all__ = ["LATE", "Call", "CallStats", "Reply", "SendOnce", "Timeout"]

logger: logging.Logger = logging.getLogger("telnyx_orders")

LATE = 5.0
"""Seconds; no more may lie between noting that a request leaves and its leaving."""

T = TypeVar("T")


@frozen(kw_only=True)
class Timeout:
    """How long one attempt of a request may stand still.

    What a call may take in all, its retries included, is `RetryPolicy.max_seconds`.

    Attributes:
        connect: Seconds to open a connection, with its TLS handshake.
        read: Seconds between two pieces of an answer, or until its first.

    Raises:
        ValueError: A number is not above zero, or has no end.
    """

    connect: float = attrs.field(default=10.0, validator=check_seconds)
    read: float = attrs.field(default=30.0, validator=check_seconds)


@define
class CallStats:
    """What one or more calls cost.

    Attributes:
        requests: How many attempts were made.
        retries: How many attempts were made again.
        rate_limit_seconds: Seconds that were waited because of the rate limit.
    """

    requests: int = 0
    retries: int = 0
    rate_limit_seconds: float = 0.0


@frozen(eq=False, repr=False)
class Reply(Generic[T]):
    """What a call gave.

    Attributes:
        value: The body of the answer.
        date: Its `Date`, in seconds since the Unix epoch, if it had a sensible one, less the
            seconds that the attempt took: a server may have looked at its data that much earlier.
    """

    value: T
    date: float | None


@define(eq=False, repr=False)
class SendOnce:
    """A request that must not be carried out twice: whether it may have been carried out once.

    Attributes:
        before: Awaited with the time right before each attempt leaves; what it raises keeps it.
        sent_at: When the last attempt left, an aware time; `None` before the first.
        may_be_done: Whether the server may have acted upon it. Then it is not sent again.
    """

    before: Callable[[datetime], Awaitable[None]] | None = None
    sent_at: datetime | None = None
    may_be_done: bool = False

    async def leaving(self, now: Callable[[], float]) -> None:
        """Take in that an attempt leaves, by a clock of seconds since the Unix epoch."""
        moment = now()
        if self.before is not None:
            await self.before(datetime.fromtimestamp(moment, UTC))
            # What was stopped meanwhile, such as a laptop that slept, would leave later than was
            # written down, and be taken for settled too early.
            while now() - moment > LATE:
                moment = now()
                await self.before(datetime.fromtimestamp(moment, UTC))
        self.sent_at, self.may_be_done = datetime.fromtimestamp(moment, UTC), True

    def answered(self, status: int) -> None:
        """Take in the status of an answer: whoever refuses has not acted (RFC 9110, 15.5)."""
        # A gateway answers 408 and 5xx without knowing what the server behind it did, and 303 says
        # that the outcome is elsewhere (RFC 9110, 15.4.4).
        self.may_be_done = 200 <= status < 300 or status in (303, 408) or status >= 500

    def never_left(self) -> None:
        """Take in that there was no connection to send it over."""
        self.may_be_done = False


@define(eq=False, repr=False)
class Call:
    """One call on its way through its attempts."""

    method: str
    path: str
    url: yarl.URL
    body: bytes | None
    once: SendOnce | None
    stats: tuple[CallStats, ...]
    budget: RetryBudget | None
    clock: Clock
    background: bool
    observer: Observer | None
    attempts: int = 0
    seconds: float = 0.0
    last_seconds: float = 0.0
    budgeted: int = 0
    last_error: str = ""

    @property
    def name(self) -> str:
        """What it is called in messages, such as `GET /number_orders`."""
        return f"{self.method} {self.path}"

    def note_attempt(self, held: float) -> None:
        """Take in that an attempt is made, which the rate limit held for so long."""
        self.attempts += 1
        if not self.background:
            self.seconds += held
        for stats in self.stats:
            stats.requests += 1
            stats.rate_limit_seconds += held

    def note_retry(self, error: TelnyxError, attempt: int, wait: float) -> None:
        """Take in that an attempt failed, and that another follows after a wait."""
        self.last_error = str(error)
        if not isinstance(error, RateLimitError):
            self.seconds += wait
        for stats in self.stats:
            stats.retries += 1
        cause = error.status if isinstance(error, APIStatusError) else type(error).__name__
        logger.warning(
            "%s: attempt %d failed (%s), trying again in %.2f s", self.name, attempt, cause, wait
        )
        if self.observer is not None:
            self.observer(
                RetryPlanned(
                    method=self.method, path=self.path, attempt=attempt, error=error, wait=wait
                )
            )

    # These are here and not in the transport, as tenacity keeps what it calls in a reference cycle.

    def may_retry(self, error: TelnyxError) -> bool:
        """Take a retry from the budget, or say in the error that there is none."""
        if self.once is not None and self.once.may_be_done:
            return False
        # A 429 is no sign of an outage, and the gate lets few requests find out when it is over.
        if isinstance(error, RateLimitError) or self.draw_on_budget():
            return True
        why = "so many calls of this client fail that its RetryPolicy.budget is used up"
        error.args = (f"{error.args[0]} Not tried again: {why}.", *error.args[1:])
        return False

    def draw_on_budget(self) -> bool:
        """Take from the client's budget what a request costs that is sent once more."""
        if self.budget is None:
            return True
        allowed = self.budget.take(self.clock.monotonic())
        self.budgeted += allowed
        return allowed
