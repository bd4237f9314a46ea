"""`telnyx-orders sync`: a local mirror, and a line for each order that is new, changed or gone."""

import asyncio
import sys
import time
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

from attrs import Factory, define, frozen

from telnyx_orders import TelnyxError, make_converter
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.failures import InputError
from telnyx_orders.cli.messages import counted, error_text, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.termination import called_to_end
from telnyx_orders.error_details import printable
from telnyx_orders.exports.text_rows import to_json
from telnyx_orders.mirror import Mirror, OrderChange, SyncReport
from telnyx_orders.mirror.watch import DAY, Watch

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
        InputError: The file is of another sandbox.
        OutputError: The changes cannot be written.
        BrokenPipeError: Nobody reads the changes.
    """
    output = StandardOutput()
    if options.sandbox and options.file.exists():
        raise InputError(
            f"{options.file} is there already, and the built-in sandbox is another account each "
            "time: give a FILE that is not there yet"
        )
    if options.watch is None:
        await _sync(options, output)
    else:
        await _until_told(_sync(options, output), output)


async def _sync(options: SyncOptions, output: StandardOutput) -> None:
    sandbox = built_in_sandbox() if options.sandbox else None
    summary = _Summary(options.quiet)
    async with orders_client(sandbox) as client, Mirror(options.file) as mirror:
        if options.watch is None:
            full_after = 0.0 if options.full else DAY
            found = mirror.batches(client, full_after, summary.tell_once)
        else:
            found = mirror.batches_of(
                Watch(
                    client=client,
                    pause=options.watch,
                    full=options.full,
                    on_error=_tell_error,
                    on_report=summary.tell_once,
                )
            )
        write = _as_json if (options.format or _default_format()) == "ndjson" else _as_text
        async with aclosing(found):
            async for changes in found:
                await output.write(write(changes))


def _default_format() -> SyncFormat:
    return "text" if sys.stdout.isatty() else "ndjson"


def _as_json(changes: Sequence[OrderChange]) -> str:
    unstructure = make_converter().unstructure
    told = [{"change": one.kind, "order": unstructure(one.order)} for one in changes]
    return "".join(f"{to_json(one)}\n" for one in told)


def _as_text(changes: Sequence[OrderChange]) -> str:
    return "".join(_line(one) for one in changes)


@define
class _Summary:
    """Tells of the first sync; the others of a watch tell of themselves by their changes."""

    quiet: bool
    started: float = Factory(time.monotonic)

    def tell_once(self, report: SyncReport) -> None:
        if not self.quiet:
            tell(_summary(report, time.monotonic() - self.started))
        self.quiet = True


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
    tell(f"not synced, trying again: {error_text(error)}")


async def _until_told(watching: Coroutine[Any, Any, None], output: StandardOutput) -> None:
    """Go on until SIGINT or SIGTERM, which end it well, or nobody reads any more."""
    task = asyncio.create_task(watching, name="watch")
    reader = asyncio.create_task(output.reader_gone(), name="reader")
    told = False

    def end() -> None:
        nonlocal told
        told = True
        task.cancel()

    with called_to_end(end):
        try:
            await asyncio.wait((task, reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone = reader.done()
            for one in (task, reader):
                one.cancel()
            await asyncio.wait((task, reader))
    if gone:
        reader.result()
        raise BrokenPipeError
    if not (told and task.cancelled()):
        task.result()
