"""`Mirror` and `sync`: what users call."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from telnyx_orders.clock import Clock, checked_seconds
from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.mirror.changes import OrderChange, SyncReport
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.one_sync import Sync
from telnyx_orders.mirror.open_mirror import OpenMirror
from telnyx_orders.mirror.run import SyncRun
from telnyx_orders.mirror.watch import DAY, Watch
from telnyx_orders.models import NumberOrder

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient
    from telnyx_orders.webhooks import WebhookEvent

__all__ = ["Mirror", "sync"]


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
        # By its one true name: another one of the same file would have another lock.
        self._file = OpenMirror(Path(os.path.realpath(path)))
        self._clock = clock or Clock()
        self._turn = asyncio.Lock()
        self._syncing: asyncio.Task[object] | None = None

    def __repr__(self) -> str:
        return f"<Mirror {self._file.path} {'open' if self._file.is_open else 'closed'}>"

    async def __aenter__(self) -> Self:
        await self._file.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._file.close()

    def sync(
        self, client: "OrdersClient", *, full: bool = False, full_after: float = DAY
    ) -> "Sync":
        """Bring it up to date: see `sync`, which opens a mirror of its own."""
        return Sync(self, client, _due_after(full_after, full=full))

    async def watch(
        self,
        client: "OrdersClient",
        seconds: float,
        *,
        full: bool = False,
        full_after: float = DAY,
        on_error: Callable[[TelnyxError], None] | None = None,
    ) -> AsyncGenerator[OrderChange]:
        """Bring it up to date again and again, and give each change.

        Args:
            client: Whose account it is.
            seconds: How long to wait between two syncs.
            full: Read the whole account the first time.
            full_after: As for `sync`.
            on_error: Called with an error that may pass, after which it goes on.

        Raises:
            TelnyxError: One that will not pass, such as a key that is refused.
        """
        watch = Watch(
            client=client,
            pause=checked_seconds("seconds", seconds, or_zero=True),
            full=full,
            full_after=checked_seconds("full_after", full_after, or_zero=True),
            on_error=on_error,
        )
        async with aclosing(self.batches_of(watch, one_by_one=True)) as found:
            async for changes in found:
                for change in changes:
                    yield change

    async def apply(self, event: "WebhookEvent") -> OrderChange | None:
        """Take in a verified event; give what changed by it, if anything did.

        An event that is repeated, or older than what is known, changes nothing, and one that is
        not about an order neither. What its payload lacks stays as it was. If it is cancelled, the
        next sync gives what changed.

        Raises:
            MirrorError: The mirror is not open, or cannot be used.
        """
        order = event.payload
        if not isinstance(order, NumberOrder):
            return None
        found = await self._file.take(lambda store: store.apply(order, event.occurred_at))
        self._file.settle(found)
        return found[0].change if found else None

    async def get(self, order_id: str) -> NumberOrder | None:
        """Give an order as the mirror has it; `None` if it has none, or it is gone.

        Raises:
            MirrorError: The mirror is not open, or cannot be used.
        """
        return await self._file.do(lambda store: store.get(order_id))

    async def batches_of(
        self, watch: Watch, *, one_by_one: bool = False
    ) -> AsyncGenerator[list[OrderChange]]:
        """Give what a watch finds, some at a time."""
        full = watch.full
        while True:
            try:
                after = 0.0 if full else watch.full_after
                found = self.batches(watch.client, after, watch.on_report, one_by_one=one_by_one)
                async with aclosing(found):
                    async for changes in found:
                        yield changes
                full = False
            except TelnyxError as error:
                # What lacks its proof may have it the next time; what cannot pass comes again.
                if not (error.transient or isinstance(error, IncompleteFetchError)):
                    raise
                if watch.on_error is not None:
                    watch.on_error(error)
            await self._clock.sleep(watch.pause)

    async def batches(
        self,
        client: "OrdersClient",
        full_after: float,
        report: Callable[[SyncReport], None] | None,
        *,
        one_by_one: bool = False,
    ) -> AsyncGenerator[list[OrderChange]]:
        """Give the changes of one sync, and then its report.

        What was given is taken once the next is asked for, or the end; if it is left before that,
        the next sync gives it again.
        """
        async with self._my_turn():
            run = SyncRun(client, self._file, self._clock, full_after)
            async with aclosing(run.changes()) as found:
                async for untold in found:
                    taken, size = 0, 1 if one_by_one else len(untold)
                    try:
                        for start in range(0, len(untold), size):
                            yield [one.change for one in untold[start : start + size]]
                            taken = start + size
                    finally:
                        self._file.settle(untold[:taken], untold[taken:])
            if report is not None:
                report(run.report)

    async def whole(self, client: "OrdersClient", full_after: float) -> SyncReport:
        """Sync, and give the report; if it comes to none, the next sync counts the same again."""
        async with self._my_turn():
            run = SyncRun(client, self._file, self._clock, full_after)
            taken, left = list[int](), list[int]()
            try:
                async with aclosing(run.changes()) as found:
                    async for untold in found:
                        left += [one.number for one in untold]
                taken, left = left, taken
            finally:
                self._file.settle_numbers(taken, left)
            return run.report

    @asynccontextmanager
    async def _my_turn(self) -> AsyncGenerator[None]:
        """Wait until no other sync is under way."""
        task = asyncio.current_task()
        if task is not None and self._syncing is task:
            raise MirrorError(
                f"the mirror {self._file.path} is being synced already by this task: end that first"
            )
        async with self._turn:
            self._syncing = task
            try:
                yield
            finally:
                self._syncing = None


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
    read again. Killed at any time, the mirror is consistent and the next sync goes on.

    Each change is given at least once: what nobody has taken is given again by the next sync. One
    is taken when the next is asked for, and those of an awaited sync when its report is given.

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
        mirror,
        client,
        _due_after(full_after, full=full),
        opens=True,
    )


def _due_after(full_after: float, *, full: bool) -> float:
    return 0.0 if full else checked_seconds("full_after", full_after, or_zero=True)
