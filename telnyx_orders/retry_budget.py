"""How many retries the calls of a client may make between them. No I/O.

A call that is retried five times sends five requests where one was wanted. When everything fails,
that is what keeps a server down. So retries draw on a common budget, as in Finagle and in the SDKs
of AWS, which only success and time fill again.
"""

__all__ = ["RetryBudget"]

EARNED = 0.2
"""What a call that succeeds puts back beyond its own retries."""

REFILL_SECONDS = 120.0
"""How long an empty budget takes to be full again by time alone."""


class RetryBudget:
    """Counts what is left to retry with.

    A retry takes one. A call that succeeds gives back what its retries took, and a fifth; and time
    gives it all back in two minutes, so that a client that calls rarely always has its retries.
    Whatever happens, calls that fail send no more than that in retries.

    Args:
        size: What there is at most, and at the start.
    """

    def __init__(self, size: int) -> None:
        self._size = float(size)
        self._left = self._size
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Take one retry, if there is one."""
        if self._at is not None:
            self._put(max(0.0, now - self._at) * self._size / REFILL_SECONDS)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def succeeded(self, retries: int) -> None:
        """Take in that a call succeeded, with so many retries taken from here."""
        self._put(retries + EARNED)

    def _put(self, retries: float) -> None:
        self._left = min(self._size, self._left + retries)
