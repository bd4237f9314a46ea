"""The commands, their options and their help, and what becomes of each error."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from telnyx_orders import (
    ConfigurationError,
    DateRange,
    IncompleteFetchError,
    TelnyxError,
    __version__,
)
from telnyx_orders.cli.export_command import HOW, OUTPUT, WHICH, Moment, checked_filter, export
from telnyx_orders.cli.failures import CommandFailedError, InputError, UsageError
from telnyx_orders.cli.fleet_command import export_many
from telnyx_orders.cli.list_orders import Format, ListOptions, list_orders
from telnyx_orders.cli.messages import tell
from telnyx_orders.cli.order_commands import cancel, place, show, wait
from telnyx_orders.cli.parameters import flag, whole, whole_from
from telnyx_orders.cli.serve_sandbox import ListenError, serve_sandbox
from telnyx_orders.cli.standard_output import OutputError
from telnyx_orders.cli.sync_command import sync
from telnyx_orders.cli.webhook_commands import webhook
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.sandbox import RateLimit, Sandbox, Webhooks

__all__ = ["app", "run"]

app = App(
    name="telnyx-orders",
    version=f"telnyx-orders {__version__}",
    help_format="markdown",
    help="""List the number orders of a Telnyx account, all of them, fast; place and follow them.

The account's API key is taken from `TELNYX_API_KEY`, never from an argument; `TELNYX_BASE_URL`
leads to another server than Telnyx's.

    $ telnyx-orders list --sandbox
    $ telnyx-orders list --status pending
    $ telnyx-orders export orders.parquet
    $ telnyx-orders sync orders.db
    $ telnyx-orders place +19705555000 --customer-reference job-17 --wait
    $ telnyx-orders show 12ade33a-21c0-473b-b055-b3c836e1c292
    $ telnyx-orders sandbox --orders 5000

Exit codes: 0; 1 after an error of the API, the network or the disk, or if an order did not go well;
2 if the command cannot be understood or there is no API key; 130 after Ctrl-C.
""",
)
app.command(webhook)
for command in (export, sync, show, place, wait, cancel):
    app.command(command)
app.command(export_many, name="export-accounts")


def run(arguments: Sequence[str]) -> int:
    """Run a command, tell of what goes wrong in one line, and give the exit code."""
    try:
        command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
        command(*bound.args, **bound.kwargs)
    except (CycloptsError, UsageError, ConfigurationError) as error:
        tell(f"error: {' '.join(str(error).split())}")
        return 2
    except IncompleteFetchError as error:
        tell(f"error: {error.reason}")  # the whole message speaks of an attribute
        return 1
    except (TelnyxError, InputError, OutputError, ListenError, CommandFailedError) as error:
        tell(f"error: {error}")
        return 1
    except BrokenPipeError:
        return 0  # as with `| head`: whoever reads has enough
    except KeyboardInterrupt:
        return 130
    return 0


@app.command(name="list")
def list_(
    *,
    status: Annotated[str | None, Parameter(group=WHICH)] = None,
    created_after: Moment = None,
    created_before: Moment = None,
    phone_numbers_count: Annotated[int | None, whole_from(0, group=WHICH)] = None,
    customer_reference: Annotated[str | None, Parameter(group=WHICH)] = None,
    requirements_met: Annotated[bool | None, Parameter(group=WHICH)] = None,
    limit: Annotated[int | None, whole_from(1, group=HOW)] = None,
    page_size: Annotated[int | None, whole_from(1, MAX_PAGE_SIZE, group=HOW)] = None,
    concurrency: Annotated[int, whole_from(1, group=HOW)] = 8,
    sandbox: Annotated[bool, flag(group=HOW)] = False,
    format_: Annotated[Format | None, Parameter(name="--format", group=OUTPUT)] = None,
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
        $ telnyx-orders list | jq -r .phone_numbers[].phone_number

    Dates and times are in ISO 8601. Without a zone they are in UTC, and a date is the midnight at
    its start: `--created-after 2026-01-31` includes that day.

    Args:
        status: Orders with this status: `pending`, `success` or `failure`.
        created_after: Orders created later than this date or time.
        created_before: Orders created earlier than this date or time.
        phone_numbers_count: Orders of exactly this many phone numbers.
        customer_reference: Orders with exactly this reference.
        requirements_met: Orders whose requirements are all met, or are not.
        limit: End after this many orders. Without it all are fetched, and a table shows 25.
        page_size: Orders per request, 1 to 250. The largest is the fastest, and is used if this is
            left out.
        concurrency: Requests in flight at the same time.
        sandbox: Ask a built-in server with 2,000 made-up orders. No account or key is needed.
        format_: How to write the orders. `json` is one array, `ndjson` one object a line. Left
            out: `table` on a terminal, `ndjson` elsewhere.
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
        list_orders(
            ListOptions(
                filter=chosen,
                limit=limit,
                page_size=page_size,
                concurrency=concurrency,
                format=format_,
                sandbox=sandbox,
                quiet=quiet,
            )
        )
    )


@app.command(name="sandbox")
def sandbox_(
    *,
    orders: Annotated[int, whole_from(0)] = 1000,
    host: str = "127.0.0.1",
    port: Annotated[int, whole_from(0, 65535)] = 8080,
    seed: Annotated[int, Parameter(converter=whole)] = 0,
    latency: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0,
    rate_limit: Annotated[int | None, whole_from(1)] = None,
    webhook_url: str | None = None,
) -> None:
    """Run a local server that answers like the Telnyx API for number orders.

    It prints the base URL, the key and, if it sends webhooks, the public key that verifies them as
    lines for a shell, and runs until Ctrl-C or SIGTERM, after which it exits with 0.

    A server to develop against:

        $ telnyx-orders sandbox --orders 5000 --port 8080

    A slow one, that allows 100 requests a minute:

        $ telnyx-orders sandbox --latency 0.5 --rate-limit 100

    Args:
        orders: How many made-up orders it has, up to 10,000,000.
        host: Where to listen.
        port: Port to listen on; 0 takes a free one.
        seed: What the orders are drawn from: the same seed gives the same orders.
        latency: Seconds until a request is answered.
        rate_limit: Requests that are allowed per minute; any number if left out.
        webhook_url: Where to tell of each order that has ended, a second after it was placed. Needs
            the extra `webhooks`.
    """
    try:
        server = Sandbox(
            orders,
            seed,
            host=host,
            port=port,
            latency=latency,
            rate_limit=None if rate_limit is None else RateLimit(rate_limit),
            webhooks=None if webhook_url is None else Webhooks(url=webhook_url),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    asyncio.run(serve_sandbox(server, orders=orders, host=host, port=port))
