"""`telnyx-orders list` and `count`: their options and their help."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from telnyx_orders.cli.columns import columns as columns_of
from telnyx_orders.cli.count_orders import count_orders
from telnyx_orders.cli.list_orders import Format, ListOptions, list_orders
from telnyx_orders.cli.parameters import flag, whole_from
from telnyx_orders.cli.which_orders import ALL_ORDERS, HOW, OUTPUT, Which
from telnyx_orders.listing import MAX_PAGE_SIZE

__all__ = ["count", "list_"]


def list_(
    *,
    which: Which = ALL_ORDERS,
    limit: Annotated[int | None, whole_from(1, group=HOW)] = None,
    page_size: Annotated[int | None, whole_from(1, MAX_PAGE_SIZE, group=HOW)] = None,
    concurrency: Annotated[int, whole_from(1, group=HOW)] = 8,
    sandbox: Annotated[bool, flag(group=HOW)] = False,
    format_: Annotated[Format | None, Parameter(name="--format", group=OUTPUT)] = None,
    columns: Annotated[str | None, Parameter(group=OUTPUT)] = None,
    quiet: Annotated[bool, flag(group=OUTPUT)] = False,
) -> None:
    r"""List the number orders of the account: all that match.

    On a terminal they are shown as a table; a pipe or a file gets one JSON object a line, as the
    orders arrive.

    See what it looks like, without an account:

        $ telnyx-orders list --sandbox

    Orders of January 2026 that still wait for documents:

        $ telnyx-orders list --created-after 2026-01-01 --created-before 2026-02-01 \
              --status pending --no-requirements-met

    All orders, for a spreadsheet or a program:

        $ telnyx-orders list --format csv > orders.csv
        $ telnyx-orders list --columns id,customer_reference --format csv
        $ telnyx-orders list | jq -r .phone_numbers[].phone_number

    Dates and times are in ISO 8601. Without a zone they are in UTC, and a date is the midnight at
    its start: `--created-after 2026-01-31` includes that day.

    Args:
        which: Which orders.
        limit: End after this many orders. Without it all are fetched, and a table shows 25.
        page_size: Orders per request, 1 to 250. The largest is the fastest, and is used if this is
            left out.
        concurrency: Requests in flight at the same time.
        sandbox: Ask a built-in server with 2,000 made-up orders. No account or key is needed.
        format_: How to write the orders. `json` is one array, `ndjson` one object a line. Left
            out: `table` on a terminal, `ndjson` elsewhere.
        columns: Show these fields only, in this sequence: names as in the JSON, with commas.
        quiet: Show no progress and no summary; errors still are.
    """
    asyncio.run(
        list_orders(
            ListOptions(
                filter=which.filter(),
                limit=limit,
                page_size=page_size,
                concurrency=concurrency,
                format=format_,
                columns=None if columns is None else columns_of(columns),
                sandbox=sandbox,
                quiet=quiet,
            )
        )
    )


def count(
    *,
    which: Which = ALL_ORDERS,
    sandbox: Annotated[bool, flag(group=HOW)] = False,
) -> None:
    """Count the number orders of the account: all that match, with one request.

        $ telnyx-orders count
        $ telnyx-orders count --status pending --created-before 2026-01-01

    Args:
        which: Which orders.
        sandbox: Ask a built-in server with 2,000 made-up orders. No account or key is needed.
    """
    asyncio.run(count_orders(which.filter(), sandbox=sandbox))
