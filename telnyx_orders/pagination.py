"""Pages, and the concurrent fetch of all of them.

The first page says how many there are; workers fetch the others, ascending, within one
`asyncio.TaskGroup`. An owner task holds that group, so that it neither spans a `yield` nor cancels
the caller's task, and whoever iterates owns the owner.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from attrs import evolve, frozen

from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.models import PageMeta
from telnyx_orders.page_plan import PagePlan
from telnyx_orders.transport import CallStats, Transport

__all__ = ["FetchProgress", "Page", "Pager"]

MAX_PAGE_SIZE = 250
"""The largest page the API gives, by the reference of `GET /number_orders`."""


class Identified(Protocol):
    """Anything with an id, by which a row that comes twice is known."""

    @property
    def id(self) -> str:
        """Identifies the row."""
        ...


T = TypeVar("T", bound=Identified)


@frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a listing.

    Attributes:
        data: Its rows.
        meta: Where it stands in the listing.
    """

    data: tuple[T, ...]
    meta: PageMeta


@frozen(kw_only=True)
class FetchProgress:
    """How far a fetch of all pages has come.

    Attributes:
        pages_done: How many pages have arrived.
        pages_total: How many there are, by the latest answer.
        orders_done: How many orders have arrived.
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


@frozen
class Listing(Generic[T]):
    """What a pager lists: an endpoint, its filters, and what a page of it is.

    Attributes:
        transport: What sends the requests.
        path: The endpoint's path.
        parameters: The filters, as parameters of the query.
        page_type: What a page's body becomes.
    """

    transport: Transport
    path: str
    parameters: tuple[tuple[str, str], ...]
    page_type: type[Page[T]]

    async def page(self, number: int | None, size: int | None, stats: CallStats) -> Page[T]:
        """Get one page; `None` leaves a choice to the server."""
        parameters = list(self.parameters)
        if number is not None:
            parameters.append(("page[number]", str(number)))
        if size is not None:
            parameters.append(("page[size]", str(size)))
        return await self.transport.get(self.path, parameters, self.page_type, stats)


class Pager(Generic[T]):
    """A listing that nothing has been asked of yet. Use it as often as you like; each use is anew.

    - `await pager` gets one page.
    - `async for order in pager` gives every order, fetching pages ahead.
    - `async for page in pager.pages()` gives every page, in order.
    - `await pager.collect()` gives every order as a list, as fast as the client may.

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
        page = self._listing.page(self._page_number, self._page_size, CallStats())
        return page.__await__()

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


class Fetch(Generic[T]):
    """One fetch of all pages, as an async context manager: it ends with its block.

    Args:
        listing: What is fetched.
        plan: Which pages.
        size: How many rows a page has.
        window: How many pages may be asked for beyond those that were taken; `None` for any.
    """

    def __init__(self, listing: Listing[T], plan: PagePlan, size: int, window: int | None) -> None:
        self.plan = plan
        self._listing = listing
        self._size = size
        self._window = window
        self._stats = CallStats()
        self._seen: set[str] = set()
        self._ready: dict[int, Page[T]] = {}
        self._taken = 0
        self._working = 0
        self._arrival = asyncio.Event()
        self._room = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._owner = asyncio.create_task(self._run(), name=f"fetch {self._listing.path}")
        self._owner.add_done_callback(lambda _: self._arrival.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._owner.cancel()
        await asyncio.wait([self._owner])
        if not self._owner.cancelled():
            self._owner.exception()

    async def take_next(self) -> Page[T] | None:
        """Take the next page in order, waiting for it; `None` when all were taken.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or the server contradicts itself.
        """
        while True:
            number = self.plan.start + self._taken
            while number not in self._ready:
                if not await self._more():
                    return None
            page = self._take(number)
            if page.data or number == self.plan.start:
                return page

    async def take_any(self) -> tuple[int, Page[T]] | None:
        """Take whichever page arrives, and its number; `None` when all were taken.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or the server contradicts itself.
        """
        while not self._ready:
            if not await self._more():
                return None
        number = next(iter(self._ready))
        return number, self._take(number)

    def _take(self, number: int) -> Page[T]:
        self._taken += 1
        self._room.set()
        return self._ready.pop(number)

    async def _more(self) -> bool:
        """Wait for an arrival; tells whether there can be one."""
        if self._owner.done():
            self._raise_end()
            return False
        self._arrival.clear()
        await self._arrival.wait()
        return True

    def _raise_end(self) -> None:
        try:
            self._owner.result()
        except IncompleteFetchError:
            raise
        except TelnyxError as error:
            if not self.plan.pages_read:
                raise
            pages = f"{self.plan.pages_read} of {self.plan.last - self.plan.start + 1} pages"
            reason = f"the fetch ended after {pages}: {error}"
            raise IncompleteFetchError(reason, cause=error) from error

    def progress(self, pages: int, orders: int, meta: PageMeta) -> FetchProgress:
        """Tell how far the fetch has come, by what was taken and the latest answer."""
        before = (self.plan.start - 1) * meta.page_size
        return FetchProgress(
            pages_done=pages,
            pages_total=max(pages, self.plan.last - self.plan.start + 1),
            orders_done=orders,
            orders_total=max(orders, meta.total_results - before),
            retries=self._stats.retries,
            rate_limit_seconds=self._stats.rate_limit_seconds,
        )

    async def _run(self) -> None:
        async with self._listing.transport.sessions.lifetime():
            await self._read_next()
            failed = None
            try:
                async with asyncio.TaskGroup() as workers:
                    self._add_workers(workers)
            except BaseExceptionGroup as group:
                failed = group.exceptions[0]
            if failed is not None:
                # Out of the except block, or the group would be its context.
                raise failed
        self.plan.finish()

    def _add_workers(self, workers: asyncio.TaskGroup) -> None:
        """Have as many workers as there is work for; the listing may grow while it is read."""
        most = self._listing.transport.concurrency
        for _ in range(min(most - self._working, self.plan.left)):
            self._working += 1
            workers.create_task(self._work(workers))

    async def _work(self, workers: asyncio.TaskGroup) -> None:
        while await self._read_next():
            self._add_workers(workers)
        self._working -= 1

    async def _read_next(self) -> bool:
        number = self.plan.next()
        if number is None:
            return False
        while self._window is not None and number >= self.plan.start + self._taken + self._window:
            self._room.clear()
            await self._room.wait()
        page = await self._listing.page(number, self._size, self._stats)
        fresh: list[T] = []
        for row in page.data:
            if row.id not in self._seen:
                self._seen.add(row.id)
                fresh.append(row)
        self.plan.read(number, page.meta, rows=len(page.data), new=len(fresh))
        complete = len(fresh) == len(page.data)
        self._ready[number] = page if complete else evolve(page, data=tuple(fresh))
        self._arrival.set()
        return True


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
