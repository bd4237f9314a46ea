"""The thread in which a journal's file is used, so that no fsync holds the event loop."""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from telnyx_orders.order_errors import JournalError

if TYPE_CHECKING:
    from telnyx_orders.journal.store import Store

__all__ = ["StoreWorker"]

T = TypeVar("T")


class StoreWorker:
    """A store, and the one thread that uses it, first come, first served.

    What was given to it is done, even if whoever waits for it is cancelled: a write that was begun
    cannot be taken back, and one that was not must not be lost.

    Args:
        path: The journal's file.
        now: Gives the time.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._executor = ThreadPoolExecutor(1, thread_name_prefix="telnyx-orders-journal")
        self._path = path
        self._now = now
        self._process = os.getpid()
        self._store: Store | None = None
        self._ending = False

    async def open(self) -> None:
        """Open the store. If that fails, or is cancelled, nothing stays open."""
        try:
            await self._done(self._open)
        except BaseException:
            self._submit(self._close)
            self._executor.shutdown(wait=False)
            raise

    async def close(self) -> None:
        """Close the store once all is done that was given, and end the thread."""
        # A process that was forked has no such thread, and what it inherited is not its own.
        if self._process == os.getpid():
            self._ending = True
            try:
                await self._done(self._close)
            finally:
                self._executor.shutdown(wait=False)

    async def run(self, use: "Callable[[Store], T]") -> T:
        """Use the store, and give what that gives."""
        self._check_process()
        return await self._done(lambda: use(self._opened()))

    def after_all(self, use: "Callable[[Store], object]") -> None:
        """Use the store when all is done that was given; `close` waits for it.

        Once it is being closed, nothing more is done: closing gives back what is being sent.
        """
        if not self._ending:
            self._submit(lambda: use(self._opened()))

    def _open(self) -> None:
        from telnyx_orders.journal.store import Store

        self._store = Store(self._path)

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close(self._now())

    def _opened(self) -> "Store":
        if self._store is None:
            raise JournalError(f"the journal {self._path} was closed meanwhile")
        return self._store

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise JournalError(
                f"the journal {self._path} was opened before this process was forked. Fork before "
                "you open it, and give each process an OrderJournal of its own"
            )

    async def _done(self, function: Callable[[], T]) -> T:
        future = self._submit(function)
        await asyncio.wait([future])
        return future.result()

    def _submit(self, function: Callable[[], T]) -> "asyncio.Future[T]":
        future = asyncio.wrap_future(self._executor.submit(function))
        # Whoever was cancelled no longer asks how it went, and asyncio would complain of that.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future
