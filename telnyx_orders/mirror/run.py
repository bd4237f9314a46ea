"""A sync: what to ask the API, so that little is asked where little has changed.

Later syncs rest on this: an order that has ended never becomes pending again, and one that is new
was created lately. So the orders that are pending are among those that were, and those that are
new; if there are as many as the mirror has, they are the same. The counts come with every answer.
Where a count differs, halves of the time are counted until few orders are left, which are listed;
where that would take more requests than the whole account, the whole account is read.
"""

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from attrs import define

from telnyx_orders.clock import Clock
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.mirror.account_reader import FEW, OVERLAP, AccountReader, Value
from telnyx_orders.mirror.changes import SyncReport
from telnyx_orders.mirror.columns import Span
from telnyx_orders.mirror.open_mirror import OpenMirror
from telnyx_orders.mirror.outbox import Untold
from telnyx_orders.sqlite_file import to_text

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient
    from telnyx_orders.mirror.store import MirrorStore

__all__ = ["SyncRun"]

TICK: Final = timedelta(microseconds=1)

DATED: Final = Span(gt=datetime(1970, 1, 1, tzinfo=UTC))
"""Where every order is that has a date."""

PENDING: Final[Value] = ("status", "pending")

UNLISTED: Final = (
    "ifnull(status, '') NOT IN ('pending', 'success', 'failure', 'cancelled', 'deleted')"
)
"""Of these no count tells whether they have ended: they have no status, or one of their own."""


@define
class _Part:
    """A time in which the account and the mirror differ, and how many orders they have in it."""

    span: Span
    orders: int
    there: int
    here: int

    def expected(self) -> float:
        """Say how many requests it takes at least to find what differs."""
        differ = float(abs(self.there - self.here))
        if not differ:
            return 0.0
        leaves = max(1.0, self.orders / (MAX_PAGE_SIZE / 2))
        differ = min(differ, leaves)
        return differ * (1 + math.log2(leaves / differ)) + differ - 1


