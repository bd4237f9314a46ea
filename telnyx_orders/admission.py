"""The line in which requests wait for a place among those in flight, and for the rate limit.

Who goes next is decided here; when, by the gate. Nothing runs in the background: one of those who
wait keeps the time for all, and hands that on when it leaves.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Iterator

from attrs import define

from telnyx_orders.clock import Clock
from telnyx_orders.rate_limit import Permit, RateLimitGate, Waiting
from telnyx_orders.rate_limit_headers import RateLimitHeaders
from telnyx_orders.retry import RetryPolicy

__all__ = ["Admission", "HeldTooLongError"]

logger: logging.Logger = logging.getLogger("telnyx_orders")

FAIR_TURN = 8
"""After so many interactive requests in a row a background one goes, if one waits."""

SAME_CLOSING = 1.0
"""Seconds by which the end of a closing may move without being told of again."""


class HeldTooLongError(Exception):
    """The rate limit would hold a request for longer than it may wait.

    Attributes:
        seconds: How long until requests may go again.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@define(eq=False, repr=False)
class _Waiter:
    background: bool
    allowed: float
    held_before: float
    permit: Permit | None = None
    held_too_long: float | None = None
    call: "asyncio.Future[None] | None" = None

    @property
    def waits(self) -> bool:
        return self.permit is None and self.held_too_long is None

    def wake(self) -> None:
        if self.call is not None and not self.call.done():
            self.call.set_result(None)


class _Line:
    """Two lines, each first come first served; interactive requests go ahead, within reason."""

    def __init__(self) -> None:
        self.interactive: deque[_Waiter] = deque()
        self.background: deque[_Waiter] = deque()
        self.in_a_row = 0

    def __len__(self) -> int:
        return len(self.interactive) + len(self.background)

    def __iter__(self) -> Iterator[_Waiter]:
        yield from self.interactive
        yield from self.background

    def of(self, waiter: _Waiter) -> deque[_Waiter]:
        return self.background if waiter.background else self.interactive

    def next(self) -> list[_Waiter]:
        """Give those who are next: the first of them that the gate lets through."""
        if not self.interactive:
            return [self.background[0]] if self.background else []
        if self.background and self.in_a_row >= FAIR_TURN:
            return [self.background[0], self.interactive[0]]
        return [self.interactive[0]]

    def serve(self, waiter: _Waiter) -> None:
        self.of(waiter).popleft()
        self.in_a_row = 0 if waiter.background or not self.background else self.in_a_row + 1


