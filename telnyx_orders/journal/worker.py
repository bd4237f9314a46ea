"""The thread in which a journal's database is used, so that no fsync holds the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Worker"]

T = TypeVar("T")


class Worker:
    """One thread that runs what it is given, first come, first served.

    What was given to it is done, even if whoever waits for it is cancelled: a write that was begun
    cannot be taken back, and one that was not must not be lost.
    """

    def __init__(self) -> None:
        # Loaded by whoever opens a journal, and not by each program that imports the package.
        from concurrent.futures import ThreadPoolExecutor

        self._executor = ThreadPoolExecutor(1, thread_name_prefix="telnyx-orders-journal")

    def submit(self, function: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        """Have a function run when what came before it is done."""
        future = asyncio.wrap_future(self._executor.submit(function, *arguments))
        # Whoever is cancelled no longer asks how it went, and asyncio would complain of that.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Run a function and give what it gives."""
        future = self.submit(function, *arguments)
        await asyncio.wait([future])
        return future.result()

    def end(self) -> None:
        """Let the thread end when all is done that it was given."""
        self._executor.shutdown(wait=False)