class SyncRun:
    """One sync.

    Args:
        client: Whose account it is.
        mirror: The mirror.
        clock: Where the time comes from.
        full_after: Seconds after which the whole account is read again; 0 does it now.
    """

    def __init__(
        self, client: "OrdersClient", mirror: OpenMirror, clock: Clock, full_after: float
    ) -> None:
        self._mirror = mirror
        self._clock = clock
        self._full_after = full_after
        self._reader = AccountReader(client, mirror, clock)
        self.report: SyncReport = SyncReport()

    async def changes(self) -> AsyncGenerator[list[Untold]]:
        """Give the changes, some at a time: those that nobody has taken yet, then what is found."""
        async with aclosing(self._changes()) as found:
            async for changes in found:
                if changes:
                    self.report.take(one.change for one in changes)
                    yield changes

    async def _changes(self) -> AsyncGenerator[list[Untold]]:
        await self._mirror.do(lambda store: store.begin(self._reader.account))
        async with aclosing(self._waiting()) as found:
            async for changes in found:
                yield changes
        begun = self._clock.now()
        self.report.full = await self._is_due(begun)
        if not self.report.full:
            async with aclosing(self._news()) as found:
                async for changes in found:
                    yield changes
        if self.report.full:
            async with aclosing(self._reader.read_all()) as found:
                async for changes in found:
                    yield changes
        await self._keep(begun)
        self.report.orders = await self._reader.here(Span())
        self.report.requests = self._reader.requests

    async def _waiting(self) -> AsyncGenerator[list[Untold]]:
        after = 0
        while found := await self._mirror.take(partial(_waiting_behind, after)):
            after = found[-1].number
            yield found

    async def _is_due(self, now: float) -> bool:
        """Say whether the whole account is to be read."""
        last = await self._mirror.do(lambda store: store.moment("last_full"))
        # By our own clock, both. If that was put back since, nobody knows how long ago it was.
        return last is None or not 0 <= now - last.timestamp() < self._full_after

    async def _keep(self, begun: float) -> None:
        # New orders are looked for by the server's clock, which is known now.
        moments = {"last_sync": begun + self._reader.server_ahead}
        if self.report.full:
            moments["last_full"] = begun
        kept = {
            name: to_text(datetime.fromtimestamp(moment, UTC)) for name, moment in moments.items()
        }
        kept["account"] = self._reader.account
        await self._mirror.do(lambda store: store.keep(kept))

    async def _news(self) -> AsyncGenerator[list[Untold]]:
        """Look for what is new, and where counts differ; `report.full` asks for all instead."""
        last = await self._mirror.do(lambda store: store.moment("last_sync"))
        since = None if last is None else last - OVERLAP
        async with aclosing(self._reader.read_span(Span(gt=since))) as found:
            async for changes in found:
                yield changes
        for look in (
            self._compare(None),
            self._look_at_pending(),
            self._look_at_unlisted(),
            self._compare(("status", "success")),
            self._compare(("requirements_met", True)),
        ):
            async with aclosing(look) as found:
                async for changes in found:
                    yield changes
                if self.report.full:
                    return

    async def _look_at_pending(self) -> AsyncGenerator[list[Untold]]:
        """List the pending orders if they are few, which shows all that has changed of them."""
        if await self._reader.here(Span(), PENDING) <= MAX_PAGE_SIZE:
            seen = set[str]()
            async with aclosing(self._reader.read_pending(seen)) as found:
                async for changes in found:
                    yield changes
            known = await self._mirror.do(lambda store: store.with_status("status = 'pending'"))
            left = [one for one in known if one not in seen]
            if not await self._reader.is_dear(len(left)):
                async with aclosing(self._reader.look_at(left)) as found:
                    async for changes in found:
                        yield changes
                return
        async with aclosing(self._compare(PENDING)) as found:
            async for changes in found:
                yield changes

    async def _look_at_unlisted(self) -> AsyncGenerator[list[Untold]]:
        """Look at the orders of which no count tells whether they have ended."""
        ids = await self._mirror.do(lambda store: store.with_status(UNLISTED))
        async with aclosing(self._reader.look_at(ids[:FEW])) as found:
            async for changes in found:
                yield changes

    async def _compare(self, what: Value | None) -> AsyncGenerator[list[Untold]]:
        """Count orders, and list those among which the counts differ."""
        reader = self._reader
        all_there = await reader.there(Span(), what)
        here = await reader.here(Span(), what)
        if here == all_there:
            return
        parts = [_Part(Span(), await reader.here(Span()), all_there, here)]
        while parts := [part for part in parts if part.there != part.here]:
            if await reader.is_dear(sum(part.expected() for part in parts)):
                self.report.full = True
                return
            part = parts.pop()
            halves = await self._halves(part.span)
            if halves is None:
                async with aclosing(reader.read_span(part.span)) as found:
                    async for changes in found:
                        yield changes
                continue
            older, newer = halves
            there, here = await reader.there(older, what), await reader.here(older, what)
            orders = await reader.here(older)
            parts.append(_Part(newer, part.orders - orders, part.there - there, part.here - here))
            parts.append(_Part(older, orders, there, here))
        if await reader.here(Span(), what) != all_there:
            async with aclosing(self._look_at_undated(what)) as found:
                async for changes in found:
                    yield changes

    async def _look_at_undated(self, what: Value | None) -> AsyncGenerator[list[Untold]]:
        """Look at the orders that are in no time, as no time tells what differs."""
        there = await self._undated_there(what)
        if there == await self._undated_here(what):
            return  # the account has changed meanwhile
        ids = await self._mirror.do(lambda store: store.undated())
        if len(ids) <= FEW:
            async with aclosing(self._reader.look_at(ids)) as found:
                async for changes in found:
                    yield changes
        self.report.full = there != await self._undated_here(what)

    async def _undated_there(self, what: Value | None) -> int:
        return await self._reader.there(Span(), what) - await self._reader.there(DATED, what)

    async def _undated_here(self, what: Value | None) -> int:
        return await self._reader.here(Span(), what) - await self._reader.here(DATED, what)

    async def _halves(self, span: Span) -> tuple[Span, Span] | None:
        """Divide a time in two with as many orders each; `None` if it has few, or one moment."""
        if await self._reader.here(span) <= MAX_PAGE_SIZE:
            return None
        middle = await self._mirror.do(lambda store: store.middle(span))
        if middle is None:
            return None
        older, newer = Span(span.gt, middle + TICK), Span(middle, span.lt)
        return None if older == span or not await self._reader.here(newer) else (older, newer)


def _waiting_behind(number: int, store: "MirrorStore") -> list[Untold]:
    return store.outbox.waiting(number, MAX_PAGE_SIZE)