class Admission:
    """Lets requests go one after the other, as the places and the rate limit allow.

    Args:
        gate: What decides when a request may go.
        places: How many requests may be in flight.
        policy: How long to stay away after a 429 that names no time.
        clock: What measures and waits.
    """

    def __init__(self, gate: RateLimitGate, places: int, policy: RetryPolicy, clock: Clock) -> None:
        self._gate = gate
        self._places = places
        self._policy = policy
        self._clock = clock
        self._line = _Line()
        self._timekeeper: _Waiter | None = None
        self._wake_at = math.inf
        # How long the rate limit has held somebody for whom there was a place, in all.
        self._held = 0.0
        self._held_since: float | None = None
        self._closed_until = -math.inf

    async def enter(self, *, background: bool, again: bool, allowed: float) -> tuple[Permit, float]:
        """Wait for a place and for the rate limit.

        Args:
            background: Whether interactive requests go ahead.
            again: Whether the request has been sent before, and so goes ahead of its class.
            allowed: How many seconds the rate limit may hold it: an interactive request in all, a
                background one at a time.

        Returns:
            The permit, to be given back with `leave()`, and how many seconds the rate limit held.

        Raises:
            HeldTooLongError: The rate limit would hold it for longer.
        """
        waiter = _Waiter(background, allowed, self._held_by(self._clock.monotonic()))
        line = self._line.of(waiter)
        if again:
            line.appendleft(waiter)
        else:
            line.append(waiter)
        through = False
        try:
            self._admit()
            self._dismiss([waiter])
            while waiter.waits:
                await self._wait(waiter)
            if waiter.permit is None:
                raise HeldTooLongError(waiter.held_too_long or 0.0)
            through = True
            return waiter.permit, self._held_by(self._clock.monotonic()) - waiter.held_before
        finally:
            if not through:
                self._withdraw(waiter)

    def leave(
        self, permit: Permit, status: int | None = None, headers: RateLimitHeaders | None = None
    ) -> None:
        """Give a permit back; without a status if no answer came."""
        now = self._clock.monotonic()
        if status is None or headers is None:
            self._gate.lost(permit, now)
        else:
            chance = self._clock.random()
            backoff = self._policy.wait(self._gate.refusals + 1, None, chance)
            self._gate.answered(permit, status, headers, now, backoff)
        self._admit()

    def closed_for(self) -> float:
        """Tell for how many seconds nothing will go."""
        now = self._clock.monotonic()
        return max(0.0, (self._gate.closed_until(now) or now) - now)

    def _withdraw(self, waiter: _Waiter) -> None:
        if waiter.permit is not None:
            self._gate.unused(waiter.permit)
        elif waiter.held_too_long is None:
            self._line.of(waiter).remove(waiter)
        self._admit()

    async def _wait(self, waiter: _Waiter) -> None:
        waiter.call = asyncio.get_running_loop().create_future()
        if self._timekeeper is not None or self._wake_at == math.inf:
            await waiter.call
            return
        self._timekeeper = waiter
        pause = max(0.0, self._wake_at - self._clock.monotonic())
        sleep = asyncio.ensure_future(self._clock.sleep(pause))
        try:
            await asyncio.wait({sleep, waiter.call}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._timekeeper = None
            if not sleep.done():
                sleep.cancel()
                await asyncio.wait({sleep})
        if not sleep.cancelled():
            sleep.result()
        self._admit()

    def _admit(self) -> None:
        """Let go who may, and see who has to keep the time until when."""
        now = self._clock.monotonic()
        held_until = None
        while self._line and held_until is None and self._gate.in_flight < self._places:
            held_until = self._admit_one(now)
        if held_until == math.inf:
            held_until = None  # until an answer comes, as where there is no place
        self._note_held(now, held=held_until is not None)
        if self._line:
            self._note_closed(now)
        wake_at = math.inf if held_until is None else self._or_patience_ends(now, held_until)
        changed, self._wake_at = wake_at != self._wake_at, wake_at
        if self._timekeeper is None:
            for waiter in self._line:
                waiter.wake()
                break
        elif changed:
            self._timekeeper.wake()

    def _admit_one(self, now: float) -> float | None:
        """Let one go, or tell until when the gate holds them."""
        waiting = Waiting(len(self._line.interactive), len(self._line.background))
        opens_at = math.inf
        for waiter in self._line.next():
            opens_at = min(
                opens_at, self._gate.opens_at(now, waiting, background=waiter.background)
            )
            if opens_at <= now:
                self._line.serve(waiter)
                waiter.permit = self._gate.start(now)
                waiter.wake()
                return None
        return opens_at

    def _or_patience_ends(self, now: float, held_until: float) -> float:
        """Send away the interactive request that waits longest if need be, or tell when."""
        while self._line.interactive:
            waiter = self._line.interactive[0]
            ends = now + waiter.allowed - (self._held_by(now) - waiter.held_before)
            if ends > now:
                return min(held_until, ends)
            self._send_away(waiter, held_until - now)
        return held_until

    def _held_by(self, now: float) -> float:
        return self._held + (0.0 if self._held_since is None else now - self._held_since)

    def _note_held(self, now: float, *, held: bool) -> None:
        self._held = self._held_by(now)
        self._held_since = now if held else None

    def _note_closed(self, now: float) -> None:
        until = self._gate.closed_until(now)
        if until is None or until <= self._closed_until:
            return
        if now >= self._closed_until or until > self._closed_until + SAME_CLOSING:
            if self._gate.refusals:
                logger.warning("answered 429: no request is sent for %.2f s", until - now)
            else:
                logger.info("rate limit used up: no request is sent for %.2f s", until - now)
        self._closed_until = until
        self._dismiss(list(self._line))

    def _dismiss(self, waiters: list[_Waiter]) -> None:
        """Send away those who would be held for too long."""
        now = self._clock.monotonic()
        until = self._gate.closed_until(now)
        if until is None:
            return
        for waiter in waiters:
            held = 0.0 if waiter.background else self._held_by(now) - waiter.held_before
            if waiter.waits and held + until - now > waiter.allowed:
                self._send_away(waiter, until - now)

    def _send_away(self, waiter: _Waiter, seconds: float) -> None:
        self._line.of(waiter).remove(waiter)
        waiter.held_too_long = seconds
        waiter.wake()
