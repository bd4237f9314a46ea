"""The account's rate limit: how many requests a window allows, and what the headers say of it."""

import math

from attrs import frozen

from telnyx_orders.sandbox.checks import check_number, check_type, check_whole


@frozen
class RateLimit:
    """How many requests the account may make.

    Attributes:
        requests: Requests per window, 1 or more.
        window: Length of a window in seconds. One starts with the first request after the last.
        retry_after: Whether a 429 carries `Retry-After` besides the `x-ratelimit-*` headers.
    """

    requests: int
    window: float = 60.0
    retry_after: bool = False

    def __attrs_post_init__(self) -> None:
        check_whole("RateLimit.requests", self.requests, low=1)
        check_number("RateLimit.window", self.window, low=0.001)
        check_type("RateLimit.retry_after", self.retry_after, bool)


@frozen
class Allowance:
    """What became of one request: whether it may go on, and the headers its answer carries."""

    allowed: bool
    headers: dict[str, str]


class RateLimitWindow:
    """Counts the requests of the present window against a `RateLimit`."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._start: float | None = None
        self._spent = 0

    def spend(self, now: float) -> Allowance:
        """Take one request out of the window that `now` (in seconds) falls in."""
        limit = self.limit
        if self._start is None or not self._start <= now < self._start + limit.window:
            self._start, self._spent = now, 0
        allowed = self._spent < limit.requests
        if allowed:
            self._spent += 1
        # Seconds since 1970 leave a float some 0.2 µs of resolution: without rounding first, a
        # fresh window of 60 s would now and then be announced as 61.
        reset = max(1, math.ceil(round(self._start + limit.window - now, 3)))
        headers = {
            "x-ratelimit-limit": f"{limit.requests}, {limit.requests};w={limit.window:g}",
            "x-ratelimit-remaining": str(limit.requests - self._spent),
            "x-ratelimit-reset": str(reset),
        }
        if limit.retry_after and not allowed:
            headers["Retry-After"] = str(reset)
        return Allowance(allowed, headers)
