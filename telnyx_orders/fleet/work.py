"""What is done for one account, wherever it is done."""

import asyncio
import json
from pathlib import Path

from attrs import frozen

from telnyx_orders.client import OrdersClient
from telnyx_orders.errors import TelnyxError
from telnyx_orders.exports import ExportError, ExportReport, export
from telnyx_orders.filters import OrderFilter, deep_object
from telnyx_orders.fleet.accounts import Account
from telnyx_orders.fleet.data_set import Partition
from telnyx_orders.version import __version__

__all__ = ["AccountResult", "Task", "installed_version", "run_task"]


@frozen(kw_only=True)
class AccountResult:
    """What became of one account.

    Attributes:
        name: The account's name.
        report: What was exported, with its `FetchReport`; `None` if it failed.
        error: Why it failed; `None` if it did not.
        skipped: Whether it had been done before, and nothing was asked.
    """

    name: str
    report: ExportReport | None = None
    error: TelnyxError | None = None
    skipped: bool = False


@frozen(kw_only=True)
class Task:
    """One account's part of an export.

    Attributes:
        account: The account.
        destination: Where the data set is.
        filter: Which orders.
        redo: Whether to export it even if that is done.
        concurrency: Requests in flight at most.
    """

    account: Account
    destination: Path
    filter: OrderFilter
    redo: bool
    concurrency: int

    async def run(self) -> AccountResult:
        """Export the account unless that is done; its failure is in the result."""
        name = self.account.name
        partition = Partition(self.destination, name)
        chosen = json.dumps(list(deep_object("filter", self.filter)))
        try:
            done = None if self.redo else await asyncio.to_thread(partition.done, chosen)
            if done is not None:
                return AccountResult(name=name, report=done, skipped=True)
            await asyncio.to_thread(partition.begin)
            async with OrdersClient(
                self.account.api_key,
                base_url=self.account.base_url,
                concurrency=self.concurrency,
            ) as client:
                pager = client.number_orders.list(filter=self.filter)
                # Where an earlier run was killed, or failed, only the rest is read.
                report = await export(pager, partition.file, resume=not self.redo)
            await asyncio.to_thread(partition.end, report, chosen)
        except TelnyxError as error:
            return AccountResult(name=name, error=error)
        except OSError as error:
            why = f"{partition.folder} cannot be written: {error.strerror or error}"
            return AccountResult(name=name, error=ExportError(why, path=partition.file))
        return AccountResult(name=name, report=report)


def installed_version() -> str:
    """Tell which version of the package is installed where this runs."""
    return __version__


def run_task(task: Task) -> AccountResult:
    """Run a task in a thread or process that has no event loop."""
    return asyncio.run(task.run())
