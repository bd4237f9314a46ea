"""The concurrent fetch of all pages of a listing.

A course says which pages; workers fetch them within one `asyncio.TaskGroup`. An owner task holds
that group, so that it neither spans a `yield` nor cancels the caller's task, and whoever iterates
owns the owner.
"""

import asyncio
import contextvars
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

from attrs import evolve

from telnyx_orders.calls import CallStats
from telnyx_orders.completeness import Completeness
from telnyx_orders.errors import APITimeoutError, IncompleteFetchError, TelnyxError
from telnyx_orders.events import FetchEnded, FetchStarted, PageRead
from telnyx_orders.fetch_report import FetchReport
from telnyx_orders.listing import MAX_PAGE_SIZE, FetchProgress, Listing
from telnyx_orders.models import Page
from telnyx_orders.row_count import Row
from telnyx_orders.unproven import Unproven

__all__ = ["Course", "Fetch", "choose_course"]

Course = Completeness | Unproven
"""Which pages a fetch reads, and what it makes of them."""


T = TypeVar("T", bound=Row)


def choose_course(start: int, size: int, *, verify: bool, filter_may_change: bool) -> Course:
    """Choose how a listing is read: with a proof where there can be one and it is wanted.

    Args:
        start: The number of the page to begin with.
        size: How many rows a page has.
        verify: Whether a proof is wanted.
        filter_may_change: Whether rows enter or leave the filters when they change.
    """
    if start > 1:
        reason = f"it began with page {start}, so there is no fixed set to be complete about"
        return Unproven(start, size, verify, reason)
    if not verify:
        return Unproven(start, size, False, "verify=False asked for no proof")
    return Completeness(size, MAX_PAGE_SIZE, filter_may_change)


