"""`export`: reads an account window by window, and writes what is proven."""

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from attrs import evolve, frozen

from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.exports.errors import ExportError
from telnyx_orders.exports.formats import ExportFormat, Form, choose_form
from telnyx_orders.exports.part_file import PartFile
from telnyx_orders.exports.reader import ReadWindow, Spending, WindowReader, pages_of
from telnyx_orders.exports.state import Identity, Progress
from telnyx_orders.exports.windows import MOST_PAGES, REQUESTS_A_PAGE, WindowPlan
from telnyx_orders.fetch_report import FetchReport
from telnyx_orders.filters import DateRange
from telnyx_orders.listing import MAX_PAGE_SIZE, Listing
from telnyx_orders.models import NumberOrder
from telnyx_orders.one_thread import OneThread
from telnyx_orders.pagination import Pager
from telnyx_orders.paths import NUMBER_ORDERS

__all__ = ["ExportProgress", "ExportReport", "export"]

T = TypeVar("T")

LOOKS: Final = 3
"""How often the totals are compared, while the account changes."""

BEGINNING: Final = datetime(1, 1, 3, tzinfo=UTC)
END: Final = datetime(9999, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class ExportProgress:
    """How far an export has come.

    Attributes:
        orders_done: How many orders are on the disk, those of earlier runs among them.
        orders_total: How many there are in all, by the latest answer about all of them.
        requests: How many requests were sent, in all runs.
    """

    orders_done: int
    orders_total: int
    requests: int


@frozen(kw_only=True)
class ExportReport:
    """What was exported, and what it took.

    Attributes:
        path: The file.
        orders: How many orders are in it, each once.
        windows: In how many parts the account was read, each with its own proof.
        requests: How many requests were sent, in all runs.
        runs: How many runs it took.
        fetch: What the windows of this run took, added up, and what proves them; `None` if an
            earlier run had read all.
    """

    path: Path
    orders: int
    windows: int
    requests: int
    runs: int
    fetch: FetchReport | None


async def export(
    pager: Pager[NumberOrder],
    path: str | os.PathLike[str],
    *,
    format: ExportFormat | str | None = None,  # noqa: A002  # what it is called
    explode: bool = False,
    resume: bool = False,
    on_progress: Callable[[ExportProgress], Awaitable[None] | None] | None = None,
) -> ExportReport:
    """Write all orders of a listing into a file, each once, and nothing less.

    The account is read in windows of `created_at`, from the oldest order to the newest, each with
    the proof of a fetch of all pages. What is proven is synced to the disk in `<path>.part`. The
    file gets its name, in place of one that has it, only when all of it is there. After a crash,
    a full disk or an error `resume=True` goes on behind what was synced; however often that
    happens, all runs together take at most some three requests a page. Memory does not grow with
    the account.

    Args:
        pager: What to export: `client.number_orders.list(filter=...)`. Its page numbers and sizes
            play no part.
        path: The file. Its name says the format: `.ndjson`, `.csv` or `.parquet`, `.gz` may follow
            the first two.
        format: The format, where the name does not say it.
        explode: In a CSV file, one row a phone number instead of one an order.
        resume: Go on with what an earlier call has left; it must have had the same filter, format
            and account. Where nothing is left, begin. Without it, begin anew.
        on_progress: Called when more is on the disk; awaited if it gives an awaitable.

    Raises:
        ExportError: It could not be finished. It says why, and what is kept.
        TelnyxError: The API gave nothing at all.
        ConfigurationError: A Parquet file needs pyarrow, of the extra `arrow`.
        TypeError: An argument has the wrong type.
        ValueError: An argument makes no sense.

    Example:
        >>> report = await export(client.number_orders.list(), "orders.parquet", resume=True)
        >>> print(report.orders, "orders")
    """
    listing = _listing_of(pager)
    file = Path(path)
    form = choose_form(file, format, explode=explode)
    run = _Run(listing, file, form, on_progress)
    try:
        return await run.run(resume)
    finally:
        await run.close()


def _listing_of(pager: Pager[NumberOrder]) -> Listing[NumberOrder]:
    if not isinstance(pager, Pager):
        raise TypeError(f"pager: expected client.number_orders.list(...), got {pager!r:.80}")
    if pager.listing.path != NUMBER_ORDERS:
        raise TypeError(f"pager: expected one of number orders, got one of {pager.listing.path}")
    return pager.listing


class _Run:
    def __init__(
        self,
        listing: Listing[NumberOrder],
        path: Path,
        form: Form,
        on_progress: Callable[[ExportProgress], Awaitable[None] | None] | None,
    ) -> None:
        self._listing = listing
        # Wherever the process goes to meanwhile; a link stays one, to the file that is replaced.
        self._path = path.resolve() if path.is_symlink() else path.absolute()
        self._form = form
        self._on_progress = on_progress
        self._thread = OneThread("telnyx-orders-export")
        self._part: PartFile | None = None
        self._progress = Progress()
        self._spending = Spending(total=0, orders=0, spent=0, lost=0)

    async def run(self, resume: bool) -> ExportReport:
        await self._on_disk(lambda: self._open(resume))
        reports: list[FetchReport] = []
        try:
            if not self._opened.finished:
                reports += await self._read()
                await self._on_disk(self._finish)
        except TelnyxError as error:
            if isinstance(error, ExportError) or not self._progress.orders:
                raise
            reason = error.reason if isinstance(error, IncompleteFetchError) else str(error)
            raise self._stopped(reason) from error
        return ExportReport(
            path=self._path,
            orders=self._progress.orders,
            windows=self._progress.windows,
            requests=self._spending.spent,
            runs=self._progress.runs,
            fetch=FetchReport.joined(reports),
        )

    async def _read(self) -> list[FetchReport]:
        """Put all that is not yet there on the disk; give what proves it."""
        plan = await self._plan()
        reader = WindowReader(self._listing, plan, self._spending, self._save)
        try:
            while (read := await reader.take()) is not None:
                await self._write(read)
        finally:
            await reader.close()
            # What was reserved and not sent; where that cannot be written, it counts as sent.
            with suppress(ExportError):
                await self._save()
        await self._write_undated()
        return reader.reports

    async def _on_disk(self, work: Callable[[], T]) -> T:
        """Do what may fail for want of room, a folder or a permission."""
        try:
            return await self._thread.run(work)
        except OSError as error:
            raise self._stopped(f"it cannot be written: {error.strerror or error}") from error

    async def close(self) -> None:
        """Let the part go, once what was given to the thread is done."""
        closing = self._thread.submit(self._close)
        self._thread.end()
        await asyncio.wait([closing])

    def _close(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.close()

    def _finish(self) -> None:
        self._opened.finish()
        self._part = None

    @property
    def _opened(self) -> PartFile:
        if self._part is None:
            raise ExportError("it was closed meanwhile", path=self._path)
        return self._part

    def _open(self, resume: bool) -> None:
        identity = Identity(
            account=self._listing.transport.account,
            filter=self._listing.parameters,
            form=self._form.name,
        )
        self._part = PartFile(self._path, self._form, identity, resume=resume)
        self._progress = self._part.progress

    async def _plan(self) -> WindowPlan:
        """Choose where to begin: where an earlier run has ended, or by a look at the account."""
        done, now = self._progress, datetime.now(UTC)
        self._spending = Spending(
            total=done.total, orders=done.orders, spent=done.spent, lost=done.lost
        )
        if done.done_to == END:
            plan = WindowPlan(END, END, END, 0)
            plan.over = True
            return plan
        begin = done.done_to or done.oldest
        if begin is not None:
            left = done.total - done.orders
            return WindowPlan(done.done_to, begin, done.last or now, left)
        page = (await self._listing.page(1, MAX_PAGE_SIZE)).value
        total, pages = page.meta.total_results, page.meta.total_pages
        self._spending.total, self._spending.spent = total, done.spent + 1
        rows = list(page.data)
        if pages <= (MOST_PAGES if done.runs == 1 else 1):
            return WindowPlan(None, now, now, total, whole=max(pages, 1))
        # In whatever order they are listed, the pages at both ends tell more than one does.
        rows += (await self._listing.page(pages, MAX_PAGE_SIZE)).value.data
        self._spending.spent += 1
        times = [row.created_at for row in rows if row.created_at is not None]
        oldest, last = min(times, default=now), max(times, default=now)
        self._progress = evolve(done, oldest=oldest, last=last)
        return WindowPlan(None, oldest, last, total)

    async def _save(self) -> None:
        """Put on the disk what the requests that are about to be sent may bring the sum to."""
        spending = self._spending
        self._progress = evolve(
            self._progress,
            total=spending.total,
            spent=spending.spent + spending.reserved,
            reserved=spending.reserved,
            lost=spending.lost,
        )
        await self._on_disk(lambda: self._opened.save(self._progress))

    async def _write(self, read: ReadWindow) -> None:
        """Put the orders of a window on the disk."""
        done = self._progress
        progress = evolve(
            done,
            done_to=read.window.end or END,
            windows=done.windows + 1,
            undated_seen=done.undated_seen or read.undated,
            undated=done.undated or read.window.whole,
        )
        await self._append(read.orders, progress)

    async def _append(self, orders: Sequence[NumberOrder], progress: Progress) -> None:
        spending = self._spending
        progress = evolve(
            progress,
            orders=progress.orders + len(orders),
            spent=spending.spent + spending.reserved,
            reserved=spending.reserved,
            lost=spending.lost,
        )
        try:
            self._progress = await self._on_disk(
                lambda: self._opened.append(self._form.rows(orders), progress)
            )
        except (ValueError, OverflowError) as error:
            # Of pyarrow, for a number that no column can hold.
            raise self._stopped(f"an order cannot be written: {error}.") from error
        spending.orders = self._progress.orders
        if self._on_progress is not None:
            reported = self._on_progress(
                ExportProgress(
                    orders_done=spending.orders,
                    orders_total=max(spending.total, spending.orders),
                    requests=spending.spent,
                )
            )
            if inspect.isawaitable(reported):
                await reported

    async def _write_undated(self) -> None:
        """Write the orders without a time of creation, which are in no window; none is known.

        No filter selects them, so it takes another look at all of the account.
        """
        if self._progress.undated or any(
            "created_at" in name for name, _ in self._listing.parameters
        ):
            return  # they are written, or the filter leaves them out
        if not self._progress.undated_seen and await self._all_dated():
            return
        self._spending.reserved = REQUESTS_A_PAGE * pages_of(self._spending.total)
        await self._save()
        pager = Pager(self._listing)
        try:
            undated = [order async for order in pager if order.created_at is None]
        finally:
            self._spending.reserved = 0
            self._spending.spent += 0 if pager.report is None else pager.report.requests
            with suppress(ExportError):
                await self._save()
        await self._append(undated, evolve(self._progress, undated=True))

    async def _all_dated(self) -> bool:
        """Tell whether there are as many orders with a time as there are at all."""
        dated = self._listing.created_within(DateRange(gt=BEGINNING))
        for _ in range(LOOKS):
            before, both, after = [
                await self._count(listing) for listing in (dated, self._listing, dated)
            ]
            if min(before, after) <= both <= max(before, after):
                return True
        return False

    async def _count(self, listing: Listing[NumberOrder]) -> int:
        self._spending.spent += 1
        return (await listing.page(1, 1)).value.meta.total_results

    def _stopped(self, reason: str) -> ExportError:
        kept = self._progress.orders
        reason = reason if reason.endswith((".", "!", "?")) else f"{reason}."
        if not kept:
            message = f"the export of {self._path} stopped before anything was kept: {reason}"
        else:
            message = (
                f"the export of {self._path} stopped after {kept} orders: {reason} What came is "
                "kept beside it: go on with resume"
            )
        return ExportError(message, path=self._path, orders=kept, reason=reason)
