"""What `export-accounts` does: exports many accounts, and tells of each."""

import asyncio
import logging
import time
from pathlib import Path

from telnyx_orders.cli.failures import CommandFailedError, UsageError
from telnyx_orders.cli.messages import counted, error_text, tell
from telnyx_orders.fleet import Account, FleetProgress, FleetSummary, export_accounts

__all__ = ["export_fleet"]


async def export_fleet(
    accounts: list[Account],
    destination: Path,
    *,
    cluster: str | None,
    at_once: int,
    concurrency: int,
    redo: bool,
    quiet: bool,
) -> None:
    """Export accounts, with a line for each that is done or has failed.

    Raises:
        UsageError: The arguments make no sense.
        CommandFailedError: Some accounts have failed.
    """
    # Dask tells how it looks for a cluster that is lost, at great length.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)

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
        raise UsageError(str(error).replace("or redo all of it", "or say --redo")) from error
    except asyncio.CancelledError:  # by Ctrl-C
        tell("interrupted: what is done, and what came, is kept; the same command does the rest")
        raise
    _conclude(summary, time.monotonic() - started, quiet=quiet)


def _line(progress: FleetProgress) -> str | None:
    latest, ended = progress.latest, progress.done + progress.failed
    if latest.error is not None:
        why = error_text(latest.error, concurrency=True, key="its API key", server="its base_url")
        return f"[{ended}/{progress.total}] {latest.name}: failed: {why}"
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
        if summary.others:
            names = ", ".join(summary.others[:3])
            tell(
                f"the folder has also {counted(len(summary.others), 'account')} that this file "
                f"does not name: {names}{', ...' if len(summary.others) > 3 else ''}"
            )
