"""`telnyx-orders sync`: its options and its help."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from telnyx_orders.cli.parameters import flag, seconds
from telnyx_orders.cli.sync_mirror import SyncFormat, SyncOptions, sync_mirror

__all__ = ["sync"]

FLAG = Annotated[bool, flag()]


def sync(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    full: FLAG = False,
    watch: Annotated[float | None, seconds()] = None,
    format_: Annotated[SyncFormat | None, Parameter(name="--format")] = None,
    sandbox: FLAG = False,
    quiet: FLAG = False,
) -> None:
    """Keep a local mirror of the account's orders in an SQLite file, for SQL and other programs.

    The first time all orders are read; later only what is new or has changed, in few requests. Each
    order that is new, changed or gone is a line; what could not be written, the next run writes.

        $ telnyx-orders sync orders.db
        $ telnyx-orders sync orders.db --watch 60 --format ndjson | my-program
        $ sqlite3 orders.db "SELECT status, count(*) FROM orders WHERE gone_at IS NULL GROUP BY 1"

    Args:
        file: The mirror, an SQLite database; it is made if it is not there.
        full: Read the whole account, and not only what is new.
        watch: Go on for ever, with so many seconds between two syncs. Ctrl-C or SIGTERM ends it.
        format_: How to write the changes: `text` on a terminal, `ndjson` elsewhere.
        sandbox: Ask a built-in server with 2,000 made-up orders. No account or key is needed; the
            FILE must not be there yet.
        quiet: Show no summary.
    """
    asyncio.run(
        sync_mirror(
            SyncOptions(
                file=file,
                full=full,
                watch=watch,
                format=format_,
                sandbox=sandbox,
                quiet=quiet,
            )
        )
    )
