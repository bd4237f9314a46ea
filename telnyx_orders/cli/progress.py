"""How far a fetch has come: the bar while it runs, and the line that sums it up."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from telnyx_orders.cli.messages import counted

__all__ = ["Fetched", "progress_bar", "summary"]

BAR_WIDTH = 30
"""Leaves room for the rest of the line on a terminal of 80 columns."""


@frozen(kw_only=True)
class Fetched:
    """What has been fetched so far.

    Attributes:
        orders: Orders that were written.
        pages: Pages that were read.
        matching: How many orders match, by the latest answer.
        retries: How many requests were sent again.
    """

    orders: int = 0
    pages: int = 0
    matching: int = 0
    retries: int = 0


@contextmanager
def progress_bar(
    limit: int | None, *, wanted: bool
) -> Generator[Callable[[Fetched], None], None, None]:
    """Show a bar on standard error for as long as the block runs, and then take it away.

    Args:
        limit: How many orders are fetched at most.
        wanted: Whether to show it; even so there is none if standard error is no terminal.

    Yields:
        What to call with each progress.
    """
    console = Console(stderr=True)
    if not (wanted and sys.stderr is not None and sys.stderr.isatty() and console.is_interactive):
        yield lambda _: None
        return
    bar = Progress(
        TextColumn("Fetching"),
        BarColumn(bar_width=BAR_WIDTH),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # Otherwise rich takes the place of `sys.stdout`, which is none of its business here.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task("", total=None, counts="")

        def show(fetched: Fetched) -> None:
            total = fetched.matching if limit is None else min(limit, fetched.matching)
            counts = f"{fetched.orders:,} of {counted(total, 'order')}"
            if fetched.retries:
                counts += f", {counted(fetched.retries, 'retry')}"
            bar.update(task, completed=fetched.orders, total=total, counts=counts)

        yield show


def summary(fetched: Fetched, seconds: float, *, limit: int | None, rows: int | None) -> str:
    """Sum up a fetch in one line.

    Args:
        fetched: What was fetched.
        seconds: How long it took.
        limit: How many orders were asked for at most.
        rows: How many orders the table shows at most; `None` if all were written.
    """
    orders = counted(fetched.orders, "order")
    if limit is not None and limit == fetched.orders < fetched.matching:
        orders = f"{fetched.orders:,} of {counted(fetched.matching, 'order')}"
    line = (
        f"{orders} on {counted(fetched.pages, 'page')} in {seconds:.2f} s, "
        f"{counted(fetched.retries, 'retry')}"
    )
    if rows is not None and fetched.orders > rows:
        line += f" (the first {rows:,} are shown)"
    return line
