"""Waiting for orders to end: one listing for many, looked at less and less often."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta

from attrs import define, field

from telnyx_orders.clock import Clock
from telnyx_orders.errors import NotFoundError, TelnyxError
from telnyx_orders.filters import DateRange, OrderFilter
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.lookup import ListOrders
from telnyx_orders.models import NumberOrder, NumberOrderPhoneNumber
from telnyx_orders.order_errors import OrdersPendingError
from telnyx_orders.together import run_together

__all__ = ["OrderWaiter", "PollPace"]

FEW = 2
"""So many orders are asked for one by one: a listing would not take fewer requests."""

LOWERED = 1.5
"""By how much the wait between two looks grows."""

MOST_DEADLINES = 10
"""Of so many orders the deadline is asked for, a request each."""


@define
class PollPace:
    """How often to look.

    Attributes:
        interval: Seconds until the second look; the wait grows by half with each.
        max_interval: The longest wait.
        timeout: Seconds in all; `None` for no limit.
    """

    interval: float
    max_interval: float
    timeout: float | None


@define
class _Pending:
    """The orders that have not ended, as they were last seen; `None` for one not yet seen."""

    orders: dict[str, NumberOrder | None]
    missing: dict[str, NotFoundError] = field(factory=dict[str, NotFoundError])
    deadlines: dict[str, datetime] = field(factory=dict[str, datetime])
    asked: set[str] = field(factory=set[str])

    def take(self, order_id: str, order: NumberOrder | NotFoundError) -> NumberOrder | None:
        """Take in how an order was found, or that it was not; give it if it has ended."""
        if isinstance(order, NumberOrder) and not order.ended:
            self.orders[order_id] = order
            return None
        del self.orders[order_id]
        if isinstance(order, NumberOrder):
            return order
        self.missing[order_id] = order
        return None

    @property
    def awaiting(self) -> list[NumberOrder]:
        return [one for one in self.orders.values() if one is not None and one.awaits_requirements]

    def error(self, seconds: float | None) -> OrdersPendingError:
        seen = [one for one in self.orders.values() if one is not None]
        unseen = [order_id for order_id, one in self.orders.items() if one is None]
        return OrdersPendingError(
            seconds=seconds,
            in_work=[
                *(one for one in seen if not one.awaits_requirements),
                *(NumberOrder(id=order_id) for order_id in unseen),
            ],
            awaiting_requirements=self.awaiting,
            deadlines=self.deadlines,
            missing=tuple(self.missing),
        )


class OrderWaiter:
    """Waits for orders to end.

    Args:
        list_orders: Lists orders.
        retrieve: Gets one.
        retrieve_number: Gets a phone number of one, which has the deadline.
        clock: Where time comes from.
    """

    def __init__(
        self,
        list_orders: ListOrders,
        retrieve: Callable[[str], Awaitable[NumberOrder]],
        retrieve_number: Callable[[str], Awaitable[NumberOrderPhoneNumber]],
        clock: Clock,
    ) -> None:
        self._list_orders = list_orders
        self._retrieve = retrieve
        self._retrieve_number = retrieve_number
        self._clock = clock

    async def wait_all(
        self,
        orders: Mapping[str, NumberOrder | None],
        pace: PollPace,
        *,
        stop_on_requirements: bool,
    ) -> AsyncGenerator[NumberOrder]:
        """Give orders as they end.

        Args:
            orders: The orders by their ids, as far as they are known.
            pace: How often to look, and how long.
            stop_on_requirements: Whether to end when all that are left wait for requirements.

        Raises:
            OrdersPendingError: Some had not ended, or are not in the account.
            TelnyxError: They could not be looked at.
        """
        started = self._clock.monotonic()
        pending = _Pending(dict(orders))
        for order_id, order in orders.items():
            if order is not None and order.ended:
                del pending.orders[order_id]
                yield order
        interval = pace.interval
        while pending.orders:
            ended_now: list[NumberOrder] = []
            async with self._in_time(started, pending, pace):
                ended_now = await self._look(pending)
            for ended in ended_now:
                yield ended
            if not pending.orders:
                break
            async with self._in_time(started, pending, pace):
                await self._ask_deadlines(pending)
            left = self._left(started, pace)
            stuck = stop_on_requirements and len(pending.awaiting) == len(pending.orders)
            if stuck or (left is not None and left <= 0):
                raise pending.error(None if stuck else pace.timeout)
            await self._clock.sleep(interval if left is None else min(interval, left))
            interval = min(interval * LOWERED, pace.max_interval)
        if pending.missing:
            raise pending.error(None) from next(iter(pending.missing.values()))

    def _left(self, started: float, pace: PollPace) -> float | None:
        if pace.timeout is None:
            return None
        return pace.timeout - (self._clock.monotonic() - started)

    @asynccontextmanager
    async def _in_time(
        self, started: float, pending: _Pending, pace: PollPace
    ) -> AsyncGenerator[None]:
        left = self._left(started, pace)
        # The last look, when the time is just over, may take a moment.
        limit = asyncio.timeout(None if left is None else max(left, LAST_LOOK))
        try:
            async with limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise pending.error(pace.timeout) from None

    async def _look(self, pending: _Pending) -> list[NumberOrder]:
        """Look at all that are pending; give those that have ended."""
        found: Mapping[str, NumberOrder] = {}
        if len(pending.orders) > FEW:
            found = await self._list(pending.orders)
        others = [order_id for order_id in pending.orders if order_id not in found]
        retrieved = await run_together(self._retrieve_or_missing(order_id) for order_id in others)
        seen: list[tuple[str, NumberOrder | NotFoundError]] = [
            *found.items(),
            *zip(others, retrieved, strict=True),
        ]
        taken = [pending.take(order_id, order) for order_id, order in seen]
        return [order for order in taken if order is not None]

    async def _list(self, wanted: Mapping[str, NumberOrder | None]) -> Mapping[str, NumberOrder]:
        """Find orders in a listing, as long as that takes fewer requests than asking for each."""
        listing = OrderFilter(created_at=_created_within(wanted.values()))
        first = await self._list_orders(filter=listing, page_size=MAX_PAGE_SIZE)
        found = _among(first.data, wanted)
        pages = 1
        if first.meta.total_pages < 2 or len(found) == len(wanted):
            return found
        others = self._list_orders(
            filter=listing, page_number=2, page_size=MAX_PAGE_SIZE, verify=False
        )
        async with aclosing(others.pages()) as rest:
            async for page in rest:
                found |= _among(page.data, wanted)
                pages += 1
                if pages >= len(wanted) - len(found):
                    break
        return found

    async def _retrieve_or_missing(self, order_id: str) -> NumberOrder | NotFoundError:
        try:
            return await self._retrieve(order_id)
        except NotFoundError as error:
            return error

    async def _ask_deadlines(self, pending: _Pending) -> None:
        for order in pending.awaiting:
            if order.id in pending.asked or len(pending.asked) >= MOST_DEADLINES:
                continue
            pending.asked.add(order.id)
            number = next(
                (one for one in order.phone_numbers if one.id and not one.requirements_met), None
            )
            if number is None or number.id is None:
                continue
            try:
                deadline = (await self._retrieve_number(number.id)).deadline
            except TelnyxError:
                continue  # it is told where it is known
            if deadline is not None:
                pending.deadlines[order.id] = deadline


LAST_LOOK = 1.0
"""Seconds that a look may take when the time is nearly over."""

_SECOND = timedelta(seconds=1)


def _created_within(orders: Iterable[NumberOrder | None]) -> DateRange | None:
    """Give the time in which all of the orders were created, if it is known of all."""
    times: list[datetime] = []
    for order in orders:
        if order is None or order.created_at is None:
            return None
        times.append(order.created_at)
    return DateRange(gt=min(times) - _SECOND, lt=max(times) + _SECOND)


def _among(
    rows: Iterable[NumberOrder], wanted: Mapping[str, NumberOrder | None]
) -> dict[str, NumberOrder]:
    return {row.id: row for row in rows if row.id in wanted}
