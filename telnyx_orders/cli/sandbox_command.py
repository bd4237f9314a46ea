"""`telnyx-orders sandbox`: its options and its help."""

import asyncio
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from telnyx_orders.cli.failures import UsageError
from telnyx_orders.cli.parameters import whole, whole_from
from telnyx_orders.cli.serve_sandbox import SandboxFormat, serve_sandbox
from telnyx_orders.sandbox import Drift, Faults, RateLimit, Sandbox, Webhooks

__all__ = ["sandbox_"]


def sandbox_(
    *,
    orders: Annotated[int, whole_from(0)] = 1000,
    host: str = "127.0.0.1",
    port: Annotated[int, whole_from(0, 65535)] = 8080,
    seed: Annotated[int, Parameter(converter=whole)] = 0,
    latency: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0,
    rate_limit: Annotated[int | None, whole_from(1)] = None,
    fault_rate: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.0,
    insert: Annotated[int, whole_from(0)] = 0,
    remove: Annotated[int, whole_from(0)] = 0,
    settle: Annotated[int, whole_from(0)] = 0,
    webhook_url: str | None = None,
    format_: Annotated[SandboxFormat, Parameter(name="--format")] = "shell",
) -> None:
    """Run a local server that answers like the Telnyx API for number orders.

    It prints the base URL, the key and, if it sends webhooks, the public key that verifies them as
    lines for a shell, and runs until Ctrl-C or SIGTERM, after which it exits with 0.

    A server to develop against:

        $ telnyx-orders sandbox --orders 5000 --port 8080

    A slow one, that allows 100 requests a minute, and breaks an answer in ten:

        $ telnyx-orders sandbox --latency 0.5 --rate-limit 100 --fault-rate 0.1

    One for tests in any language, that says in a line of JSON where it listens once it does:

        $ telnyx-orders sandbox --port 0 --format json

    Args:
        orders: How many made-up orders it has, up to 10,000,000.
        host: Where to listen.
        port: Port to listen on; 0 takes a free one.
        seed: What the orders are drawn from: the same seed gives the same orders.
        latency: Seconds until a request is answered.
        rate_limit: Requests that are allowed per minute; any number if left out.
        fault_rate: Share of the requests that meet a fault, 0 to 1: an error, a cut connection, a
            silent server.
        insert: Orders that are created before each request for a page of the listing.
        remove: Orders that are removed before each.
        settle: Pending orders that succeed before each.
        webhook_url: Where to tell of each order that has ended, a second after it was placed. Needs
            the extra `webhooks`.
        format_: How to say where it listens: `shell` lines, or `json` with `base_url`, `api_key`
            and, if it sends webhooks, `public_key`.
    """
    try:
        server = Sandbox(
            orders,
            seed,
            host=host,
            port=port,
            latency=latency,
            rate_limit=None if rate_limit is None else RateLimit(rate_limit),
            faults=Faults(rate=fault_rate) if fault_rate else None,
            drift=Drift(insert=insert, remove=remove, settle=settle),
            webhooks=None if webhook_url is None else Webhooks(url=webhook_url),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    asyncio.run(serve_sandbox(server, orders=orders, host=host, port=port, form=format_))
