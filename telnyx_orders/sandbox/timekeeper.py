"""`Timekeeper`: lets what is due at a sandbox happen at its time, for who must hear of it then."""

import asyncio
from collections.abc import Callable

from telnyx_orders.sandbox.account import Account


class Timekeeper:
    """Looks at the clock whenever something is due, and not only when a request arrives.

    Args:
        account: Where things are due.
        clock: Seconds since 1970. It waits real seconds, so a clock that jumps is to be followed by
            a call of `Account.catch_up`.
    """

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        self._account = account
        self._clock = clock
        self._entered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in a task that `stop` ends."""
        self._account.agenda.on_entered = self._entered.set
        self._task = asyncio.create_task(self._keep(), name="sandbox timekeeper")

    async def stop(self) -> None:
        """End; may be repeated."""
        task, self._task = self._task, None
        if task is not None:
            self._account.agenda.on_entered = None
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    async def _keep(self) -> None:
        while True:
            self._entered.clear()
            self._account.catch_up()
            due = self._account.next_due
            seconds = None if due is None else max(due - self._clock(), 0.0)
            try:
                async with asyncio.timeout(seconds):
                    await self._entered.wait()
            except TimeoutError:
                continue
