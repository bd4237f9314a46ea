"""What a pager lists, and what comes of it: pages, and word of how far a fetch has come."""

from datetime import datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from attrs import evolve, frozen

from telnyx_orders.calls import CallStats, Reply
from telnyx_orders.filters import DateRange, OrderFilter, deep_object
from telnyx_orders.models import Page
from telnyx_orders.transport import Transport

if TYPE_CHECKING:
    from telnyx_orders.row_count import Row

__all__ = ["MAX_PAGE_SIZE", "FetchProgress", "Listing"]

T = TypeVar("T", bound="Row")

MAX_PAGE_SIZE = 250
"""The largest page the API gives, by the reference of `GET /number_orders`."""


CREATED_AT: Final = "filter[created_at]"


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

    def created_within(self, within: DateRange) -> "Listing[T]":
        """Give the same listing of what was created in a range of time, too."""
        bounds = {f"{CREATED_AT}[gt]": within.gt, f"{CREATED_AT}[lt]": within.lt}
        parameters: list[tuple[str, str]] = []
        for name, value in self.parameters:
            other = bounds.get(name)
            if other is None:
                parameters.append((name, value))
                continue
            mine = datetime.fromisoformat(value)
            bounds[name] = max(mine, other) if name.endswith("[gt]") else min(mine, other)
        chosen = DateRange(gt=bounds[f"{CREATED_AT}[gt]"], lt=bounds[f"{CREATED_AT}[lt]"])
        parameters += deep_object("filter", OrderFilter(created_at=chosen))
        return evolve(self, parameters=tuple(parameters))

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
