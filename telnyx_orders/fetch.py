"""The concurrent fetch of all pages of a listing.

The first page says how many there are; workers fetch the others, ascending, within one
`asyncio.TaskGroup`. An owner task holds that group, so that it neither spans a `yield` nor cancels
the caller's task, and whoever iterates owns the owner.
"""

import asyncio
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from attrs import evolve, frozen

from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.models import PageMeta
from telnyx_orders.page_plan import PagePlan
from telnyx_orders.transport import CallStats, Reply, Transport

__all__ = ["Fetch", "FetchProgress", "Identified", "Listing", "Page"]


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
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not the caller but the fetch was cancelled, by somebody who went over all tasks.
            raise IncompleteFetchError("the fetch was cancelled from outside") from None
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
        later = number != self.plan.start
        reply = await self._listing.page(number, self._size, self._stats, background=later)
        page = reply.value
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
