"""When the next request may go, by what the answers so far tell of the rate limit. No I/O.

The server counts requests in windows, for the whole account. Each answer tells what its window
leaves and, often in whole seconds, when it ends; answers come in any order, and other processes
spend from the same window unseen. From that the gate decides:

- It spends what a window leaves, less what is in flight. With nothing left it is closed until the
  window ends.
- A new window is probed with one request before the others follow, since nobody knows who has
  spent of it already. So is a server of which nothing is known yet.
- Where a window empties faster than our own requests explain, others are at work. Then the gate
  keeps some times of it what they used in the window before, and hands that out evenly over the
  time that is left, as all of them do. A process with the larger share keeps back more than one
  with the smaller, so that shares drift together.
- A bulk fetch that needs more than a window has never takes the last of it at once, so that a
  process that joins, and a request that somebody waits for, find something.
- A 429 closes the gate for everybody, until the time that the server names, or for a backoff.
- A server that refuses without telling anything is met with additive increase and multiplicative
  decrease of the requests in flight.
"""

import math

from attrs import evolve, frozen

from telnyx_orders.rate_limit_headers import RateLimitHeaders
from telnyx_orders.rate_limit_window import LONGEST, RAMP, Lag, Told, Window, WindowEnd

__all__ = ["Permit", "RateLimitGate", "Waiting"]

PATIENCE = 0.5
"""Seconds after which a probe that has no answer yet no longer holds up the next."""

SHARE_KEPT = 4
"""How many times what others used is kept for them; 2 would keep uneven shares as they are."""

TAIL = 20
"""A bulk fetch hands out evenly one part in so many of a window that it will use up."""

PACE = 1.5
"""How much faster than evenly that is: what is left over when a window ends is lost."""

LONGEST_PACE = 5.0
"""Seconds between two requests at most, as long as something is available."""

NEWCOMER = 8
"""Who gets less than one part in so many has not found its share yet."""

MOST_OTHERS = 4.0
"""How many requests of others for one of ours are reckoned with at most."""

EARLIER = 0.25
"""By which part of what is unknown of a window's end a newcomer looks for the next one sooner."""


@frozen(eq=False, repr=False)
class Permit:
    """Lets one request go.

    Attributes:
        sent: When, on the gate's clock.
        epoch: Which window it was meant for, as the gate counts them.
    """

    sent: float
    epoch: int


@frozen(eq=False, repr=False)
class Waiting:
    """How many requests wait.

    Attributes:
        interactive: Those that somebody waits for.
        background: Those of bulk fetches.
    """

    interactive: int
    background: int


