"""Looking for an order that may have been placed: the reading for the rule in `placement`."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from telnyx_orders.clock import Clock
from telnyx_orders.errors import ClientStateError, IncompleteFetchError, TelnyxError
from telnyx_orders.filters import OrderFilter
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.models import NumberOrder
from telnyx_orders.pagination import Pager
from telnyx_orders.placement import Placement, PlacementOutcome, Sought, judge, may_match

__all__ = ["PlacementLookup"]

FIRST_WAIT = 1.0
LONGEST_WAIT = 10.0
"""Seconds between two looks for an order that may still appear; the wait doubles."""


class ListOrders(Protocol):
    """Lists number orders, as `client.number_orders.list` does."""

    def __call__(
        self,
        *,
        filter: OrderFilter | None = None,  # noqa: A002  # the API's word
        page_number: int | None = None,
        page_size: int | None = None,
        verify: bool = True,
    ) -> Pager[NumberOrder]: ...


class PlacementLookup:
    """Looks for orders that may have been placed.

    Args:
        list_orders: Lists orders.
        retrieve: Gets one.
        server_ahead: How many seconds the server's clock is ahead of ours, if an answer has told.
        clock: Where time comes from.
    """

    def __init__(
        self,
        list_orders: ListOrders,
        retrieve: Callable[[str], Awaitable[NumberOrder]],
        server_ahead: Callable[[], float | None],
        clock: Clock,
    ) -> None:
        self._list_orders = list_orders
        self._retrieve = retrieve
        self._server_ahead = server_ahead
        self._clock = clock

    def now(self) -> datetime:
        """The time by our clock."""
        return datetime.fromtimestamp(self._clock.now(), UTC)

    async def find(self, sought: Sought) -> Placement:
        """Look for an order: in one request where it is found at once, else in a whole listing.

        Raises:
            TelnyxError: The orders could not be listed.
        """
        # A page of all orders of this reference, or of the newest, is likely to have it, and tells
        # how the server's clock stands.
        reference = OrderFilter(customer_reference=sought.customer_reference)
        page = await self._list_orders(filter=reference, page_size=MAX_PAGE_SIZE)
        early = await self._judge(sought, page.data, doubt="only one page was read")
        if early.outcome is PlacementOutcome.FOUND:
            return early
        # That it is not there is believed of a listing by time alone: the API does not say that its
        # filter for references knows them to the letter.
        looked_at = self.now()
        within = OrderFilter(created_at=sought.created_within(self._server_ahead() or 0.0))
        doubt = None
        try:
            rows = await self._list_orders(filter=within).collect()
        except IncompleteFetchError as error:
            rows, doubt = list(error.orders), f"the listing was incomplete: {error.reason}"
        return await self._judge(sought, rows, looked_at=looked_at, doubt=doubt)

    async def find_in_time(self, sought: Sought) -> Placement:
        """Look again and again until it can be told, at most until the request has settled.

        What keeps the orders from being listed is told as a reason.
        """
        wait = FIRST_WAIT
        while True:
            left = (sought.settled_at - self.now()).total_seconds()
            try:
                placement = await self.find(sought)
            except TelnyxError as error:
                if isinstance(error, ClientStateError):
                    left = 0.0  # it stays closed
                placement = Placement(
                    outcome=PlacementOutcome.CANNOT_TELL,
                    reason=f"the orders could not be listed: {error}",
                    settled_at=sought.settled_at,
                )
            open_yet = placement.outcome is PlacementOutcome.CANNOT_TELL and not placement.orders
            if not open_yet or left <= 0:
                return placement
            await self._clock.sleep(min(wait, left))
            wait = min(2 * wait, LONGEST_WAIT)

    async def _judge(
        self,
        sought: Sought,
        rows: Sequence[NumberOrder],
        *,
        looked_at: datetime | None = None,
        doubt: str | None = None,
    ) -> Placement:
        ahead = self._server_ahead()
        known = [
            await self._retrieve(order.id) if may_match(order, sought, ahead) else order
            for order in rows
        ]
        return judge(
            sought, known, server_ahead=ahead, looked_at=looked_at or self.now(), doubt=doubt
        )
