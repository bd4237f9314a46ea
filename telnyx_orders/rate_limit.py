"""When the next request may go, by what the answers so far tell of the rate limit. No I/O.

The server counts requests in windows, for the whole account. Each answer tells what its window
leaves and, often in whole seconds, when it ends; answers come in any order, and other processes
spend from the same window unseen. From that the gate decides:

- It spends what a window leaves, less what is in flight. With nothing left it is closed until the
  window ends.
- A new window is probed with one request before the others follow, since nobody knows who has
  spent of it already. A server that tells nothing is probed when a client is new.
- Where a window empties faster than our own requests explain, others are at work. Then the gate
  keeps three times of it what they used in the window before, and hands that out evenly over the
  time that is left. A process with the larger share keeps back more than one with the smaller, so
  that shares drift together.
- A bulk fetch that needs more than a window has never takes the last of it at once, so that a
  process that joins, and a request that somebody waits for, find something.
- A 429 closes the gate for everybody, until the time that the server names, or for a backoff.
- A server that refuses without telling anything is met with additive increase and multiplicative
  decrease of the requests in flight.
"""

import math

from attrs import define, evolve, frozen

from telnyx_orders.rate_limit_headers import RateLimitHeaders

__all__ = ["Permit", "RateLimitGate", "Waiting"]

LONGEST = 3600.0
"""Seconds for which the gate closes at most. A wrong header must not shut a client for good."""

PATIENCE = 0.5
"""Seconds after which a probe that has no answer yet no longer holds up the next."""

MARGIN = 0.005
"""Seconds by which two requests may overtake each other on their way."""

SHARE_KEPT = 3
"""How many times what others used is kept for them: 2 keeps uneven shares as they are."""

TAIL = 20
"""A bulk fetch hands out evenly one part in so many of a window that it will use up."""

PACE = 1.5
"""How much faster than evenly that is: what is left over when a window ends is lost."""

RAMP = 8
"""In a window that we come into unawares, one part in so many may be in flight at first."""


@frozen
class Permit:
    """Lets one request go.

    Attributes:
        sent: When, on the gate's clock.
        epoch: Which window it was meant for.
    """

    sent: float
    epoch: int


@frozen
class Waiting:
    """How many requests wait.

    Attributes:
        interactive: Those that somebody waits for.
        background: Those of bulk fetches.
    """

    interactive: int
    background: int


@frozen
class _End:
    """When a window ends: somewhere within these bounds, most likely at `expected`."""

    earliest: float
    latest: float
    expected: float

    def overlaps(self, other: "_End") -> bool:
        return self.earliest < other.latest and other.earliest < self.latest

    def narrowed(self, other: "_End") -> "_End":
        """Take what both allow; a guess gives way to a bound."""
        earliest = max(self.earliest, other.earliest)
        latest = min(self.latest, other.latest)
        expected = min(self.expected, other.expected)
        return _End(earliest, latest, min(max(expected, earliest), latest))


@define
class _Window:
    """What is known of a window.

    Attributes:
        end: When it ends.
        limit: How many requests it allows.
        remaining: The least that an answer told of it.
        told_at: When that answer came.
        own: How many of our requests it may have counted.
        sent_at: When our last request went.
        spent_before: What had been spent when we came into it unawares.
        ramp: How many may be in flight, if we came into it unawares.
        others: How many of others it has counted at least.
        unseen: How many of ours it may have counted of which no answer told.
        unseen_at: When the last of these ended.
    """

    end: _End
    limit: int
    remaining: int
    told_at: float
    own: int
    sent_at: float
    spent_before: int = 0
    ramp: float = math.inf
    others: int = 0
    unseen: int = 0
    unseen_at: float = -math.inf

    @property
    def left(self) -> int:
        """What it leaves, as far as answers told."""
        return self.remaining - self.unseen

    def take_in(self, told: "_Told") -> None:
        """Take in another answer that is of this window."""
        self.end = self.end.narrowed(told.end)
        self.ramp += 1
        if told.refused:
            self.own -= 1
        if told.sent >= self.unseen_at:
            self.unseen = 0
        if told.remaining <= self.remaining:
            self.remaining = told.remaining
            self.told_at = told.at
        if told.limit in (None, self.limit):
            self.count_others(told.remaining)

    def count_others(self, remaining: int) -> None:
        """See how much of what is spent is not ours."""
        self.others = max(self.others, self.limit - remaining - self.spent_before - self.own)


