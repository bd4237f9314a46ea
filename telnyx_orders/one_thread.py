"""`OneThread`: blocking work in a thread of its own, which is done whoever is cancelled."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

__all__ = ["OneThread"]

T = TypeVar("T")


class OneThread:
    """A thread that does what it is given, first come, first served.

    What was given to it is done, even if whoever waits for it is cancelled: a write that was begun
    cannot be taken back, and one that was not must not be lost.

    Args:
        name: What the thread is called.
    """

    def __init__(self, name: str) -> None:
        # Loaded by whoever needs it, and not by each program that imports the package.
        from concurrent.futures import ThreadPoolExecutor

        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Do some work, and give what it gives."""
        future = self.submit(work)
        await asyncio.wait([future])
        return future.result()

    def submit(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Do some work when all is done that was given before."""
        future = asyncio.wrap_future(self._executor.submit(work))
        # Whoever was cancelled no longer asks how it went, and asyncio would complain of that.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    def end(self) -> None:
        """End the thread once all is done that was given."""
        self._executor.shutdown(wait=False)
