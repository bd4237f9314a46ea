"""Whose turn a reference is within one journal, and what the journal knows of it meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from attrs import Factory, define

from telnyx_orders.journal.intent import Intent, IntentState

__all__ = ["References"]


@define
class _Turn:
    lock: asyncio.Lock = Factory(asyncio.Lock)
    users: int = 0
    holder: "asyncio.Task[object] | None" = None


class References:
    """The references that are in use in one open journal, and no others.

    Args:
        now: Gives the time.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._turns: dict[str, _Turn] = {}
        self._judged: dict[str, Intent] = {}
        self._sending: set[str] = set()
        self._abandoned: dict[str, datetime] = {}

    @asynccontextmanager
    async def hold(self, reference: str) -> AsyncGenerator[None]:
        """Let one task at a time have a reference, first come, first served."""
        turn = self._turns.setdefault(reference, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                turn.holder = asyncio.current_task()
                try:
                    yield
                finally:
                    turn.holder = None
                    self._let_go(reference)
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[reference]

    def _let_go(self, reference: str) -> None:
        self._judged.pop(reference, None)
        if reference in self._sending:
            # It could not be recorded what became of it: from here on nobody sends it.
            self._sending.discard(reference)
            self._abandoned[reference] = self._now()

    def judged(self, reference: str) -> Intent | None:
        """The open intent that the holder has recalled, and so has looked up."""
        return self._judged.get(reference)

    def abandoned(self) -> dict[str, datetime]:
        """What was sent and let go without a record of how it ended, and when."""
        return dict(self._abandoned)

    def recalled(self, reference: str, intent: Intent | None) -> None:
        """Take in what is on record, where that nobody sends it is on record too."""
        self._abandoned.pop(reference, None)
        # Who only looks must not refresh what the holder is about to judge.
        if self.holds(reference) and intent is not None and intent.state is IntentState.OPEN:
            self._judged[reference] = intent

    def holds(self, reference: str) -> bool:
        """Whether the current task has the reference to itself."""
        turn = self._turns.get(reference)
        return turn is not None and turn.holder is asyncio.current_task()

    def leaving(self, reference: str) -> None:
        """Take in that an order is about to be recorded as one that is sent."""
        self._abandoned.pop(reference, None)

    def left(self, reference: str) -> None:
        """Take in that it was recorded."""
        self._judged.pop(reference, None)  # of an attempt before this one
        self._sending.add(reference)

    def ended(self, reference: str) -> None:
        """Take in that it is on record what became of an order, or that nobody knows."""
        self._sending.discard(reference)
        self._judged.pop(reference, None)
        self._abandoned.pop(reference, None)
