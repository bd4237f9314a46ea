"""`telnyx-orders export`: its options and its help."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from telnyx_orders.cli.export_orders import ExportOptions, export_orders
from telnyx_orders.cli.parameters import flag, whole_from
from telnyx_orders.cli.which_orders import ALL_ORDERS, HOW, OUTPUT, Which
from telnyx_orders.exports import ExportFormat

__all__ = ["export"]


def export(
    file: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    which: Which = ALL_ORDERS,
    resume: Annotated[bool, flag(group=HOW)] = False,
    concurrency: Annotated[int, whole_from(1, group=HOW)] = 8,
    sandbox: Annotated[bool, flag(group=HOW)] = False,
    format_: Annotated[ExportFormat | None, Parameter(name="--format", group=OUTPUT)] = None,
    explode: Annotated[bool, flag(group=OUTPUT)] = False,
    quiet: Annotated[bool, flag(group=OUTPUT)] = False,
) -> None:
    """Export the number orders of the account into a file: all that match, each once.

    The file's name says the format. It gets its name only when all of it is there: what came before
    a crash or an error is kept beside it, and `--resume` goes on behind it.

        $ telnyx-orders export orders.parquet
        $ telnyx-orders export orders.csv.gz --created-after 2026-01-01
        $ telnyx-orders export orders.ndjson --resume
        $ telnyx-orders export - --sandbox | head

    Args:
        file: The file, ending with .ndjson, .csv or .parquet; .gz may follow the first two. `-` is
            standard output.
        which: Which orders.
        resume: Go on with what an earlier run has left. Where there is nothing, begin.
        concurrency: Requests in flight at the same time.
        sandbox: Ask a built-in server with 2,000 made-up orders. No account or key is needed.
        format_: The format, where the name does not say it.
        explode: In CSV, one row a phone number instead of one an order.
        quiet: Show no progress and no summary; errors still are.
    """
    asyncio.run(
        export_orders(
            ExportOptions(
                file=file,
                filter=which.filter(),
                format=format_,
                explode=explode,
                resume=resume,
                concurrency=concurrency,
                sandbox=sandbox,
                quiet=quiet,
            )
        )
    )
