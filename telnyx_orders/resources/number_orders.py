"""`client.number_orders`: the endpoints under `/number_orders`."""

from collections.abc import Mapping

from telnyx_orders.filters import OrderFilter, deep_object, order_filter
from telnyx_orders.models import NumberOrder, Page
from telnyx_orders.pagination import Listing, Pager
from telnyx_orders.transport import Transport

__all__ = ["NumberOrders"]


class NumberOrders:
    """The number orders of an account. Made by `OrdersClient`, as `client.number_orders`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        filter: OrderFilter | Mapping[str, object] | None = None,  # noqa: A002  # the API's word
        page_number: int | None = None,
        page_size: int | None = None,
        verify: bool = True,
    ) -> Pager[NumberOrder]:
        """List number orders (`GET /number_orders`). Nothing is sent until the pager is used.

        Args:
            filter: Which orders; all if left out. A mapping of the same shape does too, such as
                `{"status": "pending", "created_at": {"gt": yesterday}}`.
            page_number: The page of `await`, and where `async for`, `pages()` and `collect()`
                start; from 1, which is the default.
            page_size: How many orders a page has, from 1 to 250. Left out, `await` leaves it to
                the server (20 by its reference) and the others use 250.
            verify: Whether a fetch of all pages has to prove that it is complete. `False` reads
                each page once and holds no ids: orders can then be missing or come twice when the
                account changes meanwhile. It takes no memory, where the proof takes some 100 bytes
                an order.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range, a filter is unknown, or a time is naive.

        Example:
            >>> orders = await client.number_orders.list(
            ...     filter=OrderFilter(status=OrderStatus.PENDING)
            ... ).collect()
        """
        chosen = order_filter(filter)
        changing = (
            chosen.status,
            chosen.phone_numbers_count,  # no reference says that it stays the same
            chosen.customer_reference,
            chosen.requirements_met,
        )
        listing = Listing(
            self._transport,
            "/number_orders",
            tuple(deep_object("filter", chosen)),
            Page[NumberOrder],
            filter_may_change=any(one is not None for one in changing),
        )
        return Pager(listing, page_number=page_number, page_size=page_size, verify=verify)
