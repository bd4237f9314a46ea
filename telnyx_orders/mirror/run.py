"""A sync: what to ask the API, so that little is asked where little has changed.

Later syncs rest on this: an order that has ended never becomes pending again, and one that is new
was created lately. So the orders that are pending are among those that were, and those that are
new; if there are as many as the mirror has, they are the same. The counts come with every answer.
Where a count differs, halves of the time are counted until few orders are left, which are listed.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from attrs import define

from telnyx_orders.clock import Clock
from telnyx_orders.errors import NotFoundError
from telnyx_orders.filters import DateRange, OrderFilter
from telnyx_orders.journal.intent import from_text, to_text
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.mirror.changes import OrderChange, SyncReport
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.store import MirrorStore, Span
from telnyx_orders.models import NumberOrder
from telnyx_orders.one_thread import OneThread
from telnyx_orders.pagination import Pager

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient

__all__ = ["SyncRun"]

OVERLAP: Final = timedelta(minutes=5)
"""So much earlier than the last sync began new orders are looked for: clocks and listings lag."""

FEW: Final = 20
"""So many orders are asked for one by one."""

TICK: Final = timedelta(microseconds=1)

COUNTED: Final[tuple[tuple[str, str | bool] | None, ...]] = (
    None,
    ("status", "pending"),
    ("status", "success"),
    ("requirements_met", True),
)
"""What is counted to see whether something has changed: all orders, and those with these values."""


@define
class _Part:
    """A time in which the account and the mirror differ, and how many orders they have in it."""

    span: Span
    there: int
    here: int


class SyncRun:
    """One sync.

    Args:
        client: Whose account it is.
        store: The mirror.
        thread: In which the store is used.
        clock: Where the time comes from.
        full_after: Seconds after which the whole account is read again; 0 does it now.
    """

    def __init__(
        self,
        client: "OrdersClient",
        store: MirrorStore,
        thread: OneThread,
        clock: Clock,
        full_after: float,
    ) -> None:
        self._client = client
        self._orders = client.number_orders
        self._store = store
        self._thread = thread
        self._clock = clock
        self._full_after = full_after
        self._requests = client.stats.requests
        self.report: SyncReport = SyncReport()

    async def changes(self) -> AsyncGenerator[list[OrderChange]]:
        """Give the changes as they are found and on the disk, some at a time."""
        await self._check_account()
        last_full = await self._thread.run(lambda: self._store.state("last_full"))
        begun = self._clock.now()
        due = last_full is None or begun - from_text(last_full).timestamp() >= self._full_after
        self.report.full = due
        async with aclosing(self._full() if due else self._news()) as found:
            async for changes in found:
                self.report.take(changes)
                yield changes
        # By the server's clock, which is known now.
        moment = to_text(datetime.fromtimestamp(begun + (self._orders.server_ahead or 0.0), UTC))
        kept = {"last_sync": moment} | ({"last_full": moment} if due else {})
        await self._thread.run(lambda: self._store.keep(kept))
        self.report.orders = await self._thread.run(lambda: self._store.count(Span()))
        self.report.requests = self._client.stats.requests - self._requests

    async def _check_account(self) -> None:
        account = self._orders.list().listing.transport.account
        known = await self._thread.run(lambda: self._store.state("account"))
        if known is None:
            await self._thread.run(lambda: self._store.keep({"account": account}))
        elif known != account:
            raise MirrorError(
                "the mirror is of another account, or was made with another key: give "
                "each account a mirror of its own"
            )

    async def _full(self) -> AsyncGenerator[list[OrderChange]]:
        """Read the whole account; what is not in it is gone."""
        async with aclosing(self._read(self._orders.list(), Span())) as found:
            async for changes in found:
                yield changes

    async def _news(self) -> AsyncGenerator[list[OrderChange]]:
        """Look for what is new, and where counts differ."""
        last: str | None = await self._thread.run(lambda: self._store.state("last_sync"))
        since = None if last is None else from_text(last) - OVERLAP
        async with aclosing(self._read_span(Span(gt=since))) as found:
            async for changes in found:
                yield changes
        for what in COUNTED:
            if what == ("status", "pending") and await self._few_pending():
                steps = self._look_at_pending()
            else:
                steps = self._compare(what)
            async with aclosing(steps) as found:
                async for changes in found:
                    yield changes

    async def _few_pending(self) -> bool:
        return len(await self._thread.run(self._store.pending)) <= MAX_PAGE_SIZE

    async def _look_at_pending(self) -> AsyncGenerator[list[OrderChange]]:
        """List the pending orders, which also shows what else has changed of them."""
        known = await self._thread.run(self._store.pending)
        if not known:
            return
        seen: set[str] = set()
        async with aclosing(self._orders.list(filter={"status": "pending"}).pages()) as pages:
            async for page in pages:
                seen.update(order.id for order in page.data)
                yield await self._write(page.data)
        left = [order_id for order_id in known if order_id not in seen]
        if len(left) > FEW:
            async with aclosing(self._compare(("status", "pending"))) as found:
                async for changes in found:
                    yield changes
            return
        for order_id in left:
            yield await self._look_at(order_id)

    async def _look_at(self, order_id: str) -> list[OrderChange]:
        sequence = await self._thread.run(self._store.next_sequence)
        try:
            order = await self._orders.retrieve(order_id)
        except NotFoundError:
            return await self._gone([order_id], Span(), sequence)
        return await self._write([order])

    async def _compare(
        self, what: tuple[str, str | bool] | None
    ) -> AsyncGenerator[list[OrderChange]]:
        """Count orders, and list those among which the counts differ."""
        parts = [_Part(Span(), await self._there(Span(), what), await self._here(Span(), what))]
        while parts:
            part = parts.pop()
            if part.there == part.here:
                continue
            halves = await self._halves(part.span)
            if halves is None:
                async with aclosing(self._read_span(part.span)) as found:
                    async for changes in found:
                        yield changes
                continue
            older, newer = halves
            there, here = await self._there(older, what), await self._here(older, what)
            parts.append(_Part(newer, part.there - there, part.here - here))
            parts.append(_Part(older, there, here))

    async def _halves(self, span: Span) -> tuple[Span, Span] | None:
        """Divide a time in two with as many orders each; `None` if it has few, or one moment."""
        if await self._here(span, None) <= MAX_PAGE_SIZE:
            return None
        middle = await self._thread.run(lambda: self._store.middle(span))
        if middle is None:
            return None
        older, newer = Span(span.gt, middle + TICK), Span(middle, span.lt)
        return None if older == span or not await self._here(newer, None) else (older, newer)

    async def _there(self, span: Span, what: tuple[str, str | bool] | None) -> int:
        fields: dict[str, object] = {} if what is None else {what[0]: what[1]}
        if span != Span():
            fields["created_at"] = DateRange(gt=span.gt, lt=span.lt)
        page = await self._orders.list(filter=fields, page_size=1)
        return page.meta.total_results

    async def _here(self, span: Span, what: tuple[str, str | bool] | None) -> int:
        field, value = what or (None, None)
        return await self._thread.run(lambda: self._store.count(span, field, value))

    def _read_span(self, span: Span) -> AsyncGenerator[list[OrderChange]]:
        within = OrderFilter(created_at=DateRange(gt=span.gt, lt=span.lt))
        return self._read(self._orders.list(filter=within), span)

    async def _read(
        self, pager: Pager[NumberOrder], span: Span
    ) -> AsyncGenerator[list[OrderChange]]:
        """Read a listing with its proof; what the mirror has of that time beyond it is gone."""
        sequence = await self._thread.run(self._store.next_sequence)
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                yield await self._write(page.data)
        yield await self._gone(None, span, sequence)

    async def _write(self, orders: Sequence[NumberOrder]) -> list[OrderChange]:
        return await self._thread.run(lambda: self._store.write(orders))

    async def _gone(self, ids: list[str] | None, span: Span, sequence: int) -> list[OrderChange]:
        ahead = self._orders.server_ahead or 0.0
        now = datetime.fromtimestamp(self._clock.now() + ahead, UTC)
        return await self._thread.run(lambda: self._store.gone(ids, span, sequence, now))
