"""`telnyx-orders export-accounts`: its options, its help, and what it says."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from telnyx_orders.cli.accounts_file import read_accounts
from telnyx_orders.cli.failures import CommandFailedError, UsageError
from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.parameters import flag, whole_from
from telnyx_orders.fleet import Account, FleetProgress, FleetSummary, export_accounts

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

    Each account gets DIR/account=NAME/orders.parquet. Run again, only what is missing is done. A
    line tells of each account as it is done, and exit code 1 says that some have failed.

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
        redo: Export anew what is done.
        quiet: Tell only of accounts that have failed.
    """
    asyncio.run(
        _export(
            read_accounts(accounts, os.environ),
            destination,
            cluster=cluster,
            at_once=at_once,
            concurrency=concurrency,
            redo=redo,
            quiet=quiet,
        )
    )


async def _export(
    accounts: list[Account],
    destination: Path,
    *,
    cluster: str | None,
    at_once: int,
    concurrency: int,
    redo: bool,
    quiet: bool,
) -> None:
    def show(progress: FleetProgress) -> None:
        line = _line(progress)
        if line is not None and (progress.latest.error is not None or not quiet):
            tell(line)

    started = time.monotonic()
    try:
        summary = await export_accounts(
            accounts,
            destination,
            cluster=cluster,
            at_once=at_once,
            concurrency=concurrency,
            redo=redo,
            on_progress=show,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    _conclude(summary, time.monotonic() - started, quiet=quiet)


def _line(progress: FleetProgress) -> str | None:
    latest, ended = progress.latest, progress.done + progress.failed
    if latest.error is not None:
        return f"[{ended}/{progress.total}] {latest.name}: failed: {latest.error}"
    if latest.skipped or latest.report is None:
        return None
    return f"[{ended}/{progress.total}] {latest.name}: {counted(latest.report.orders, 'order')}"


def _conclude(summary: FleetSummary, seconds: float, *, quiet: bool) -> None:
    failed, skipped = len(summary.failed), sum(one.skipped for one in summary.results)
    words = f"{counted(summary.orders, 'order')} of {counted(len(summary.results), 'account')}"
    if skipped:
        words += f", {skipped:,} of which were done before"
    if failed:
        raise CommandFailedError(
            f"{counted(failed, 'account')} failed; the same command tries them again ({words})"
        )
    if not quiet:
        tell(f"{words}, {seconds:.2f} s")
