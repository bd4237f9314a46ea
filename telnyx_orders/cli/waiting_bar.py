"""How many orders have ended, while others are waited for."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from attrs import define
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from telnyx_orders.cli.progress import BAR_WIDTH

__all__ = ["WaitingBar", "waiting_bar"]


@define
class WaitingBar:
    """A bar on standard error, or none where that is no terminal."""

    _bar: Progress | None = None
    _task: TaskID | None = None

    def ended(self, orders: int) -> None:
        """Show how many orders have ended."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=orders)

    @contextmanager
    def aside(self) -> Generator[None]:
        """Take the bar away while something else is written to the same terminal."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


@contextmanager
def waiting_bar(orders: int) -> Generator[WaitingBar]:
    """Show a bar for as long as the block runs, and then take it away.

    Args:
        orders: How many orders are waited for.
    """
    console = Console(stderr=True)
    if sys.stderr is None or not sys.stderr.isatty() or not console.is_interactive:
        yield WaitingBar()
        return
    bar = Progress(
        TextColumn("Waiting"),
        BarColumn(bar_width=BAR_WIDTH),
        TextColumn("{task.completed:,} of {task.total:,} ended"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        yield WaitingBar(bar, bar.add_task("", total=orders))
