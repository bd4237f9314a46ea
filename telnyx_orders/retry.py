"""When a request is sent again, and how long to wait before.

tenacity runs the attempts; the decisions are here. A call that is safe to repeat is retried after
every transient error: no connection, a timeout, a cut-off or garbled answer, and the statuses that
pass. The wait grows exponentially with full jitter, so that clients that failed together do not
come back together, and is never shorter than what the server asks for in `Retry-After` (RFC 9110,
section 10.2.3) or, with a 429, in `x-ratelimit-reset`.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs
from attrs import frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from telnyx_orders.clock import Clock, check_seconds, check_seconds_or_zero
from telnyx_orders.errors import APIStatusError, RateLimitError, TelnyxError

__all__ = ["RetryPolicy", "run_attempts"]

T = TypeVar("T")


def _check_attempts(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{attribute.name}: expected an integer from 1, got {value!r}")


def _check_budget(_: object, attribute: "attrs.Attribute[int]", value: int | None) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError(f"{attribute.name}: expected an integer from 0 or None, got {value!r}")


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how long a call is retried.

    Attributes:
        max_attempts: How many times a request is sent at most; 1 means no retry.
        max_seconds: How many seconds a call may take in all, its attempts, the waits between them
            and what the rate limit holds it; `None` for no limit. Waiting for a place among the
            `concurrency` requests of the client does not count. The pages of a fetch wait for one
            another in any case: there it bounds each time that the rate limit is used up.
        backoff_base: The longest wait after the first attempt, in seconds; it doubles with each.
        backoff_cap: The longest wait that backoff comes to, in seconds. A server can ask for more.
        budget: How many retries all calls of a client may make without success, so that retries do
            not multiply an outage: see `RetryBudget`. Never less than the client's `concurrency`;
            `None` for no budget.

    Raises:
        ValueError: A number is out of its range.
    """

    max_attempts: int = attrs.field(default=5, validator=_check_attempts)
    max_seconds: float | None = attrs.field(default=120.0, validator=check_seconds)
    backoff_base: float = attrs.field(default=0.5, validator=check_seconds_or_zero)
    backoff_cap: float = attrs.field(default=8.0, validator=check_seconds_or_zero)
    budget: int | None = attrs.field(default=20, validator=_check_budget)

    def wait(self, attempt: int, error: BaseException | None, chance: float) -> float:
        """Give the seconds to wait after an attempt.

        Args:
            attempt: The number of the attempt that failed, from 1.
            error: What it failed with.
            chance: A random number in [0, 1).
        """
        requested = error.retry_after if isinstance(error, APIStatusError) else None
        longest = min(self.backoff_cap, self.backoff_base * 2.0 ** min(attempt - 1, 60))
        return max(requested or 0.0, longest * chance)

    def exhausted(self, attempt: int, seconds: float) -> bool:
        """Tell whether no further attempt may follow.

        Args:
            attempt: The number of the attempt that failed, from 1.
            seconds: What the call has taken, with the wait that would come now.
        """
        if attempt >= self.max_attempts:
            return True
        return self.max_seconds is not None and seconds > self.max_seconds


async def run_attempts(
    policy: RetryPolicy,
    clock: Clock,
    attempt: Callable[[], Awaitable[T]],
    *,
    spent: Callable[[], float],
    before_wait: Callable[[TelnyxError, int, float], None],
    refused_for: Callable[[], float] | None = None,
    may_retry: Callable[[TelnyxError], bool] = lambda _: True,
) -> T:
    """Run the attempts of one call, as tenacity does, until one succeeds or no more may follow.

    Args:
        policy: How often and how long to retry.
        clock: What waits, and where chance comes from.
        attempt: Makes one attempt.
        spent: How many seconds the call has taken so far.
        before_wait: Told of each error that is retried, with the number of the attempt that met
            it and the seconds that are waited now.
        refused_for: Where attempts themselves wait until a 429 is over: how many seconds that is.
        may_retry: Asked last, before an error that may be retried is.

    Raises:
        BaseException: What the last attempt raised.
    """
    refused = False

    def wait(state: RetryCallState) -> float:
        nonlocal refused
        error = _error(state)
        refused = isinstance(error, RateLimitError)
        if refused and refused_for is not None:
            return refused_for()
        return policy.wait(state.attempt_number, error, clock.random())

    async def sleep(seconds: float) -> None:
        if not refused or refused_for is None:
            await clock.sleep(seconds)

    def stop(state: RetryCallState) -> bool:
        error = _error(state)
        seconds = spent() + state.upcoming_sleep
        if policy.exhausted(state.attempt_number, seconds) or not isinstance(error, TelnyxError):
            return True
        return not may_retry(error)

    def told(state: RetryCallState) -> None:
        error = _error(state)
        if isinstance(error, TelnyxError):
            before_wait(error, state.attempt_number, state.upcoming_sleep)

    # Nearly every call succeeds at once, and tenacity would be an eighth of what it costs.
    try:
        return await attempt()
    except TelnyxError as error:
        if not error.transient:
            raise
        failed = [error]

    async def attempt_again() -> T:
        if failed:
            raise failed.pop()
        return await attempt()

    retrying = AsyncRetrying(
        sleep=sleep,
        retry=retry_if_exception(lambda error: isinstance(error, TelnyxError) and error.transient),
        wait=wait,
        stop=stop,
        before_sleep=told,
        reraise=True,
    )
    # Called, not iterated over: its iterator would tie each call, and with it the client, into a
    # reference cycle.
    return await retrying(attempt_again)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
