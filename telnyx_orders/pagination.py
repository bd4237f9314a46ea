"""`Pager`: a listing, and the ways to use it."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from telnyx_orders.clock import checked_seconds
from telnyx_orders.errors import IncompleteFetchError
from telnyx_orders.fetch_report import FetchReport
from telnyx_orders.listing import MAX_PAGE_SIZE, FetchProgress, Listing
from telnyx_orders.models import Page

if TYPE_CHECKING:
    from telnyx_orders.fetch import Fetch
    from telnyx_orders.row_count import Row

__all__ = ["FetchProgress", "Listing", "Pager"]

T = TypeVar("T", bound="Row")


class Pager(Generic[T]):
    """A listing that nothing has been asked of yet. Use it as often as you like; each use is anew.

    - `await pager` gets one page.
    - `async for order in pager` gives every order, fetching pages ahead.
    - `async for page in pager.pages()` gives every page, in order.
    - `await pager.collect()` gives every order as a list, as fast as the client may.

    The last three give every order that matched from their start to their end exactly once, and
    prove it, or raise an `IncompleteFetchError`: see `telnyx_orders.completeness`. `pager.report`
    then says what they read.

    It is an awaitable and no coroutine: give it to `asyncio.gather` or `asyncio.wait_for`, or use
    `asyncio.ensure_future(pager)` where you would use `asyncio.create_task`.

    Leaving a loop early ends its requests. A first page that fails raises its own error; once a
    fetch of all pages has begun, what ends it early is an `IncompleteFetchError`.
    """

    def __init__(
        self,
        listing: Listing[T],
        *,
        page_number: int | None = None,
        page_size: int | None = None,
        verify: bool = True,
    ) -> None:
        self._listing = listing
        self._verify = _checked_bool("verify", verify)
        self._report: FetchReport | None = None
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
        is a page that has nothing left. Rows that were found late come on the last pages.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, or nothing proves that all came.
                Everything that was found was given before; the error of the page is its `cause`.
        """
        async with self._fetch(self._window) as fetch:
            while (page := await fetch.take_next()) is not None:
                yield page

    async def collect(
        self,
        on_progress: Callable[[FetchProgress], Awaitable[None] | None] | None = None,
        *,
        timeout: float | None = None,
    ) -> list[T]:
        """Fetch every row, as a list in the order of the listing.

        Args:
            on_progress: Called after each page; awaited if it gives an awaitable. What it raises
                ends the fetch.
            timeout: How many seconds the fetch may take; `None` for no limit. Where you put an
                `asyncio.timeout` around it instead, its `TimeoutError` has a `__cause__` whose own
                `__cause__` is the `IncompleteFetchError` with what had arrived.

        Raises:
            TelnyxError: The first page could not be had.
            IncompleteFetchError: A later page could not be had, nothing proves that all came, or
                the time was over. It carries what had arrived; the error of the page is its
                `cause`.
        """
        if timeout is not None:
            checked_seconds("timeout", timeout)
        taken: dict[int, tuple[T, ...]] = {}
        async with self._fetch(None) as fetch:
            limit = asyncio.timeout(timeout)
            try:
                async with limit:
                    await self._take_all(fetch, taken, on_progress)
            except IncompleteFetchError as error:
                if error is not fetch.failure:
                    raise  # of another fetch, by way of `on_progress`
                failure = error
            except TimeoutError:
                if timeout is None or not limit.expired():
                    raise
                failure = fetch.timed_out(timeout)
            except asyncio.CancelledError as cancelled:
                raise cancelled from _carrying(fetch.left(), fetch.in_order(taken))
            else:
                return fetch.in_order(taken)
            raise _carrying(failure, fetch.in_order(taken)) from failure.cause

    @staticmethod
    async def _take_all(
        fetch: "Fetch[T]",
        taken: dict[int, tuple[T, ...]],
        on_progress: Callable[[FetchProgress], Awaitable[None] | None] | None,
    ) -> None:
        while (page := await fetch.take_any()) is not None:
            number, rows = page[0], page[1].data
            taken[number] = rows
            if on_progress is not None:
                reported = on_progress(fetch.progress(len(taken)))
                if inspect.isawaitable(reported):
                    await reported

    @property
    def listing(self) -> Listing[T]:
        """What it lists."""
        return self._listing

    @property
    def report(self) -> FetchReport | None:
        """What the last fetch of all pages cost, and what proves it complete.

        `None` until one has ended, in whatever way. A single page, got with `await`, has none.
        """
        return self._report

    @property
    def _window(self) -> int:
        return self._listing.transport.concurrency

    def _fetch(self, window: int | None) -> "Fetch[T]":
        # Here and not above: it is a fifth of what importing the package takes, and who asks for
        # single pages needs none of it.
        from telnyx_orders.fetch import Fetch, choose_course

        course = choose_course(
            1 if self._page_number is None else self._page_number,
            MAX_PAGE_SIZE if self._page_size is None else self._page_size,
            verify=self._verify,
            filter_may_change=self._listing.filter_may_change,
        )
        return Fetch(self._listing, course, window, self._keep)

    def _keep(self, report: FetchReport) -> None:
        self._report = report


def _carrying(error: IncompleteFetchError, rows: Sequence[object]) -> IncompleteFetchError:
    return error if error.report is None else error.carrying(rows, error.report)


def _checked_bool(argument: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{argument}: expected a bool, got {type(value).__name__} {value!r}")
    return value


def _checked(argument: str, value: int | None, most: int | None) -> int | None:
    if value is None:
        return None
    allowed = "an integer from 1" + ("" if most is None else f" to {most}")
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{argument}: expected {allowed}, got {type(value).__name__} {value!r}")
    if value < 1 or (most is not None and value > most):
        raise ValueError(f"{argument}: expected {allowed}, got {value}")
    return value