@frozen
class _Told:
    """What one answer tells of its window, and when it was asked for and came."""

    sent: float
    at: float
    end: _End
    remaining: int
    limit: int | None
    refused: bool


@define
class _Lag:
    """Learns when, between sending and answer, a server looks at its clock.

    Half way is the first guess; windows that were found open lead it down, one that was still
    closed bounds it from below.

    Attributes:
        share: 0 is when the request was sent, 1 when the answer came.
    """

    share: float = 0.5
    _least: float = 0.0

    def late_enough(self) -> None:
        self.share = (self.share + self._least) / 2

    def too_early(self) -> None:
        self._least = self.share
        self.share = (self.share + 1) / 2


class RateLimitGate:
    """Decides when requests may go. All times are seconds on one monotonic clock.

    Whoever sends asks `opens_at()`, takes a permit with `start()` once that time has come, and
    gives it back with `answered()`, `lost()` or `unused()`.

    Attributes:
        in_flight: How many permits are out.
        refusals: How many times in a row it was closed by a 429.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.refusals = 0
        self._window: _Window | None = None
        self._previous: _Window | None = None
        self._epoch = 0
        # Of this epoch: how many are out, and how many may be while the budget is unknown.
        self._out = 0
        self._probes = 1
        self._unknown = True
        self._unawares = True
        self._sent_at = -math.inf
        self._closed_at = self._closed_until = -math.inf
        self._width = math.inf
        self._lag = _Lag()

    def opens_at(self, now: float, waiting: Waiting, *, background: bool) -> float:
        """Tell when a request may go: now or earlier, or not before a time unless an answer comes.

        Args:
            now: The present time.
            waiting: How many requests wait, this one included.
            background: Whether it belongs to a bulk fetch.
        """
        self._expire(now)
        if now < self._closed_until:
            return self._closed_until
        if self._unknown:
            return now if self._out < self._probes else self._sent_at + PATIENCE
        window = self._window
        if window is None:
            return now if self.in_flight + 1 <= self._width else math.inf
        available = window.left - self.in_flight
        if available <= 0 or self.in_flight >= window.ramp:
            return window.end.expected
        if available > self._kept(window, available, waiting, background=background):
            return now
        pace = (window.end.expected - window.sent_at) / (PACE * available)
        return min(window.sent_at + pace, window.end.expected)

    def closed_until(self, now: float) -> float | None:
        """Tell until when nothing may go at all, or `None` if something may, or soon may."""
        self._expire(now)
        if now < self._closed_until:
            return self._closed_until
        window = self._window
        if self._unknown or window is None or window.left > self.in_flight:
            return None
        return window.end.expected

    def start(self, now: float) -> Permit:
        """Let a request go that may."""
        self._expire(now)
        self.in_flight += 1
        self._out += 1
        self._sent_at = now
        if self._window is not None:
            self._window.own += 1
            self._window.sent_at = now
        return Permit(now, self._epoch)

    def unused(self, permit: Permit) -> None:
        """Take back a permit with which nothing was sent."""
        self._leave(permit)
        if self._window is not None and permit.epoch == self._epoch:
            self._window.own -= 1

    def lost(self, permit: Permit, now: float) -> None:
        """Take in that a request ended without an answer; the server may have counted it."""
        self._leave(permit)
        self._expire(now)
        self._presume_spent(now)

    def answered(
        self, permit: Permit, status: int, headers: RateLimitHeaders, now: float, backoff: float
    ) -> None:
        """Take in an answer.

        Args:
            permit: The permit of its request.
            status: Its status.
            headers: What it told of the rate limit.
            now: The present time.
            backoff: How many seconds to stay closed after a 429 that names no time.
        """
        self._leave(permit)
        self._expire(now)
        refused = status == 429
        told = self._told(permit, headers, now, refused=refused)
        if told is not None and not self._learn(permit, told):
            if not refused:
                self._presume_spent(now)
            return
        if refused:
            self._refuse(permit, headers, now, backoff)
            return
        if told is None:
            self._presume_spent(now)
        if permit.sent >= self._closed_at:
            self.refusals = 0
            self._width += 1 / self._width
            # A gateway that fails tells nothing; an answer of the API itself would.
            self._unknown &= told is None and (self._window is not None or status >= 500)

    def _told(
        self, permit: Permit, headers: RateLimitHeaders, now: float, *, refused: bool
    ) -> _Told | None:
        reset, rounded = headers.reset, headers.rounded
        if reset is None:
            reset, rounded = headers.window, False
        if reset is None or headers.remaining is None:
            return None
        reset = min(reset, LONGEST)
        earliest = permit.sent + (max(0.0, reset - 1) if rounded else reset)
        expected = permit.sent + self._lag.share * (now - permit.sent) + reset + MARGIN
        end = _End(earliest, now + reset, min(expected, now + reset))
        return _Told(permit.sent, now, end, headers.remaining, headers.limit, refused)

    def _learn(self, permit: Permit, told: _Told) -> bool:
        """Take in what an answer tells of its window; `False` if that one is over."""
        previous = self._previous
        if permit.epoch < self._epoch and previous and told.end.overlaps(previous.end):
            return False
        window = self._window
        if window is None:
            if not (previous and self._came_too_early(previous, told)):
                self._open(told)
            return True
        if told.end.latest <= window.end.earliest:
            return False
        after = told.sent >= window.told_at
        changed = after and told.limit not in (None, window.limit)
        refilled = after and told.remaining > window.remaining
        if changed or refilled or told.end.earliest >= window.end.latest:
            self._roll()
            self._unawares = changed
            self._open(told)
        else:
            window.take_in(told)
        return True

    def _came_too_early(self, previous: _Window, told: _Told) -> bool:
        """See whether a probe still met the last window, and then go back to it."""
        end = previous.end
        if told.sent >= end.latest or not told.end.overlaps(end):
            return False
        if told.remaining > previous.remaining - (0 if told.refused else 1):
            self._lag.late_enough()
            return False
        if told.refused:
            self._lag.too_early()
        previous.own += 1
        previous.take_in(told)
        previous.end = evolve(previous.end, expected=end.latest)
        self._window, self._unknown = previous, False
        return True

    def _open(self, told: _Told) -> None:
        own = self.in_flight + (0 if told.refused else 1)
        window = _Window(
            end=told.end,
            limit=max(told.limit or 0, told.remaining + own),
            remaining=told.remaining,
            told_at=told.at,
            own=own,
            sent_at=self._sent_at,
        )
        if self._unawares:
            window.spent_before = max(0, window.limit - told.remaining - own)
            window.ramp = max(2, told.remaining // RAMP)
        window.count_others(told.remaining)
        self._window, self._unknown, self._unawares = window, False, False

    def _kept(self, window: _Window, available: int, waiting: Waiting, *, background: bool) -> int:
        """Tell how much of what is available may only go evenly over the time that is left."""
        before = self._previous.others if self._previous else 0
        kept = SHARE_KEPT * max(window.others, before)
        if not background:
            return 0 if waiting.interactive <= max(1, available // 4) else kept
        if waiting.interactive + waiting.background > available:
            kept += math.ceil(window.limit / TAIL)
        return kept

    def _refuse(
        self, permit: Permit, headers: RateLimitHeaders, now: float, backoff: float
    ) -> None:
        asked = headers.retry_after or 0.0
        if permit.sent >= self._closed_at:
            self.refusals += 1
            if self._window is None:
                self._width = max(1.0, min(self._width, self.in_flight + 1) / 2)
        elif not asked:
            return  # it was sent before the gate closed, and names no other time
        window = self._window
        if window and window.left <= 0 and headers.reset and asked <= headers.reset:
            return  # the window's end is known better than in whole seconds
        until = now + min(LONGEST, asked or headers.reset or backoff)
        if until > self._closed_until:
            self._closed_at, self._closed_until = now, until
        self._unknown, self._probes = True, 1

    def _expire(self, now: float) -> None:
        if self._window is not None and now >= self._window.end.expected:
            self._roll()

    def _roll(self) -> None:
        """Leave the window behind."""
        window = self._window
        if window is not None:
            spent = window.left < window.limit / 2
            self._probes = 1 if spent else max(1, window.limit // RAMP)
            self._previous, self._window = window, None
            self._unknown = True
            self._epoch += 1
            self._out = 0

    def _leave(self, permit: Permit) -> None:
        self.in_flight -= 1
        if permit.epoch == self._epoch:
            self._out -= 1

    def _presume_spent(self, now: float) -> None:
        if self._window is not None:
            self._window.unseen += 1
            self._window.unseen_at = now
