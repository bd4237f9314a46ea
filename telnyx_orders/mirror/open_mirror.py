"""`OpenMirror`: the file of a mirror and the thread that is at it."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from telnyx_orders.mirror.database import foreign_errors
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.outbox import Untold
from telnyx_orders.mirror.store import MirrorStore
from telnyx_orders.one_thread import OneThread

__all__ = ["OpenMirror"]

T = TypeVar("T")


class OpenMirror:
    """Does what is asked of a mirror's store in its thread, one after the other.

    Args:
        path: The file, with no symbolic link in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread: OneThread | None = None
        self._store: MirrorStore | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self._store is not None and self._thread is not None

    async def open(self) -> None:
        """Open the file.

        Raises:
            MirrorError: It is open already, or cannot be used.
        """
        if self._thread is not None:
            raise MirrorError(f"the mirror {self.path} is open already")
        self._thread = thread = OneThread("telnyx-orders-mirror")
        try:
            await thread.run(self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let the file go, once all is done that was asked for."""
        thread, self._thread = self._thread, None
        if thread is not None:
            closing = thread.submit(self._close)
            thread.end()
            await asyncio.wait([closing])
            closing.result()

    async def do(self, work: Callable[[MirrorStore], T]) -> T:
        """Do some work, and give what it gives.

        Raises:
            MirrorError: The mirror is not open, or cannot be used.
        """
        future = self._submit(work)
        await asyncio.wait([future])
        return future.result()

    async def take(self, work: Callable[[MirrorStore], list[Untold]]) -> list[Untold]:
        """Do some work, and give its changes; if whoever waits is cancelled, they stay untold."""
        future = self._submit(work)
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            future.add_done_callback(self._give_back)
            raise
        return future.result()

    def settle(self, taken: Iterable[Untold], left: Iterable[Untold] = ()) -> None:
        """Have changes forgotten that were taken, and those told again that were not.

        Nothing is waited for: where it fails, they are told once more.
        """
        self.settle_numbers([one.number for one in taken], [one.number for one in left])

    def settle_numbers(self, taken: list[int], left: list[int]) -> None:
        """Do the same, by their numbers."""

        def work(store: MirrorStore) -> None:
            store.outbox.give_back(left)
            if taken:
                store.taken(taken)

        if (taken or left) and self.is_open:
            self._submit(work)

    def _submit(self, work: Callable[[MirrorStore], T]) -> "asyncio.Future[T]":
        store, thread = self._store, self._thread
        if store is None or thread is None:
            raise MirrorError(f"the mirror {self.path} is not open: use it in `async with`")

        def careful() -> T:
            with foreign_errors(self.path):
                return work(store)

        return thread.submit(careful)

    def _give_back(self, future: "asyncio.Future[list[Untold]]") -> None:
        if not future.cancelled() and future.exception() is None:
            self.settle([], future.result())

    def _open(self) -> None:
        self._store = MirrorStore(self.path)

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
