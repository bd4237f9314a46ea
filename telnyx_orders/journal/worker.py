"""The thread in which a journal's file is used, so that no fsync holds the event loop."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from telnyx_orders.one_thread import OneThread
from telnyx_orders.order_errors import JournalError

if TYPE_CHECKING:
    from telnyx_orders.journal.store import Store

__all__ = ["StoreWorker"]

T = TypeVar("T")


class StoreWorker:
    """A store, and the one thread that uses it, first come, first served.

    Args:
        path: The journal's file.
        now: Gives the time.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._thread = OneThread("telnyx-orders-journal")
        self._path = path
        self._now = now
        self._process = os.getpid()
        self._store: Store | None = None
        self._ending = False

    async def open(self) -> None:
        """Open the store. If that fails, or is cancelled, nothing stays open."""
        try:
            await self._thread.run(self._open)
        except BaseException:
            self._thread.submit(self._close)
            self._thread.end()
            raise

    async def close(self) -> None:
        """Close the store once all is done that was given, and end the thread."""
        # A process that was forked has no such thread, and what it inherited is not its own.
        if self._process == os.getpid():
            self._ending = True
            try:
                await self._thread.run(self._close)
            finally:
                self._thread.end()

    async def run(self, use: "Callable[[Store], T]") -> T:
        """Use the store, and give what that gives."""
        self._check_process()
        return await self._thread.run(lambda: use(self._opened()))

    def after_all(self, use: "Callable[[Store], object]") -> None:
        """Use the store when all is done that was given; `close` waits for it.

        Once it is being closed, nothing more is done: closing gives back what is being sent.
        """
        if not self._ending:
            self._thread.submit(lambda: use(self._opened()))

    def _open(self) -> None:
        from telnyx_orders.journal.store import Store

        self._store = Store(self._path, self._now())

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
