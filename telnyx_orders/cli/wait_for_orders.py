"""`telnyx-orders wait`: give each order as it ends, and say what became of the others."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import Literal

from attrs import define, frozen
from rich.console import Console
from rich.text import Text

from telnyx_orders import Clock, NumberOrder, OrdersPendingError, OrderStatus
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.detail_formats import output_console
from telnyx_orders.cli.failures import CommandFailedError
from telnyx_orders.cli.formats import JsonWriter, NdjsonWriter, OrderWriter
from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.table import order_cells, utc
from telnyx_orders.cli.waiting_bar import waiting_bar
from telnyx_orders.sandbox import Sandbox

__all__ = ["LineWriter", "WaitFormat", "WaitOptions", "pending_lines", "wait_for_orders"]

SHOWN = ("id", "status", "phone_numbers", "customer_reference")
"""The fields of a line of text."""

WaitFormat = Literal["text", "json", "ndjson"]


@frozen(kw_only=True)
class WaitOptions:
    """What `telnyx-orders wait` was asked for.

    Attributes:
        ids: Which orders.
        timeout: How many seconds at most; `None` for no limit.
        stop_on_requirements: Whether to end when all that are left wait for requirements.
        sandbox: Ask a sandbox instead of the API.
        format: How to write the orders; `None` chooses by where they go.
    """

    ids: Sequence[str]
    timeout: float | None
    stop_on_requirements: bool
    sandbox: bool
    format: WaitFormat | None


@define
class LineWriter:
    """One order a line, for people."""

    _console: Console

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give a line for each order."""
        with self._console.capture() as drawn:
            for order in orders:
                cells = order_cells(order)
                shown = [cells[name] for name in SHOWN]
                self._console.print(Text("  ").join(shown), soft_wrap=True)
        return drawn.get()

    def end(self) -> str:
        """Give nothing: every line stands for itself."""
        return ""


async def wait_for_orders(options: WaitOptions) -> None:
    """Wait for orders and write them to standard output as they end.

    Raises:
        CommandFailedError: Some have not ended, or not with success.
        TelnyxError: They cannot be looked at.
        BrokenPipeError: Nobody reads what is written.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    ids = list(dict.fromkeys(options.ids))
    writer = _writer(options.format)
    sandbox = built_in_sandbox() if options.sandbox else None
    clock = Clock() if sandbox is None else Clock(sleep=_Settling(sandbox, ids).sleep)
    unsuccessful = done = 0
    pending: OrdersPendingError | None = None
    async with orders_client(sandbox, clock=clock) as client:
        waiting = client.number_orders.wait_all(
            ids, timeout=options.timeout, stop_on_requirements=options.stop_on_requirements
        )
        with waiting_bar(len(ids)) as bar:
            try:
                async with aclosing(waiting) as ended:
                    async for order in ended:
                        done += 1
                        unsuccessful += order.status != OrderStatus.SUCCESS
                        bar.ended(done)
                        with bar.aside():
                            await output.write(writer.orders([order]))
            except OrdersPendingError as error:
                pending = error
    if pending is not None:
        for line in pending_lines(pending):
            tell(line)
    await output.write(writer.end())
    _check_all_well(len(ids), done=done, unsuccessful=unsuccessful, pending=pending)


def pending_lines(error: OrdersPendingError) -> list[str]:
    """Say of each order that has not ended why, and until when something has to be done."""
    lines = [f"{one.id}  in work" for one in error.in_work]
    for one in error.awaiting_requirements:
        deadline = error.deadlines.get(one.id)
        until = f", until {utc(deadline)} UTC" if deadline else ""
        lines.append(f"{one.id}  waits for regulatory requirements{until}")
    return lines + [f"{missing}  not in this account" for missing in error.missing]


def _check_all_well(
    orders: int, *, done: int, unsuccessful: int, pending: OrdersPendingError | None
) -> None:
    faults: list[str] = []
    if unsuccessful:
        faults.append(f"{unsuccessful:,} of {counted(orders, 'order')} ended without success")
    if pending is not None:
        faults.append(f"{orders - done:,} of {counted(orders, 'order')} had not ended")
    if faults:
        raise CommandFailedError(", ".join(faults))


def _writer(form: WaitFormat | None) -> OrderWriter:
    match form or ("text" if sys.stdout.isatty() else "ndjson"):
        case "json":
            return JsonWriter()
        case "ndjson":
            return NdjsonWriter()
        case _:
            return LineWriter(output_console())


@define
class _Settling:
    """The sleep of a client of the built-in sandbox, in which orders that wait for nothing end.

    Those that a sandbox has at its start would stay as they are.
    """

    _sandbox: Sandbox
    _ids: Sequence[str]

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        present = set(self._sandbox.order_ids({"status": "pending", "requirements_met": True}))
        running = [one for one in self._ids if one in present]
        for order_id in running[: (len(running) + 1) // 2]:
            self._sandbox.settle(order_id)
