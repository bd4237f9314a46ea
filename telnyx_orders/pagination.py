"""`Pager`: a listing, and the ways to use it."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Generic, TypeVar

from telnyx_orders.errors import IncompleteFetchError
from telnyx_orders.fetch import Fetch, FetchProgress, Identified, Listing, Page
from telnyx_orders.page_plan import PagePlan

__all__ = ["FetchProgress", "Listing", "Page", "Pager"]

MAX_PAGE_SIZE = 250
"""The largest page the API gives, by the reference of `GET /number_orders`."""

T = TypeVar("T", bound=Identified)


class Pager(Generic[T]):
    """A listing that nothing has been asked of yet. Use it as often as you like; each use is anew.

    - `await pager` gets one page.
    - `async for order in pager` gives every order, fetching pages ahead.
    - `async for page in pager.pages()` gives every page, in order.
    - `await pager.collect()` gives every order as a list, as fast as the client may.

    It is an awaitable and no coroutine: give it to `asyncio.gather` or `asyncio.wait_for`, or use
    `asyncio.ensure_future(pager)` where you would use `asyncio.create_task`.

    Leaving a loop early ends its requests. A first page that fails raises its own error; once a
    fetch of all pages has begun, what ends it early is an `IncompleteFetchError`.
    """

    def __init__(
        self, listing: Listing[T], *, page_number: int | None = None, page_size: int | None = None
    ) -> None:
        self._listing = listing
        self._page_number = _checked("page_number", page_number, None)
        self._page_size = _checked("page_size", page_size, MAX_PAGE_SIZE)

    def __repr__(self) -> str:
        return (
            f"<Pager of {self._listing.path} page_number={self._page_number} "
            f"page_size={self._page_size}>"
        )

    def __await__(self) -> Generator[object, None, Page[T]]:
        return self._page().__await__()

    async def _page(self) -> Page[T]:
        return (await self._listing.page(self._page_number, self._page_size)).value

    def __aiter__(self) -> AsyncGenerator[T]:
        return self._rows()

    async def _rows(self) -> AsyncGenerator[T]:
        # Not by way of pages(): a generator within a generator is closed twice when both are
        # dropped at once, and asyncio complains of that.
        async with self._fetch(self._window) as fetch:
            while (page := await fetch.take_next()) is not None:
                for row in page.data:
                    yield row

    async def pages(self) -> AsyncGenerator[Page[T]]:
        """Give every page in order, fetching at most `concurrency` pages ahead.

        A row that shifted onto a second page while the listing was read is left out there, and so
        is a page that has nothing left.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or the server contradicts itself.
                The pages before it were given; the error of the page is its `cause`.
        """
        async with self._fetch(self._window) as fetch:
            while (page := await fetch.take_next()) is not None:
                yield page

    async def collect(
        self, on_progress: Callable[[FetchProgress], Awaitable[None] | None] | None = None
    ) -> list[T]:
        """Fetch every row, as a list in the order of the listing.

        Args:
            on_progress: Called after each page; awaited if it gives an awaitable. What it raises
                ends the fetch.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or the server contradicts itself.
                It carries what had arrived; the error of the page is its `cause`.
        """
        arrived: dict[int, tuple[T, ...]] = {}
        orders = 0
        async with self._fetch(None) as fetch:
            while True:
                try:
                    taken = await fetch.take_any()
                except IncompleteFetchError as error:
                    raise error.with_orders(_in_order(arrived)) from error.cause
                if taken is None:
                    return _in_order(arrived)
                number, page = taken
                arrived[number] = page.data
                orders += len(page.data)
                if on_progress is not None:
                    reported = on_progress(fetch.progress(len(arrived), orders, page.meta))
                    if inspect.isawaitable(reported):
                        await reported

    @property
    def _window(self) -> int:
        return self._listing.transport.concurrency

    def _fetch(self, window: int | None) -> "Fetch[T]":
        plan = PagePlan(1 if self._page_number is None else self._page_number)
        size = MAX_PAGE_SIZE if self._page_size is None else self._page_size
        return Fetch(self._listing, plan, size, window)


def _in_order(arrived: dict[int, tuple[T, ...]]) -> list[T]:
    return [row for number in sorted(arrived) for row in arrived[number]]


def _checked(argument: str, value: int | None, most: int | None) -> int | None:
    if value is None:
        return None
    allowed = "an integer from 1" + ("" if most is None else f" to {most}")
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{argument}: expected {allowed}, got {type(value).__name__} {value!r}")
    if value < 1 or (most is not None and value > most):
        raise ValueError(f"{argument}: expected {allowed}, got {value}")
    return value
