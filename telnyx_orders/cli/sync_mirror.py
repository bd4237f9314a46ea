"""`telnyx-orders sync`: a local mirror, and a line for each order that is new, changed or gone."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Literal

from attrs import define, frozen

from telnyx_orders import TelnyxError, make_converter
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.error_details import printable
from telnyx_orders.exports.text_rows import to_json
from telnyx_orders.mirror import Mirror, OrderChange, SyncReport

__all__ = ["SyncFormat", "SyncOptions", "sync_mirror"]

SyncFormat = Literal["text", "ndjson"]


@frozen(kw_only=True)
class SyncOptions:
    """What `telnyx-orders sync` was asked for.

    Attributes:
        file: The mirror.
        full: Read the whole account.
        watch: Seconds between two syncs; `None` for one only.
        format: How to write the changes; `None` chooses by where they go.
        sandbox: Ask a sandbox instead of the API.
        quiet: Show no summary.
    """

    file: Path
    full: bool
    watch: float | None
    format: SyncFormat | None
    sandbox: bool
    quiet: bool


async def sync_mirror(options: SyncOptions) -> None:
    """Sync, once or until SIGINT or SIGTERM.

    Raises:
        TelnyxError: It could not be done.
        BrokenPipeError: Nobody reads the changes.
    """
    sandbox = built_in_sandbox() if options.sandbox else None
    async with orders_client(sandbox) as client, Mirror(options.file) as mirror:
        output = _Output(options.format or ("text" if sys.stdout.isatty() else "ndjson"))
        started = time.monotonic()
        once = mirror.sync(client, full=options.full)
        async with aclosing(once.changes()) as changes:
            await output.write_all(changes)
        if not options.quiet and once.report is not None:
            tell(_summary(once.report, time.monotonic() - started))
        if options.watch is not None:
            await _until_told(
                output.write_all(mirror.watch(client, options.watch, on_error=_tell_error))
            )


@define
class _Output:
    format: SyncFormat

    async def write_all(self, changes: AsyncGenerator[OrderChange]) -> None:
        """Write each change as it comes."""
        output, converter = StandardOutput(), make_converter()
        async with aclosing(changes) as found:
            async for change in found:
                if self.format == "ndjson":
                    told = {"change": change.kind, "order": converter.unstructure(change.order)}
                    await output.write(f"{to_json(told)}\n")
                else:
                    await output.write(_line(change))


def _line(change: OrderChange) -> str:
    order = change.order
    words = [f"{change.kind:<7}", order.id, order.status or "-", order.customer_reference or ""]
    return printable(" ".join(words).rstrip()) + "\n"


def _summary(report: SyncReport, seconds: float) -> str:
    how = "read in full" if report.full else "brought up to date"
    found = f"{report.new:,} new, {report.changed:,} changed, {report.gone:,} gone"
    took = f"{counted(report.requests, 'request')}, {seconds:.2f} s"
    return f"{counted(report.orders, 'order')}, {how}: {found}; {took}"


def _tell_error(error: TelnyxError) -> None:
    tell(f"not synced, trying again: {error}")


async def _until_told(watching: Coroutine[Any, Any, None]) -> None:
    """Go on until SIGINT or SIGTERM, which end it well."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(watching, name="watch")
    told = False

    def end() -> None:
        nonlocal told
        told = True
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl-C arrives as KeyboardInterrupt.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, end)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
