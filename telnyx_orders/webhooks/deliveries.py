"""Which events were delivered before: what a store of them must do, and one in memory."""

from collections import OrderedDict
from enum import StrEnum
from typing import Protocol

from telnyx_orders.clock import Clock
from telnyx_orders.configuration import check_count, check_seconds

__all__ = ["Claim", "DeliveryStore", "MemoryDeliveryStore"]


class Claim(StrEnum):
    """What a store says to whoever wants to act on an event."""

    NEW = "new"
    """Nobody has acted on it: it is now the caller's, who must say `done` or `release`."""
    IN_PROGRESS = "in_progress"
    """Somebody else is acting on it and may yet fail."""
    DONE = "done"
    """It has been acted on."""


class DeliveryStore(Protocol):
    """Remembers events, so that each is acted on once however often it is delivered.

    Several processes can share one. A claim must be atomic: of several at once, one gets `NEW`.
    A claim must also end by itself some time, longer than acting on an event takes, as a process
    may die with it. What a store raises fails the delivery, and the sender tries again; under
    FastAPI that takes `Depends(..., scope="function")`, or the answer is sent before `done`.

    When the one who acts on an event is cancelled, the call of the store that is under way goes on
    to its end, for up to 5 seconds, so that no claim stays that nobody has.
    """

    async def claim(self, event_id: str) -> Claim:
        """Ask to act on an event."""
        ...

    async def done(self, event_id: str) -> None:
        """Note that the event of a claim was acted on."""
        ...

    async def release(self, event_id: str) -> None:
        """Give a claim back, since acting on the event failed."""
        ...


class MemoryDeliveryStore:
    """Remembers events in the memory of this process, for one process that may forget them.

    Args:
        max_ids: How many events that were acted on to remember; the oldest are forgotten first.
            100,000 take some 15 MB.
        max_age: For how many seconds to remember them.
        clock: Where to take the time from.

    Raises:
        ConfigurationError: A bound is not above 0.
    """

    def __init__(
        self, *, max_ids: int = 100_000, max_age: float = 86_400, clock: Clock | None = None
    ) -> None:
        check_count("max_ids", max_ids)
        check_seconds("max_age", max_age)
        self._max_ids = max_ids
        self._max_age = max_age
        self._clock = clock or Clock()
        self._in_progress: set[str] = set()  # as many as there are requests: never forgotten
        # In the order in which they were done. A plain dict finds its first key by going past all
        # that were deleted before it: forgetting many would hold up the event loop for seconds.
        self._done: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._done) + len(self._in_progress)

    async def claim(self, event_id: str) -> Claim:
        """Ask to act on an event."""
        self._forget()
        if event_id in self._done:
            return Claim.DONE
        if event_id in self._in_progress:
            return Claim.IN_PROGRESS
        self._in_progress.add(event_id)
        return Claim.NEW

    async def done(self, event_id: str) -> None:
        """Note that the event of a claim was acted on."""
        self._in_progress.discard(event_id)
        self._done[event_id] = self._clock.monotonic()
        self._forget()

    async def release(self, event_id: str) -> None:
        """Give a claim back, since acting on the event failed."""
        self._in_progress.discard(event_id)

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._max_age
        while self._done:
            if next(iter(self._done.values())) >= oldest and len(self._done) <= self._max_ids:
                return
            self._done.popitem(last=False)
