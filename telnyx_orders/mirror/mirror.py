"""`Mirror` and `sync`: what users call."""

import asyncio
import math
import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from telnyx_orders.clock import Clock
from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.mirror.changes import OrderChange, SyncReport
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.run import SyncRun
from telnyx_orders.mirror.store import MirrorStore
from telnyx_orders.models import NumberOrder
from telnyx_orders.one_thread import OneThread

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient
    from telnyx_orders.webhooks import WebhookEvent

__all__ = ["DAY", "Mirror", "Sync", "sync"]

DAY = 86_400.0
"""Seconds; by default the whole account is read that often."""


class Mirror:
    """A local copy of an account's orders, in an SQLite file that other programs may read.

    Use it in `async with`. One process at a time may have it open; readers of the file need no
    permission of it.

    Args:
        path: The file; it is made if it is not there. The folder must exist.
        clock: Where the time comes from, for tests.

    Raises:
        MirrorError: When it is opened: it is no mirror, or another process has it open.

    Example:
        >>> async with OrdersClient() as client, Mirror("orders.db") as mirror:
        ...     async for change in mirror.sync(client):
        ...         print(change.kind, change.order.id)
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        self._path = Path(path).absolute()
        self._clock = clock or Clock()
        self._thread: OneThread | None = None
        self._store: MirrorStore | None = None
        self._syncing = False

    def __repr__(self) -> str:
        return f"<Mirror {self._path} {'closed' if self._store is None else 'open'}>"

    async def __aenter__(self) -> Self:
        if self._thread is not None:
            raise MirrorError(f"the mirror {self._path} is open already")
        self._thread = thread = OneThread("telnyx-orders-mirror")
        try:
            await thread.run(self._open)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end()

    def sync(
        self, client: "OrdersClient", *, full: bool = False, full_after: float = DAY
    ) -> "Sync":
        """Bring it up to date: see `sync`, which opens a mirror of its own."""
        return Sync(self, client, 0.0 if full else _checked_seconds("full_after", full_after))

    async def watch(
        self,
        client: "OrdersClient",
        seconds: float,
        *,
        full_after: float = DAY,
        on_error: Callable[[TelnyxError], None] | None = None,
    ) -> AsyncGenerator[OrderChange]:
        """Bring it up to date again and again, and give each change.

        Args:
            client: Whose account it is.
            seconds: How long to wait between two syncs.
            full_after: As for `sync`.
            on_error: Called with an error that may pass, after which it goes on.

        Raises:
            TelnyxError: One that will not pass, such as a key that is refused.
        """
        pause = _checked_seconds("seconds", seconds)
        while True:
            try:
                async with aclosing(self.sync(client, full_after=full_after).changes()) as found:
                    async for change in found:
                        yield change
            except TelnyxError as error:
                # What lacks its proof may have it the next time; what cannot pass comes again.
                if not (error.transient or isinstance(error, IncompleteFetchError)):
                    raise
                if on_error is not None:
                    on_error(error)
            await self._clock.sleep(pause)

    async def apply(self, event: "WebhookEvent") -> OrderChange | None:
        """Take in a verified event; give what changed by it, if anything did.

        An event that is repeated, or older than what is known, changes nothing, and one that is
        not about an order neither. What its payload lacks stays as it was.

        Raises:
            MirrorError: The mirror is not open, or cannot be used.
        """
        order = event.payload
        if not isinstance(order, NumberOrder):
            return None
        store, thread = self._opened()
        return await thread.run(lambda: store.apply(order, event.occurred_at))

    async def get(self, order_id: str) -> NumberOrder | None:
        """Give an order as the mirror has it; `None` if it has none, or it is gone.

        Raises:
            MirrorError: The mirror is not open, or cannot be used.
        """
        store, thread = self._opened()
        return await thread.run(lambda: store.get(order_id))

    async def changes(
        self, client: "OrdersClient", full_after: float, report: Callable[[SyncReport], None]
    ) -> AsyncGenerator[OrderChange]:
        """Give the changes of one sync, and then its report."""
        store, thread = self._opened()
        if self._syncing:
            raise MirrorError(f"the mirror {self._path} is being synced already")
        self._syncing = True
        run = SyncRun(client, store, thread, self._clock, full_after)
        try:
            async with aclosing(run.changes()) as found:
                async for changes in found:
                    for change in changes:
                        yield change
        finally:
            self._syncing = False
        report(run.report)

    def _open(self) -> None:
        self._store = MirrorStore(self._path)

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    async def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            closing = thread.submit(self._close)
            thread.end()
            await asyncio.wait([closing])
            closing.result()

    def _opened(self) -> tuple[MirrorStore, OneThread]:
        if self._store is None or self._thread is None:
            raise MirrorError(f"the mirror {self._path} is not open: use it in `async with`")
        return self._store, self._thread


class Sync:
    """A sync that nothing has been asked of yet: `await` it for its report, or iterate.

    Iterating gives each `OrderChange` once it is on the disk; then `report` sums it up.
    """

    def __init__(
        self, mirror: Mirror, client: "OrdersClient", full_after: float, *, opens: bool = False
    ) -> None:
        self._mirror = mirror
        self._client = client
        self._full_after = full_after
        self._opens = opens
        self._report: SyncReport | None = None

    @property
    def report(self) -> SyncReport | None:
        """What was found, once it has ended well; `None` before."""
        return self._report

    def __aiter__(self) -> AsyncGenerator[OrderChange]:
        return self.changes()

    def __await__(self) -> Generator[object, None, SyncReport]:
        return self._whole().__await__()

    async def changes(self) -> AsyncGenerator[OrderChange]:
        """Give each change."""
        async with AsyncExitStack() as stack:
            if self._opens:
                await stack.enter_async_context(self._mirror)
            found = self._mirror.changes(self._client, self._full_after, self._keep)
            await stack.enter_async_context(aclosing(found))
            async for change in found:
                yield change

    async def _whole(self) -> SyncReport:
        async with aclosing(self.changes()) as found:
            async for _ in found:
                pass
        if self._report is None:
            raise MirrorError("the sync was left before its end")
        return self._report

    def _keep(self, report: SyncReport) -> None:
        self._report = report


def sync(
    client: "OrdersClient",
    path: str | os.PathLike[str],
    *,
    full: bool = False,
    full_after: float = DAY,
    clock: Clock | None = None,
) -> Sync:
    """Bring a local mirror of an account's orders up to date, and make it if it is not there.

    The first time the whole account is read. Later it takes few requests where little has changed:
    new orders are listed, and counts tell whether pending orders have ended, others are gone, or
    requirements were met; where they differ, what differs is found by halving. What counts do not
    tell, such as another reference of an order that has ended, is seen when the whole account is
    read again. Each change is committed before it is given; killed at any time, the mirror is
    consistent and the next sync goes on.

    Args:
        client: Whose account it is.
        path: The SQLite file. Its tables are described in `telnyx_orders.mirror.database`.
        full: Read the whole account now.
        full_after: Seconds after which the whole account is read again, a day by default.
        clock: Where the time comes from, for tests.

    Returns:
        What can be awaited, for a `SyncReport`, or iterated over, for each `OrderChange`.

    Raises:
        MirrorError: The file cannot be used, is of another account, or another process is at it.
        TelnyxError: The API could not be asked. What was found before is kept.

    Example:
        >>> report = await sync(client, "orders.db")
        >>> async for change in sync(client, "orders.db"):
        ...     print(change.kind, change.order.id, change.order.status)
    """
    mirror = Mirror(path, clock=clock)
    return Sync(
        mirror, client, 0.0 if full else _checked_seconds("full_after", full_after), opens=True
    )


def _checked_seconds(argument: str, value: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{argument}: expected seconds, got {type(value).__name__} {value!r}")
    if not 0 <= value < math.inf:
        raise ValueError(f"{argument}: expected 0 seconds or more, got {value!r}")
    return float(value)
