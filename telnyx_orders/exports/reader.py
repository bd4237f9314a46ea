"""`WindowReader`: reads the windows of an account, one or two at a time, each proven complete."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from attrs import define, frozen

from telnyx_orders.errors import IncompleteFetchError
from telnyx_orders.exports.windows import REQUESTS_A_PAGE, Allowance, Window, WindowPlan
from telnyx_orders.fetch_report import FetchReport
from telnyx_orders.listing import MAX_PAGE_SIZE, FetchProgress, Listing
from telnyx_orders.models import NumberOrder
from telnyx_orders.pagination import Pager

__all__ = ["ReadWindow", "Spending", "WindowReader", "pages_of"]


def pages_of(orders: int) -> int:
    """Say how many pages so many orders fill."""
    return -(-orders // MAX_PAGE_SIZE)


@define
class Spending:
    """The requests of an export, in all of its runs.

    Attributes:
        total: How many orders the account has.
        orders: How many orders are on the disk.
        spent: How many requests were sent.
        lost: How many of those of earlier runs came to nothing, or may have.
        reserved: How many more those that are under way may take.
    """

    total: int
    orders: int
    spent: int
    lost: int
    reserved: int = 0

    @property
    def allowance(self) -> Allowance:
        """What may be put at risk now."""
        return Allowance(pages=pages_of(max(self.total, self.orders)), lost=self.lost)


@frozen(kw_only=True)
class ReadWindow:
    """A window, all of whose orders were read.

    Attributes:
        window: Which one.
        orders: Its orders, oldest first.
        undated: Whether there were orders without a time, which do not belong to it.
    """

    window: Window
    orders: list[NumberOrder]
    undated: bool


@define(eq=False)
class _Begun:
    window: Window
    pager: Pager[NumberOrder]
    reading: "asyncio.Task[list[NumberOrder]]"
    reserved: int
    looked: bool

    @property
    def requests(self) -> int:
        report = self.pager.report
        return 1 if report is None else report.requests + self.looked


class _TooManyError(Exception):
    """A window has more orders than it is allowed to have."""

    def __init__(self, orders: int) -> None:
        super().__init__(orders)
        self.orders = orders


class WindowReader:
    """Reads windows. Whoever uses it awaits its `close`.

    Args:
        listing: What is read.
        plan: Which windows.
        spending: What it takes; kept up to date.
        reserve: Awaited before a window is begun, when its requests are in `spending`.

    Attributes:
        reports: What proves each window that was given.
    """

    def __init__(
        self,
        listing: Listing[NumberOrder],
        plan: WindowPlan,
        spending: Spending,
        reserve: Callable[[], Awaitable[None]],
    ) -> None:
        self._listing = listing
        self._plan = plan
        self._spending = spending
        self._reserve = reserve
        self._reading: deque[_Begun] = deque()
        self.reports: list[FetchReport] = []

    async def take(self) -> ReadWindow | None:
        """Give the next window once it is read; `None` after the last.

        Raises:
            TelnyxError: It could not be read. What came before was given.
        """
        while not self._plan.over and len(self._reading) < self._spending.allowance.lanes:
            await self._begin()
        if not self._reading:
            return None
        begun = self._reading[0]
        orders = await begun.reading
        self._reading.popleft()
        self._settle(begun)
        stray = begun.window.stray(orders)
        if stray is not None:
            raise IncompleteFetchError(
                f"the server does not heed filter[created_at]: asked for {begun.window.asked}, it "
                f"listed the order {stray.id} of {stray.created_at}",
                advice="Fetch the account with collect(), which needs no such filter",
            )
        self.reports.append(begun.pager.report or _of_one_page(orders))
        return ReadWindow(
            window=begun.window,
            orders=begun.window.own(orders),
            undated=not begun.window.whole and any(one.created_at is None for one in orders),
        )

    async def close(self) -> None:
        """End what is being read."""
        tasks = [begun.reading for begun in self._reading]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for begun in self._reading:
            if not begun.reading.cancelled():
                begun.reading.exception()
            self._settle(begun)
            self._spending.lost += begun.requests
        self._reading.clear()

    async def _begin(self) -> None:
        """Begin a window that has about as many orders as it may."""
        while True:
            window = self._plan.next(self._spending.allowance.window_pages)
            reserved = window.requests
            self._spending.reserved += reserved
            await self._reserve()
            listing = self._listing.created_within(window.asked)
            pager = Pager(listing, page_number=1, page_size=MAX_PAGE_SIZE)
            sized: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            look = self._plan.uncertain
            reading = asyncio.create_task(
                _collect(pager, window, sized, look=look), name=f"export {window}"
            )
            begun = _Begun(window, pager, reading, reserved, look)
            self._reading.append(begun)
            either: list[asyncio.Future[Any]] = [reading, sized]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if sized.done():
                self._plan.accepted(window, sized.result())
                await self._reserve_more(begun, sized.result())
                return
            failure = reading.exception()
            if not isinstance(failure, _TooManyError):
                self._plan.over = True  # `take` raises it once it has given what came before
                return
            self._reading.pop()
            self._settle(begun)
            self._plan.rejected(window, failure.orders)

    async def _reserve_more(self, begun: _Begun, orders: int) -> None:
        """Take in that a window is larger than it was to be, as it cannot be made smaller."""
        more = REQUESTS_A_PAGE * (pages_of(orders) - begun.window.pages)
        if more > 0:
            begun.reserved += more
            self._spending.reserved += more
            await self._reserve()

    def _settle(self, begun: _Begun) -> None:
        self._spending.reserved -= begun.reserved
        self._spending.spent += begun.requests


async def _collect(
    pager: Pager[NumberOrder], window: Window, sized: "asyncio.Future[int]", *, look: bool
) -> list[NumberOrder]:
    """Read a window; refuse it as soon as it is known to be too large.

    A fetch asks for several pages as soon as it knows how many there are, which is too late to
    refuse them. So where that is likely one page is asked for first, which may be all there is.
    """

    def check(pages: int, orders: int) -> None:
        if window.most_pages is not None and pages > window.most_pages:
            raise _TooManyError(orders)
        sized.set_result(orders)

    def watch(progress: FetchProgress) -> None:
        if not sized.done():
            check(progress.pages_total, progress.orders_total)

    if look:
        page = await pager
        check(page.meta.total_pages, page.meta.total_results)
        if page.meta.total_pages <= 1 and len(page.data) == page.meta.total_results:
            return list(page.data)
    return await pager.collect(on_progress=watch)


def _of_one_page(orders: Sequence[NumberOrder]) -> FetchReport:
    """What proves a window that one answer held: it has as many orders as there are."""
    return FetchReport(
        proof="count",
        reason=None,
        partial=False,
        orders=len(orders),
        pages=1,
        requests=1,
        rereads=0,
        duplicates=0,
        total_first=len(orders),
        total_last=len(orders),
        retries=0,
        rate_limit_seconds=0.0,
    )
