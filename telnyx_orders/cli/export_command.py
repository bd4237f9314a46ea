"""`telnyx-orders export`: its options and its help."""

import asyncio
from datetime import datetime
from typing import Annotated

from cyclopts import Group, Parameter

from telnyx_orders import DateRange, OrderFilter
from telnyx_orders.cli.export_orders import ExportOptions, export_orders
from telnyx_orders.cli.failures import UsageError
from telnyx_orders.cli.parameters import flag, moment, whole_from
from telnyx_orders.exports import ExportFormat

__all__ = ["HOW", "OUTPUT", "WHICH", "Moment", "checked_filter", "export"]

WHICH = Group("Which orders", sort_key=1)
HOW = Group("How to fetch", sort_key=2)
OUTPUT = Group("Output", sort_key=3)

Moment = Annotated[datetime | None, Parameter(group=WHICH, converter=moment)]


def checked_filter(**fields: object) -> OrderFilter:
    """Make the filter that was asked for.

    Raises:
        UsageError: A value makes no sense.
    """
    try:
        return OrderFilter(**fields)  # type: ignore[arg-type]  # it checks them
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error


def export(
    file: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    status: Annotated[str | None, Parameter(group=WHICH)] = None,
    created_after: Moment = None,
    created_before: Moment = None,
    phone_numbers_count: Annotated[int | None, whole_from(0, group=WHICH)] = None,
    customer_reference: Annotated[str | None, Parameter(group=WHICH)] = None,
    requirements_met: Annotated[bool | None, Parameter(group=WHICH)] = None,
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
        status: Orders with this status: `pending`, `success` or `failure`.
        created_after: Orders created later than this date or time.
        created_before: Orders created earlier than this date or time.
        phone_numbers_count: Orders of exactly this many phone numbers.
        customer_reference: Orders with exactly this reference.
        requirements_met: Orders whose requirements are all met, or are not.
        resume: Go on with what an earlier run has left. Where there is nothing, begin.
        concurrency: Requests in flight at the same time.
        sandbox: Ask a built-in server with 2,000 made-up orders. No account or key is needed.
        format_: The format, where the name does not say it.
        explode: In CSV, one row a phone number instead of one an order.
        quiet: Show no progress and no summary; errors still are.
    """
    chosen = checked_filter(
        status=status,
        created_at=DateRange(gt=created_after, lt=created_before),
        phone_numbers_count=phone_numbers_count,
        customer_reference=customer_reference,
        requirements_met=requirements_met,
    )
    asyncio.run(
        export_orders(
            ExportOptions(
                file=file,
                filter=chosen,
                format=format_,
                explode=explode,
                resume=resume,
                concurrency=concurrency,
                sandbox=sandbox,
                quiet=quiet,
            )
        )
    )
