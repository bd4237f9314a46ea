"""`export_accounts`: what users call."""

import asyncio
import inspect
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path

from attrs import frozen

from telnyx_orders.filters import OrderFilter, deep_object, order_filter
from telnyx_orders.fleet.accounts import Account, checked_accounts
from telnyx_orders.fleet.dask_cluster import run_on_cluster
from telnyx_orders.fleet.data_set import DataSet
from telnyx_orders.fleet.local import run_here
from telnyx_orders.fleet.work import AccountResult, Task

__all__ = ["FleetProgress", "FleetSummary", "export_accounts"]

PATIENCE = 60.0
"""Seconds that a worker of a cluster waits for another one to let go of an account."""


@frozen(kw_only=True)
class FleetProgress:
    """How far an export of many accounts has come.

    Attributes:
        latest: What became of the account that ended last.
        done: How many accounts are done, those that were skipped among them.
        failed: How many have failed.
        total: How many there are.
        orders: How many orders those that are done have.
    """

    latest: AccountResult
    done: int
    failed: int
    total: int
    orders: int


@frozen(kw_only=True)
class FleetSummary:
    """What became of many accounts.

    Attributes:
        results: What became of each, in the sequence in which the accounts were given.
        others: The accounts that the data set has from earlier calls, and this one did not name.
    """

    results: tuple[AccountResult, ...]
    others: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[AccountResult, ...]:
        """The accounts that failed. The same call does them, and only them."""
        return tuple(result for result in self.results if result.error is not None)

    @property
    def orders(self) -> int:
        """How many orders the accounts that are done have."""
        return sum(result.report.orders for result in self.results if result.report is not None)


async def export_accounts(
    accounts: Iterable[Account] | Mapping[str, str],
    destination: str | os.PathLike[str],
    *,
    cluster: object = None,
    filter: OrderFilter | Mapping[str, object] | None = None,  # noqa: A002  # the API's word
    redo: bool = False,
    at_once: int = 8,
    concurrency: int = 8,
    on_progress: Callable[[FleetProgress], Awaitable[None] | None] | None = None,
) -> FleetSummary:
    """Write the orders of many accounts as one Parquet data set, partitioned by account.

    Each account has a file `account=NAME/orders.parquet`, exported as `export` does it: it is there
    when it is complete, and proven so. One that fails hides no other. Called again, only what is
    missing is done, and what was killed or failed in the middle is resumed. An account whose key or
    server is another one than before is exported anew. What is not data lies in `<folder>.state`.

    Args:
        accounts: Which accounts, each with a name of its own; or a mapping of names to API keys.
        destination: The folder of the data set; it is made if it is not there. This process and the
            workers of a cluster must share it, under the same path.
        cluster: Where to do it: the address of a Dask scheduler, a cluster such as `LocalCluster`,
            or a `distributed.Client`. Left out, it is done in this process.
        filter: Which orders of each; all if left out. It is that of all accounts of a data set.
        redo: Export anew what is done, or with another filter. Where that is broken off, the next
            call without `redo` does the rest.
        at_once: How many accounts at a time in this process. A cluster runs as many as its workers
            have threads.
        concurrency: Requests in flight at most, for each account.
        on_progress: Called after each account; awaited if it gives an awaitable.

    Raises:
        ConfigurationError: The extra `arrow` or `dask` is not installed, or the cluster is none.
        ExportError: The folder cannot be used.
        TypeError: An argument has the wrong type.
        ValueError: Two accounts have one name, an argument is out of range, or the data set has
            another filter.

    Example:
        >>> accounts = [Account(name="acme", api_key=os.environ["ACME_KEY"])]
        >>> summary = await export_accounts(accounts, "orders")
        >>> for result in summary.failed:
        ...     print(result.name, result.error)
    """
    from telnyx_orders.exports.parquet import load_pyarrow

    load_pyarrow()
    for name, value in (("at_once", at_once), ("concurrency", concurrency)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name}: expected an integer from 1, got {value!r}")
    if not os.fspath(destination):
        raise ValueError("destination: expected a folder, got an empty text")
    checked = checked_accounts(accounts)
    chosen = order_filter(filter)
    data_set = await asyncio.to_thread(
        DataSet.open, Path(destination), json.dumps(list(deep_object("filter", chosen))), redo=redo
    )
    tasks = [
        Task(
            account=account,
            data_set=data_set,
            filter=chosen,
            concurrency=concurrency,
            patience=0.0 if cluster is None else PATIENCE,
        )
        for account in checked
    ]
    results: dict[str, AccountResult] = {}
    running = run_here(tasks, at_once) if cluster is None else run_on_cluster(tasks, cluster)
    async with aclosing(running) as found:
        async for result in found:
            results[result.name] = result
            if on_progress is not None:
                told = on_progress(_progress(result, results, len(tasks)))
                if inspect.isawaitable(told):
                    await told
    ours = {task.account.name for task in tasks}
    there = await asyncio.to_thread(lambda: data_set.names)
    return FleetSummary(
        results=tuple(results[task.account.name] for task in tasks),
        others=tuple(name for name in there if name not in ours),
    )


def _progress(
    latest: AccountResult, results: Mapping[str, AccountResult], total: int
) -> FleetProgress:
    so_far = FleetSummary(results=tuple(results.values()))
    failed = len(so_far.failed)
    return FleetProgress(
        latest=latest,
        done=len(results) - failed,
        failed=failed,
        total=total,
        orders=so_far.orders,
    )
