"""What is known of one window of the rate limit, and how answers narrow it down. No I/O.

All times are seconds on one monotonic clock.
"""

import math

from attrs import define, evolve, frozen

from telnyx_orders.rate_limit_headers import RateLimitHeaders

__all__ = ["LONGEST", "Lag", "Told", "Window", "WindowEnd"]

LONGEST = 3600.0
"""Seconds for which a header may close the gate. A wrong one must not shut a client for good."""

MARGIN = 0.005
"""Seconds by which two requests may overtake each other on their way."""

RAMP = 8
"""In a window that we come into unawares, one part in so many may be in flight at first."""


@frozen(eq=False, repr=False)
class WindowEnd:
    """When a window ends: within these bounds, and most likely at `expected`."""

    earliest: float
    latest: float
    expected: float

    def overlaps(self, other: "WindowEnd") -> bool:
        """Tell whether both can be the end of one window."""
        return self.earliest < other.latest and other.earliest < self.latest

    def narrowed(self, other: "WindowEnd") -> "WindowEnd":
        """Take what both allow; a guess gives way to a bound."""
        earliest = max(self.earliest, other.earliest)
        latest = min(self.latest, other.latest)
        expected = min(self.expected, other.expected)
        return WindowEnd(earliest, latest, min(max(expected, earliest), latest))


@define(eq=False, repr=False)
class Lag:
    """Learns when, between sending and answer, a server looks at its clock.

    Half way is the first guess; windows that were found open lead it down, one that was still
    closed bounds it from below.

    Attributes:
        share: 0 is when the request was sent, 1 when the answer came.
    """

    share: float = 0.5
    _least: float = 0.0

    def late_enough(self) -> None:
        """Take in that a window was open at the time expected."""
        self.share = (self.share + self._least) / 2

    def too_early(self) -> None:
        """Take in that a window was still closed at the time expected."""
        self._least = self.share
        self.share = (self.share + 1) / 2


@frozen(kw_only=True, eq=False, repr=False)
class Told:
    """What one answer told of its window.

    Attributes:
        sent: When its request went.
        came: When it came.
        end: When its window ends.
        remaining: What it left.
        limit: How many requests it allows, if that was told.
        length: How many seconds it has, if that was told.
        refused: Whether the answer is a 429.
    """

    sent: float
    came: float
    end: WindowEnd
    remaining: int
    limit: int | None
    length: float | None
    refused: bool

    @classmethod
    def read(
        cls, headers: RateLimitHeaders, *, sent: float, came: float, refused: bool, lag: Lag
    ) -> "Told | None":
        """Make sense of headers; `None` if they do not tell what is left, and until when."""
        reset, rounded = headers.reset, headers.rounded
        if reset is None:
            reset, rounded = headers.window, False
        if reset is None or headers.remaining is None:
            return None
        reset = min(reset, LONGEST)
        latest = came + reset
        return cls(
            sent=sent,
            came=came,
            end=WindowEnd(
                earliest=sent + (max(0.0, reset - 1) if rounded else reset),
                latest=latest,
                expected=min(latest, sent + lag.share * (came - sent) + reset + MARGIN),
            ),
            remaining=headers.remaining,
            limit=headers.limit,
            length=headers.window,
            refused=refused,
        )


@define(kw_only=True, eq=False, repr=False)
class Window:
    """What is known of a window.

    Attributes:
        end: When it ends.
        limit: How many requests it allows.
        remaining: The least that an answer told of it.
        told_at: When that answer came.
        asked_at: When the last request went of which we know that it counted.
        own: How many of our requests it may have counted.
        sent_at: When our last request went.
        spent_before: What had been spent when we came into it unawares.
        ramp: How many may be in flight, if we came into it unawares.
        others: How many of others it has counted at least.
        unseen: How many of ours it may have counted of which no answer told.
        unseen_at: When the last of these ended.
    """

    end: WindowEnd
    limit: int
    remaining: int
    told_at: float
    asked_at: float
    own: int
    sent_at: float
    spent_before: int = 0
    ramp: float = math.inf
    others: int = 0
    unseen: int = 0
    unseen_at: float = -math.inf

    @classmethod
    def opened(cls, told: Told, *, own: int, sent_at: float, unawares: bool) -> "Window":
        """Make one of the first answer that told of it.

        Args:
            told: What that answer told.
            own: How many of our requests it may have counted.
            sent_at: When the last of them went.
            unawares: Whether it may have begun long ago, so that what others have spent of it
                says nothing about what they do now.
        """
        window = cls(
            end=told.end,
            limit=max(told.limit or 0, told.remaining + own),
            remaining=told.remaining,
            told_at=told.came,
            asked_at=told.sent,
            own=own,
            sent_at=sent_at,
        )
        if unawares:
            window.spent_before = max(0, window.limit - told.remaining - own)
            window.ramp = max(2, told.remaining // RAMP)
        window.count_others(told.remaining)
        return window

    @property
    def left(self) -> int:
        """What it leaves at least, what is in flight not taken off."""
        return self.remaining - self.unseen

    def follows(self, told: Told) -> bool:
        """Tell whether an answer is of an earlier window than this one."""
        return told.end.latest <= self.end.earliest

    def is_over(self, told: Told) -> bool:
        """Tell whether an answer shows that another window has begun."""
        refilled = told.sent > self.told_at and told.remaining > self.remaining
        return refilled or told.end.earliest >= self.end.latest

    def take_in(self, told: Told) -> None:
        """Take in another answer that is of this window."""
        self.end = self.end.narrowed(told.end)
        self.ramp += 1
        self.asked_at = max(self.asked_at, told.sent)
        if told.refused:
            self.own -= 1
        if told.sent > self.unseen_at:
            self.unseen = 0
        if told.remaining <= self.remaining:
            self.remaining, self.told_at = told.remaining, told.came
        if told.limit in (None, self.limit):
            self.count_others(told.remaining)

    def take_back(self, told: Told) -> None:
        """Take in an answer that shows that the window, thought to be over, still runs."""
        self.own += 1
        self.take_in(told)
        self.end = evolve(self.end, expected=self.end.latest)

    def count_others(self, remaining: int) -> None:
        """See how much of what is spent is not ours."""
        self.others = max(self.others, self.limit - remaining - self.spent_before - self.own)

    def lose(self, now: float) -> None:
        """Take in that a request ended of which nobody tells whether it was counted."""
        self.unseen += 1
        self.unseen_at = now
