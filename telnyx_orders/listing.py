"""What a pager lists, and what comes of it: pages, and word of how far a fetch has come."""

from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import frozen

from telnyx_orders.calls import CallStats, Reply
from telnyx_orders.models import Page
from telnyx_orders.transport import Transport

if TYPE_CHECKING:
    from telnyx_orders.row_count import Row

__all__ = ["MAX_PAGE_SIZE", "FetchProgress", "Listing"]

T = TypeVar("T", bound="Row")

MAX_PAGE_SIZE = 250
"""The largest page the API gives, by the reference of `GET /number_orders`."""


@frozen(kw_only=True)
class FetchProgress:
    """How far a fetch of all pages has come.

    Attributes:
        pages_done: How many pages have been handed over.
        pages_total: How many there are, by the latest answer.
        orders_done: How many orders were on them.
        orders_total: How many there are, by the latest answer.
        retries: How many requests were sent again.
        rate_limit_seconds: Seconds that requests waited because of the rate limit, added up.
    """

    pages_done: int
    pages_total: int
    orders_done: int
    orders_total: int
    retries: int
    rate_limit_seconds: float


@frozen(eq=False, repr=False)
class Listing(Generic[T]):
    """What a pager lists: an endpoint, its filters, and what a page of it is.

    Attributes:
        transport: What sends the requests.
        path: The endpoint's path.
        parameters: The filters, as parameters of the query.
        page_type: What a page's body becomes.
        filter_may_change: Whether rows enter or leave the filters when they change.
    """

    transport: Transport
    path: str
    parameters: tuple[tuple[str, str], ...]
    page_type: type[Page[T]]
    filter_may_change: bool = False

    async def page(
        self,
        number: int | None,
        size: int | None,
        stats: CallStats | None = None,
        *,
        background: bool = False,
    ) -> Reply[Page[T]]:
        """Get one page; `None` leaves a choice to the server."""
        parameters = list(self.parameters)
        if number is not None:
            parameters.append(("page[number]", str(number)))
        if size is not None:
            parameters.append(("page[size]", str(size)))
        return await self.transport.get(
            self.path, parameters, self.page_type, stats, background=background
        )
