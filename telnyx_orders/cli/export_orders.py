"""`telnyx-orders export`: orders into a file, or through a pipe."""

import asyncio
import re
import time
from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from pathlib import Path

from attrs import frozen

from telnyx_orders import OrderFilter, OrdersClient
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.failures import CommandFailedError, UsageError
from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.progress import Fetched, progress_bar
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.exports import ExportError, ExportFormat, ExportProgress, export
from telnyx_orders.exports.formats import choose_form
from telnyx_orders.exports.text_rows import CsvRows, NdjsonRows, TextRows

__all__ = ["ExportOptions", "export_orders"]


@frozen(kw_only=True)
class ExportOptions:
    """What `telnyx-orders export` was asked for.

    Attributes:
        file: The file, or `-` for standard output.
        filter: Which orders.
        format: The format, where the file's name does not say it.
        explode: One row a number.
        resume: Go on with what an earlier run has left.
        concurrency: Requests in flight at most.
        sandbox: Ask a sandbox instead of the API.
        quiet: Show neither progress nor summary.
    """

    file: str
    filter: OrderFilter
    format: ExportFormat | None
    explode: bool
    resume: bool
    concurrency: int
    sandbox: bool
    quiet: bool


async def export_orders(options: ExportOptions) -> None:
    """Export, and say in one line what came of it.

    Raises:
        UsageError: The options do not go together.
        CommandFailedError: It could not be finished; the line says what is kept.
        TelnyxError: The API gave nothing.
    """
    if options.file != "-":
        _check_form(options)
    sandbox = built_in_sandbox() if options.sandbox else None
    async with orders_client(sandbox, concurrency=options.concurrency) as client:
        if options.file == "-":
            await _export_to_pipe(client, options)
            return
        await _export_to_file(client, options)


async def _export_to_file(client: OrdersClient, options: ExportOptions) -> None:
    started = time.monotonic()
    with _bar(options, client) as show:
        try:
            report = await export(
                client.number_orders.list(filter=options.filter),
                options.file,
                format=options.format,
                explode=options.explode,
                resume=options.resume,
                on_progress=show,
            )
        except ExportError as error:
            raise CommandFailedError(_advised(error)) from error
        except asyncio.CancelledError:  # by Ctrl-C
            _tell_what_is_kept(options.file)
            raise
    if not options.quiet:
        runs = f" in {report.runs} runs" if report.runs > 1 else ""
        tell(
            f"{counted(report.orders, 'order')} in {report.path.name}, "
            f"{counted(report.requests, 'request')}{runs}, {time.monotonic() - started:.2f} s"
        )


def _tell_what_is_kept(file: str) -> None:
    if Path(f"{file}.part").exists():
        tell("interrupted: what came is kept, the same command with --resume goes on")


def _check_form(options: ExportOptions) -> None:
    try:
        choose_form(Path(options.file), options.format, explode=options.explode)
    except ValueError as error:
        said = str(error).removeprefix("path: ").replace("explode: ", "--explode: ")
        raise UsageError(said.replace("give format=", "say --format")) from error


def _advised(error: ExportError) -> str:
    """Give what an error says in terms of the command line, but for the paths in it."""
    paths = sorted({error.path, str(Path(error.path).parent)}, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, paths))})", str(error))
    word = r"(?<![\w./=-])resume(?![\w./=-]*\w)"
    pieces[::2] = [re.sub(word, "--resume", piece) for piece in pieces[::2]]
    return "".join(pieces)


@contextmanager
def _bar(
    options: ExportOptions, client: OrdersClient
) -> Generator[Callable[[ExportProgress], None]]:
    with progress_bar(None, wanted=not options.quiet) as show:

        def shown(progress: ExportProgress) -> None:
            show(
                Fetched(
                    orders=progress.orders_done,
                    matching=progress.orders_total,
                    retries=client.stats.retries,
                )
            )

        yield shown


async def _export_to_pipe(client: OrdersClient, options: ExportOptions) -> None:
    """Write the orders as they come. What a pipe has taken cannot be taken back."""
    if options.resume:
        raise UsageError("--resume is for a file: what a pipe has taken is gone")
    if options.format is ExportFormat.PARQUET:
        raise UsageError("a Parquet file is not written from its beginning to its end: name a file")
    rows: TextRows = NdjsonRows()
    if options.format is ExportFormat.CSV:
        rows = CsvRows(explode=options.explode)
    elif options.explode:
        raise UsageError("--explode is for --format csv")
    output = StandardOutput()
    pager = client.number_orders.list(filter=options.filter)
    orders = 0
    async with aclosing(pager.pages()) as pages:
        async for page in pages:
            await output.write(("" if orders else rows.header) + rows.rows(page.data))
            orders += len(page.data)
    if not orders:
        await output.write(rows.header)
    if not options.quiet:
        tell(counted(orders, "order"))
