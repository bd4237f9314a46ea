"""`telnyx-orders list`: fetch, write, report."""

import asyncio
import math
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Literal

from attrs import define, evolve, frozen

from telnyx_orders import (
    Clock,
    NumberOrder,
    OrderFilter,
    OrdersClient,
    Page,
    Pager,
)
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.detail_formats import output_console
from telnyx_orders.cli.formats import CsvWriter, JsonWriter, NdjsonWriter, OrderWriter
from telnyx_orders.cli.messages import tell
from telnyx_orders.cli.progress import Fetched, progress_bar, summary
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.table import TableWriter
from telnyx_orders.listing import MAX_PAGE_SIZE

__all__ = ["Format", "ListOptions", "list_orders"]

Format = Literal["table", "json", "ndjson", "csv"]

TABLE_ROWS = 25
"""How many orders a table shows if no limit was asked for: more than a screen is no help."""


@frozen(kw_only=True)
class ListOptions:
    """What `telnyx-orders list` was asked for.

    Attributes:
        filter: Which orders.
        limit: How many at most; `None` for all.
        page_size: Orders per request; `None` chooses.
        concurrency: Requests in flight at most.
        format: How to write them; `None` chooses by where they go.
        columns: Which fields of them; `None` chooses by the format.
        sandbox: Ask a sandbox instead of the API.
        quiet: Show neither progress nor summary.
    """

    filter: OrderFilter
    limit: int | None
    page_size: int | None
    concurrency: int
    format: Format | None
    columns: tuple[str, ...] | None
    sandbox: bool
    quiet: bool

    @property
    def useful_page_size(self) -> int:
        """Orders per request, no more than the limit."""
        return self.page_size or min(MAX_PAGE_SIZE, self.limit or MAX_PAGE_SIZE)

    @property
    def useful_concurrency(self) -> int:
        """Requests in flight at most, no more than the pages that the limit leaves to fetch."""
        if self.limit is None:
            return self.concurrency
        return max(1, min(self.concurrency, math.ceil(self.limit / self.useful_page_size) - 1))


@define
class PauseWatch:
    """The sleep of a client's `Clock`, which shows how things stand whenever it begins."""

    show: Callable[[], None] = lambda: None

    async def sleep(self, seconds: float) -> None:
        """Show it, and wait."""
        self.show()
        await asyncio.sleep(seconds)


async def list_orders(options: ListOptions) -> None:
    """Fetch the orders, write them to standard output as they come, and report on standard error.

    Raises:
        TelnyxError: They cannot be fetched, or not all of them.
        BrokenPipeError: Nobody reads what is written.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    on_terminal = sys.stdout.isatty()
    form = options.format or ("table" if on_terminal else "ndjson")
    rows = options.limit or TABLE_ROWS
    writer = _writer(form, options.columns, rows, on_terminal=on_terminal)
    pauses = PauseWatch()
    fetched = Fetched()
    # A bar would be torn up by orders that run over the same terminal.
    bar_wanted = not options.quiet and (form == "table" or not on_terminal)
    started = time.monotonic()
    async with (
        orders_client(
            built_in_sandbox() if options.sandbox else None,
            concurrency=options.useful_concurrency,
            clock=Clock(sleep=pauses.sleep),
        ) as client,
        aclosing(_pages(client, options)) as pages,
    ):
        with progress_bar(options.limit, wanted=bar_wanted) as show:
            # Otherwise a silent server would look like a slow one for minutes.
            pauses.show = lambda: show(evolve(fetched, retries=client.stats.retries))
            async for page in pages:
                left = None if options.limit is None else options.limit - fetched.orders
                orders = page.data[:left]
                await output.write(writer.orders(orders))
                fetched = Fetched(
                    orders=fetched.orders + len(orders),
                    pages=fetched.pages + 1,
                    matching=page.meta.total_results,
                    retries=client.stats.retries,
                )
                show(fetched)
                if fetched.orders == options.limit:
                    break
        seconds = time.monotonic() - started
        await output.write(writer.end())
    if not options.quiet:
        shown = rows if form == "table" else None
        tell(summary(fetched, seconds, limit=options.limit, rows=shown))


def _writer(
    form: Format, columns: Sequence[str] | None, rows: int, *, on_terminal: bool
) -> OrderWriter:
    match form:
        case "table":
            return TableWriter(output_console(), rows, columns)
        case "json":
            return JsonWriter(columns, escaped=on_terminal)
        case "ndjson":
            return NdjsonWriter(columns, escaped=on_terminal)
        case "csv":
            return CsvWriter(columns, escaped=on_terminal)


async def _pages(
    client: OrdersClient, options: ListOptions
) -> AsyncGenerator[Page[NumberOrder], None]:
    """Give the pages; a limit that one page can hold costs one request."""
    size = options.useful_page_size
    pager: Pager[NumberOrder] = client.number_orders.list(filter=options.filter, page_size=size)
    if options.limit is not None and options.limit <= size:
        yield await pager
        return
    async with aclosing(pager.pages()) as pages:
        async for page in pages:
            yield page