class RateLimitGate:
    """Decides when requests may go. All times are seconds on one monotonic clock.

    Whoever sends asks `opens_at()`, takes a permit with `start()` once that time has come, and
    gives it back with `answered()`, `lost()` or `unused()`.

    Attributes:
        in_flight: How many permits are out.
        refusals: How many times in a row it was closed by a 429.
    """

    def __init__(self) -> None:
        self.in_flight: int = 0
        self.refusals: int = 0
        self._window: Window | None = None
        self._previous: Window | None = None
        self._epoch = 0
        # Of this epoch: how many are out, and how many may be while the budget is unknown.
        self._out = 0
        self._probes = 1
        self._strays = 0  # ended while the window was not known that counted them
        self._unknown = True
        self._unawares = True
        self._sent_at = -math.inf
        self._closed_at = self._closed_until = -math.inf
        self._width = math.inf
        self._lag = Lag()

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
        left = window.end.expected - window.sent_at
        pace = left / (PACE * available)
        if available <= self._others_for_one(window) * (self.in_flight + 1):
            pace = left  # others have it already, as far as we can tell
        return min(window.end.expected, window.sent_at + min(LONGEST_PACE, pace))

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
        told = Told.read(headers, sent=permit.sent, came=now, refused=refused, lag=self._lag)
        if told is not None and not self._learn(permit, told):
            if not refused:
                self._presume_spent(now)
            return
        if refused:
            self._refuse(permit, headers, now, backoff)
            return
        if told is None:
            self._presume_spent(now)
        if permit.sent > self._closed_at:
            self.refusals = 0
            self._width += 1 / self._width
            # A gateway that fails tells nothing; an answer of the API itself would.
            self._unknown &= told is None and (self._window is not None or status >= 500)

    def _learn(self, permit: Permit, told: Told) -> bool:
        """Take in what an answer tells of its window; `False` if that one is over."""
        previous, window = self._previous, self._window
        if permit.epoch < self._epoch and previous and told.end.overlaps(previous.end):
            return False
        if window is None:
            if previous and self._still_runs(previous, told):
                previous.take_back(told)
                self._window, self._unknown = previous, False
            else:
                self._open(told)
        elif window.follows(told):
            return False
        elif window.is_over(told):
            self._roll()
            self._open(told)
        else:
            window.take_in(told)
        return True

    def _still_runs(self, previous: Window, told: Told) -> bool:
        """See whether a probe met the window that was thought to be over."""
        if told.sent >= previous.end.latest:
            return False
        refilled = told.remaining > previous.remaining - (0 if told.refused else 1)
        if refilled or not told.end.overlaps(previous.end):
            self._lag.late_enough()
            return False
        if told.refused and not previous.others:
            self._lag.too_early()
        return True

    def _open(self, told: Told) -> None:
        own = self.in_flight + self._strays + (0 if told.refused else 1)
        window = Window.opened(told, own=own, sent_at=self._sent_at, unawares=self._unawares)
        previous = self._previous
        starved = previous is not None and previous.own * NEWCOMER <= previous.limit
        if previous and starved and (window.others or told.refused):
            window.end = _sooner(told, previous)
        elif told.refused or window.spent_before:
            # It began some time before our request, so there is no guessing when it ends.
            window.end = evolve(window.end, expected=window.end.latest)
        self._window, self._unknown, self._unawares = window, False, False

    def _kept(self, window: Window, available: int, waiting: Waiting, *, background: bool) -> int:
        """Tell how much of what is available may only go evenly over the time that is left."""
        before = self._previous.others if self._previous else 0
        kept = SHARE_KEPT * max(window.others, before)
        if not background:
            return 0 if waiting.interactive <= max(1, available // 4) else kept
        # Those in flight may come back for more.
        if waiting.interactive + waiting.background + self.in_flight > available:
            kept += math.ceil(window.limit / TAIL)
        return kept

    def _others_for_one(self, window: Window) -> float:
        """Tell how many requests of others go for one of ours, where all go evenly."""
        ratio = 0.0
        for one in (window, self._previous):
            if one and one.others:
                # What a newcomer sees of others went at once, and not evenly.
                newcomer = one.own * NEWCOMER <= one.limit
                ratio = max(ratio, 1.0 if newcomer else one.others / one.own)
        return min(MOST_OTHERS, ratio)

    def _refuse(
        self, permit: Permit, headers: RateLimitHeaders, now: float, backoff: float
    ) -> None:
        asked = headers.retry_after or 0.0
        if permit.sent > self._closed_at:
            self.refusals += 1
            if self._window is None:
                self._width = max(1.0, min(self._width, self.in_flight + 1) / 2)
        elif not asked:
            return  # it was sent before the gate closed, and names no other time
        window = self._window
        if window and window.left <= 0 and headers.reset and asked <= headers.reset:
            return  # closed as long as the window runs, whose end is known better than `reset`
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
            self._out = self._strays = 0

    def _leave(self, permit: Permit) -> None:
        self.in_flight -= 1
        if permit.epoch == self._epoch:
            self._out -= 1

    def _presume_spent(self, now: float) -> None:
        if self._window is None:
            self._strays += 1
        else:
            self._window.lose(now)


def _sooner(told: Told, previous: Window) -> WindowEnd:
    """Look for the next window sooner, as others know better when this one ends."""
    earliest, latest = told.end.earliest, told.end.latest
    if told.length:
        # It began after the last request that the window before it counted.
        earliest = min(latest, max(earliest, previous.asked_at + told.length))
    return WindowEnd(earliest, latest, latest - (latest - earliest) * EARLIER)
