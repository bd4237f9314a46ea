"""What is going to happen at the sandbox, and when. Nothing wakes up for it: whoever looks does."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Agenda:
    """Happenings, each done at its own time once somebody looks at the clock.

    Times are whole microseconds since 1970, as in `times`.

    Attributes:
        on_entered: Called when something was entered, so that whoever waits for `next_due` can
            look at it again.
    """

    def __init__(self) -> None:
        self.on_entered: Callable[[], None] | None = None
        self._entries: list[tuple[int, int, Callable[[int], object]]] = []
        self._tickets = count()

    @property
    def next_due(self) -> int | None:
        """When the next thing happens, or `None` if nothing is going to."""
        return self._entries[0][0] if self._entries else None

    def enter(self, due: int, happening: Callable[[int], object]) -> None:
        """Let `happening` be called with `due` when that time has come."""
        heappush(self._entries, (due, next(self._tickets), happening))
        if self.on_entered is not None:
            self.on_entered()

    def catch_up(self, now: int) -> None:
        """Do what was due until `now`, oldest first, with what that itself enters."""
        entries = self._entries
        while entries and entries[0][0] <= now:
            due, _, happening = heappop(entries)
            happening(due)
