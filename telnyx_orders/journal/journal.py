"""`OrderJournal`: what users and `create` call."""

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from telnyx_orders.clock import Clock
from telnyx_orders.configuration import check_type
from telnyx_orders.errors import ConfigurationError
from telnyx_orders.journal.intent import Intent, check_aware
from telnyx_orders.journal.references import References
from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder
from telnyx_orders.order_errors import JournalError
from telnyx_orders.placement import checked_settle

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient
    from telnyx_orders.journal.reconcile import Reconciled
    from telnyx_orders.journal.worker import StoreWorker

__all__ = ["OrderJournal"]


class OrderJournal:
    """A file that knows of each order that it was about to be sent, and what became of it.

    An order is recorded, and synced to the disk, before its request leaves. So a program that is
    killed at any moment and run again with the same references buys nothing twice. Several
    processes of one machine may use the same file at once, each with an `OrderJournal` of its own;
    not over a network file system, whose locks cannot be relied on. One file is for one account.

    Args:
        path: The file, an SQLite database that is made if it is not there. Only its user can read
            it. Beside it lie files with the endings `-wal` and `-shm` that belong to it, and one
            `-owner-...` for each process that uses it: leave them there.
        settle: Seconds within which a request may still be under way at the server after it was
            given up, or was sent by a process that died. Earlier than that it is not believed that
            an order is not there.
        clock: Where the time comes from, for tests.

    Raises:
        ConfigurationError: A setting cannot be used.

    Example:
        >>> async with OrderJournal("orders.db") as journal:
        ...     async with OrdersClient(journal=journal) as client:
        ...         order = await client.number_orders.create(
        ...             ["+19705555000"], customer_reference="job-17"
        ...         )
    """

    def __init__(
        self, path: str | os.PathLike[str], *, settle: float = 60.0, clock: Clock | None = None
    ) -> None:
        self._path = _checked_path(path)
        try:
            self._settle = float(checked_settle(settle))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from None
        check_type("clock", clock, Clock)
        self._clock = clock or Clock()
        self._references = References(self._now)
        self._worker: StoreWorker | None = None
        self._open = False

    def __repr__(self) -> str:
        return f"<OrderJournal {self._path} {'open' if self._open else 'closed'}>"

    @property
    def path(self) -> Path:
        """Its file."""
        return self._path

    @property
    def settle(self) -> float:
        """Seconds within which a request may still be under way after it was given up."""
        return self._settle

    async def open(self) -> None:
        """Open the file, and make it if it is not there. `async with` does it.

        Raises:
            JournalError: It is open already, or the file cannot be used; the message says why.
        """
        if self._worker is not None:
            raise JournalError(f"the journal {self._path} is open already")
        # Loaded by whoever opens a journal, and not by each program that imports the package.
        from telnyx_orders.journal.worker import StoreWorker

        self._worker = StoreWorker(self._path, self._now)
        try:
            await self._worker.open()
        except BaseException:
            self._worker = None
            raise
        self._open = True

    async def close(self) -> None:
        """Close the file. What is being sent counts as given up. May be called again."""
        if self._open and self._worker is not None:
            worker, self._worker, self._open = self._worker, None, False
            await worker.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def hold(self, reference: str) -> AbstractAsyncContextManager[None]:
        """Have a reference to oneself: in this journal, one task at a time places its order.

        What is recorded of an order is recorded within it, and recalled by the task that holds it.
        """
        return self._references.hold(reference)

    async def recall(self, order: NewOrder) -> Intent | None:
        """Give what is known of an order by its `customer_reference`; `None` if nothing is.

        Raises:
            JournalConflictError: The reference is known for another order. The sequence of the
                numbers makes no difference.
            OrderInProgressError: Another journal, whose process is alive, is sending it.
            JournalError: The journal is not open, or its file cannot be used.
            ValueError: The order has no reference.
        """
        reference = _reference(order)
        abandoned_at, now = self._references.abandoned().get(reference), self._now()
        intent = await self._in_use().run(lambda store: store.recall(order, abandoned_at, now))
        self._references.recalled(reference, intent)
        return intent

    async def sending(self, order: NewOrder, sent_at: datetime, *, longest: float = 0.0) -> None:
        """Record that an order is about to be sent; it is on disk when this returns.

        If it raises, the order must not be sent. Cancelled, it counts as not sent.

        Args:
            order: The order, with a `customer_reference`.
            sent_at: The time, aware.
            longest: Seconds at most until its request is given up; it counts where the process dies
                meanwhile.

        Raises:
            JournalConflictError: The reference is known for another order.
            OrderInProgressError: Another journal, whose process is alive, is sending it.
            JournalError: It was placed meanwhile, or sent by another since it was recalled; or
                the journal is not open, or its file cannot be used.
            ValueError: The order has no reference, or the time no zone.
        """
        reference = _reference(order)
        check_aware("sent_at", sent_at)
        worker, judged = self._in_use(), self._references.judged(reference)
        self._references.leaving(reference)
        try:
            await worker.run(lambda store: store.sending(order, sent_at, judged, longest))
        except asyncio.CancelledError:
            # After the record, in the same thread, if that was begun.
            now = self._now()
            worker.after_all(lambda store: store.withdraw(reference, now))
            raise
        self._references.left(reference)

    async def gave_up(self, reference: str, moment: datetime) -> None:
        """Record that an order is no longer being sent, though nobody knows what became of it.

        Args:
            reference: Its reference.
            moment: Since when, an aware time.

        Raises:
            JournalError: The journal does not know it, is not open, or its file cannot be used.
            ValueError: The time has no zone.
        """
        check_aware("moment", moment)
        await self._in_use().run(lambda store: store.gave_up(reference, moment))
        self._references.ended(reference)

    async def placed(self, reference: str, order: NumberOrder) -> None:
        """Record that an order was placed.

        Args:
            reference: Its reference.
            order: The order that the API gave.

        Raises:
            JournalError: It is known as placed, as an order of another id; or the journal does not
                know it, is not open, or its file cannot be used.
        """
        now = self._now()
        await self._in_use().run(lambda store: store.placed(reference, order, now))
        self._references.ended(reference)

    async def not_placed(
        self, reference: str, reason: str, *, judged: Intent | None = None
    ) -> None:
        """Record that an order was not placed: it was refused, or shown not to be there.

        Args:
            reference: Its reference.
            reason: Why, in a sentence.
            judged: The open intent that was looked up, where it was not recalled within the same
                `hold`. What was sent since is not meant. Without it, and outside of a `hold`, it is
                taken for what is open now.

        Raises:
            OrderInProgressError: Another journal, whose process is alive, is sending it.
            JournalError: It was placed meanwhile, or sent by another since it was recalled; or
                the journal does not know it, is not open, or its file cannot be used.
        """
        looked_up, now = judged or self._references.judged(reference), self._now()
        if looked_up is None and not self._references.holds(reference):
            there = await self.open_intents()
            looked_up = next((one for one in there if one.reference == reference), None)
        await self._in_use().run(lambda store: store.not_placed(reference, reason, now, looked_up))
        if judged is None:
            self._references.ended(reference)

    async def open_intents(self) -> list[Intent]:
        """Give the orders that may have been placed and that nobody is sending, oldest first.

        Raises:
            JournalError: The journal is not open, or its file cannot be used.
        """
        abandoned, now = self._references.abandoned(), self._now()
        return await self._in_use().run(lambda store: store.open_intents(abandoned, now))

    async def reconcile(self, client: "OrdersClient") -> tuple["Reconciled", ...]:
        """Look for the open orders in the account, and record what became of each.

        Orders that were sent about the same time are looked for in one listing. That an order is
        not there is believed `settle` seconds after it was given up; earlier, or where the listing
        was not complete, it cannot be told, and can be asked again. Nothing open asks nothing.

        Args:
            client: A client of the journal's account.

        Returns:
            The outcome of each, in the order in which they were sent.

        Raises:
            JournalError: The journal is not open, or its file cannot be used.
            TelnyxError: Nothing could be had from the API. What could not be had later only makes
                that it cannot be told.

        Example:
            >>> async with OrderJournal("orders.db") as journal, OrdersClient() as client:
            ...     for one in await journal.reconcile(client):
            ...         print(one.reference, one.outcome, one.reason)
        """
        from telnyx_orders.journal.reconcile import reconcile

        return await reconcile(self, client.number_orders, self._clock)

    async def forget_before(self, moment: datetime) -> int:
        """Remove the orders that were known to be placed, or not, before a time; says how many.

        Open ones stay. The reference of one that was removed is as good as new: asked for again,
        its order **is bought again**.

        Args:
            moment: The time, aware.

        Raises:
            JournalError: The journal is not open, or its file cannot be used.
            ValueError: The time has no zone.
        """
        check_aware("moment", moment)
        return await self._in_use().run(lambda store: store.forget_before(moment))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def _in_use(self) -> "StoreWorker":
        if not self._open or self._worker is None:
            raise JournalError(
                f"the journal {self._path} is not open: use it in `async with OrderJournal(...)`, "
                "or call `await journal.open()` first"
            )
        return self._worker


def _reference(order: NewOrder) -> str:
    if not isinstance(order, NewOrder):
        raise TypeError(f"order: expected a NewOrder, got {type(order).__name__}")
    if order.customer_reference is None:
        raise ValueError("order: it has no customer_reference, by which the journal could know it")
    return order.customer_reference


def _checked_path(path: object) -> Path:
    given: object = os.fspath(cast("str", path)) if hasattr(path, "__fspath__") else path
    if not isinstance(given, str) or not given:
        raise ConfigurationError(f"path: expected the path of a file, got {path!r}")
    # Where it is now, whatever directory the process goes to.
    return Path(given).absolute()