class Fetch(Generic[T]):
    """One fetch of all pages, as an async context manager: it ends with its block.

    Args:
        listing: What is fetched.
        course: Which pages, and what proves that they are all.
        window: How many pages may be asked for beyond those that were taken; `None` for any.
        on_end: Called once with the report, when the fetch has ended in whatever way.
    """

    def __init__(
        self,
        listing: Listing[T],
        course: Course,
        window: int | None,
        on_end: Callable[[FetchReport], None],
    ) -> None:
        self._course = course
        self._listing = listing
        self._observer = listing.transport.observer
        self._context = contextvars.copy_context()
        self._window = window
        self._on_end = on_end
        self._stats = CallStats()
        self._ready: dict[int, tuple[int, Page[T]]] = {}
        self._asked = 0
        self._taken = 0
        self._orders = 0
        self._working = 0
        self._reason: str | None = "the fetch was left before its end"
        self.failure: IncompleteFetchError | None = None
        self._arrival = asyncio.Event()
        self._room = asyncio.Event()

    async def __aenter__(self) -> Self:
        path = self._listing.path
        self._started = self._listing.transport.clock.monotonic()
        if self._observer is not None:
            self._context.run(self._observer, FetchStarted(path=path))
        self._owner = asyncio.create_task(self._run(), name=f"fetch {path}", context=self._context)
        self._owner.add_done_callback(lambda _: self._arrival.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._owner.cancel()
        try:
            await asyncio.wait([self._owner])
            if not self._owner.cancelled():
                self._owner.exception()
        finally:
            report = self._report()
            self._on_end(report)
            if self._observer is not None:
                event = FetchEnded(
                    path=self._listing.path,
                    seconds=self._listing.transport.clock.monotonic() - self._started,
                    report=report,
                    error=error if isinstance(error, TelnyxError) else None,
                )
                self._context.run(self._observer, event)

    async def take_next(self) -> Page[T] | None:
        """Take the next page in the order of asking, waiting for it; `None` when all were taken.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or nothing proves that all came.
        """
        while True:
            while self._taken not in self._ready:
                if await self._more():
                    continue
                if not self._ready:
                    self._end()
                    return None
                # What came after the page that failed is not lost with it.
                self._taken = min(self._ready)
            number, page = self._take(self._taken)
            if page.data or number == 0:
                return page

    async def take_any(self) -> tuple[int, Page[T]] | None:
        """Take whichever page arrives, and its number of reading; `None` when all were taken.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or nothing proves that all came.
        """
        while not self._ready:
            if not await self._more():
                self._end()
                return None
        return self._take(next(iter(self._ready)))

    def in_order(self, taken: Mapping[int, Sequence[T]]) -> list[T]:
        """Put rows that were taken by number of reading into the order of the listing."""
        order = self._course.order()
        return [row for one in order for row in taken.get(one.run, ())[one.begin : one.end]]

    def _take(self, place: int) -> tuple[int, Page[T]]:
        self._taken += 1
        self._room.set()
        number, page = self._ready.pop(place)
        self._orders += len(page.data)
        return number, page

    async def _more(self) -> bool:
        """Wait for an arrival; tells whether there can be one."""
        if self._owner.done():
            return False
        self._arrival.clear()
        await self._arrival.wait()
        return True

    def _end(self) -> None:
        """End as the owner did."""
        try:
            self._owner.result()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not the caller but the fetch was cancelled, by somebody who went over all tasks.
            raise self._incomplete("the fetch was cancelled from outside") from None
        except IncompleteFetchError as error:
            self._reason = error.reason
            self.failure = error.carrying((), self._report())
            raise self.failure from error.cause
        except TelnyxError as error:
            self._reason = str(error)
            if not self._course.pages_read:
                raise
            if self._course.proof is None:
                raise self._failed(error) from error
        self._reason = None if self._course.proof else self._course.reason

    def _failed(self, cause: TelnyxError) -> IncompleteFetchError:
        pages = f"{self._course.pages_read} of {self._course.pages_expected} pages"
        advice = "Try again later" if cause.transient else "Mend what it names and try again"
        return self._incomplete(f"the fetch ended after {pages}: {cause}", advice, cause)

    def _incomplete(
        self, reason: str, advice: str = "Try again", cause: TelnyxError | None = None
    ) -> IncompleteFetchError:
        self._reason = reason
        self.failure = IncompleteFetchError(
            reason, advice=advice, cause=cause, report=self._report()
        )
        return self.failure

    def timed_out(self, seconds: float) -> IncompleteFetchError:
        """Give the error of a fetch that was allowed so many seconds."""
        course = self._course
        cause = APITimeoutError(f"no end within {seconds:g} s", attempts=self._stats.requests)
        return self._incomplete(
            f"the time was over after {course.pages_read} of {course.pages_expected} pages",
            "Allow more with timeout=, raise `concurrency`, or narrow it with filter=",
            cause,
        )

    def left(self) -> IncompleteFetchError:
        """Give the error that carries what had arrived when the fetch was cancelled."""
        return self._incomplete("the fetch was cancelled", "Allow it more time, or narrow it")

    def progress(self, pages: int) -> FetchProgress:
        """Tell how far the fetch has come, by what was taken and the latest answer."""
        return FetchProgress(
            pages_done=pages,
            pages_total=max(pages, self._course.pages_expected),
            orders_done=self._orders,
            orders_total=max(self._orders, self._course.orders_expected),
            retries=self._stats.retries,
            rate_limit_seconds=self._stats.rate_limit_seconds,
        )

    def _report(self) -> FetchReport:
        course, stats = self._course, self._stats
        return FetchReport(
            proof=course.proof,
            reason=self._reason,
            partial=course.partial,
            orders=self._orders,
            pages=course.pages_read,
            requests=stats.requests,
            rereads=course.rereads,
            duplicates=course.duplicates,
            total_first=course.total_first,
            total_last=course.total_last,
            retries=stats.retries,
            rate_limit_seconds=stats.rate_limit_seconds,
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
        self._course.finish()

    def _add_workers(self, workers: asyncio.TaskGroup) -> None:
        """Have as many workers as there is work for; there may come more of it while they read."""
        most = self._listing.transport.concurrency
        for _ in range(min(most - self._working, self._course.left)):
            self._working += 1
            workers.create_task(self._work(workers))

    async def _work(self, workers: asyncio.TaskGroup) -> None:
        try:
            while await self._read_next():
                self._add_workers(workers)
        except asyncio.CancelledError:
            if self._owner.cancelling():
                raise
            # Not the fetch but this task of it was cancelled, by somebody who went over all tasks.
            # A group takes that for an end, and its page would be waited for for ever.
            raise IncompleteFetchError("the fetch was cancelled from outside") from None
        self._working -= 1

    async def _read_next(self) -> bool:
        request = self._course.next()
        if request is None:
            return False
        place = self._asked
        self._asked += 1
        while self._window is not None and place >= self._taken + self._window:
            self._room.clear()
            await self._room.wait()
        reply = await self._listing.page(
            request.number, request.size, self._stats, background=place > 0
        )
        page = reply.value
        number = self._course.pages_read
        fresh = self._course.read(request, page.data, page.meta, reply.date)
        if self._observer is not None:
            self._observer(
                PageRead(
                    path=self._listing.path,
                    number=request.number,
                    size=request.size,
                    rows=len(page.data),
                    new_rows=len(fresh),
                    total_pages=page.meta.total_pages,
                    total_results=page.meta.total_results,
                )
            )
        complete = len(fresh) == len(page.data)
        self._ready[place] = number, page if complete else evolve(page, data=tuple(fresh))
        self._arrival.set()
        return True
