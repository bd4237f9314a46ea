"""`AccountReader`: what a sync asks the API, and what it takes into the mirror."""

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from telnyx_orders.clock import Clock
from telnyx_orders.errors import NotFoundError
from telnyx_orders.filters import DateRange, OrderFilter
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.mirror.columns import Span
from telnyx_orders.mirror.open_mirror import OpenMirror
from telnyx_orders.mirror.outbox import Untold
from telnyx_orders.models import NumberOrder
from telnyx_orders.pagination import Pager
from telnyx_orders.together import run_together

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient

__all__ = ["OVERLAP", "AccountReader", "Value"]

OVERLAP: Final = timedelta(minutes=5)
"""So much clocks and listings lag at most."""

FEW: Final = 20
"""So many requests are no matter, however small the account is."""

Value = tuple[str, str | bool]
"""A field, and the value by which orders are counted."""


class AccountReader:
    """Reads an account into a mirror, and counts what it asks.

    Args:
        client: Whose account it is.
        mirror: The mirror.
        clock: Where the time comes from.
    """

    def __init__(self, client: "OrdersClient", mirror: OpenMirror, clock: Clock) -> None:
        self._client = client
        self._orders = client.number_orders
        self._mirror = mirror
        self._clock = clock
        self._before = client.stats.requests
        self.account: str = self._orders.list().listing.transport.account

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._client.stats.requests - self._before

    @property
    def server_ahead(self) -> float:
        """How many seconds the server's clock is ahead of ours."""
        return self._orders.server_ahead or 0.0

    async def is_dear(self, expected: float) -> bool:
        """Say whether so many requests more are more than reading the whole account takes."""
        pages = math.ceil(await self.here(Span()) / MAX_PAGE_SIZE)
        return self.requests + expected > max(pages, FEW)

    async def there(self, span: Span, what: Value | None = None) -> int:
        """Count the orders that the account has."""
        fields: dict[str, object] = {} if what is None else {what[0]: what[1]}
        if span != Span():
            fields["created_at"] = DateRange(gt=span.gt, lt=span.lt)
        page = await self._orders.list(filter=fields, page_size=1)
        return page.meta.total_results

    async def here(self, span: Span, what: Value | None = None) -> int:
        """Count the orders that the mirror has."""
        field, value = what or (None, None)
        return await self._mirror.do(lambda store: store.count(span, field, value))

    async def read_all(self) -> AsyncGenerator[list[Untold]]:
        """Read the whole account; it overrules what the mirror has."""
        async with aclosing(self._read(self._orders.list(), Span(), proven=True)) as found:
            async for changes in found:
                yield changes

    async def read_span(self, span: Span) -> AsyncGenerator[list[Untold]]:
        """Read what was created in a time."""
        within = OrderFilter(created_at=DateRange(gt=span.gt, lt=span.lt))
        orders = self._orders.list(filter=None if span == Span() else within)
        async with aclosing(self._read(orders, span)) as found:
            async for changes in found:
                yield changes

    async def read_pending(self, seen: set[str]) -> AsyncGenerator[list[Untold]]:
        """Read the pending orders, and say which they are."""
        async with aclosing(self._orders.list(filter={"status": "pending"}).pages()) as pages:
            async for page in pages:
                seen.update(order.id for order in page.data)
                yield await self._write(page.data)

    async def look_at(self, ids: Sequence[str]) -> AsyncGenerator[list[Untold]]:
        """Ask for single orders, all at the same time."""
        if not ids:
            return
        sequence = await self._mirror.do(lambda store: store.next_sequence())
        found = list[Untold]()
        try:
            await run_together(self._look_at(one, sequence, found) for one in ids)
        except BaseException:
            self._mirror.settle([], found)
            raise
        yield found

    async def _look_at(self, order_id: str, sequence: int, found: list[Untold]) -> None:
        try:
            order = await self._orders.retrieve(order_id)
        except NotFoundError:
            now = self._now()
            found += await self._mirror.take(lambda store: store.gone_one(order_id, sequence, now))
        except ValueError:
            # No URL can carry such an id. A full read tells what becomes of it.
            return
        else:
            found += await self._write([order])

    async def _read(
        self, pager: Pager[NumberOrder], span: Span, *, proven: bool = False
    ) -> AsyncGenerator[list[Untold]]:
        """Read a listing with its proof; what the mirror has of that time beyond it is gone."""
        sequence = await self._mirror.do(lambda store: store.next_sequence())
        begun = self._clock.now()
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                yield await self._write(page.data, sequence if proven else None)
        # By the server's clock, which is known now.
        now, recent = self._now(), self._now(begun) - OVERLAP
        yield await self._mirror.take(lambda store: store.gone(span, sequence, now, recent))
        doubtful = await self._mirror.do(
            lambda store: store.unseen(span, sequence, recent, MAX_PAGE_SIZE)
        )
        async with aclosing(self.look_at(doubtful)) as found:
            async for changes in found:
                yield changes

    async def _write(
        self, orders: Sequence[NumberOrder], proven: int | None = None
    ) -> list[Untold]:
        return await self._mirror.take(lambda store: store.write(orders, self.account, proven))

    def _now(self, ours: float | None = None) -> datetime:
        """Give the time by the server's clock; that of a moment of ours, if one is given."""
        ours = self._clock.now() if ours is None else ours
        return datetime.fromtimestamp(ours + self.server_ahead, UTC)
