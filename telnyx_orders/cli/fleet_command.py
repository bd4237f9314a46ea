"""`telnyx-orders export-accounts`: its options and its help."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from telnyx_orders.cli.accounts_file import read_accounts
from telnyx_orders.cli.export_fleet import export_fleet
from telnyx_orders.cli.parameters import flag, whole_from

__all__ = ["export_many"]


def export_many(
    accounts: Annotated[str, Parameter(name="ACCOUNTS.csv")],
    destination: Annotated[Path, Parameter(name="DIR")],
    /,
    *,
    cluster: str | None = None,
    at_once: Annotated[int, whole_from(1)] = 8,
    concurrency: Annotated[int, whole_from(1)] = 8,
    redo: Annotated[bool, flag()] = False,
    quiet: Annotated[bool, flag()] = False,
) -> None:
    """Export the orders of many accounts into one Parquet data set, partitioned by account.

    Each account gets DIR/account=NAME/orders.parquet; what is not data lies in DIR.state. Run
    again, only what is missing is done. A line tells of each account as it is done, and exit code 1
    says that some have failed.

        $ telnyx-orders export-accounts accounts.csv orders
        $ telnyx-orders export-accounts accounts.csv /shared/orders --cluster tcp://scheduler:8786

    ACCOUNTS.csv has the columns `name` and `key_env`, which names an environment variable, or, in a
    file that nobody else can read (mode 0600), `name` and `api_key`.

    Args:
        accounts: The accounts.
        destination: The folder of the data set.
        cluster: Address of a Dask scheduler, whose workers share the folder. Left out, this process
            exports the accounts.
        at_once: How many accounts at a time in this process.
        concurrency: Requests in flight at the same time, for each account.
        redo: Export anew what is done. Where that is broken off, go on without it.
        quiet: Tell only of accounts that have failed.
    """
    asyncio.run(
        export_fleet(
            read_accounts(accounts, os.environ),
            destination,
            cluster=cluster,
            at_once=at_once,
            concurrency=concurrency,
            redo=redo,
            quiet=quiet,
        )
    )
