"""The accounts spread over the workers of a Dask cluster.

Dask starts a task again on another worker when one dies, and its workers are plain Python processes
in which `asyncio.run` is at home. What a task is called, and what is logged of it, is made of the
account's name; its key travels inside the task only.
"""

import importlib
import re
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from telnyx_orders.errors import ConfigurationError, TelnyxError
from telnyx_orders.exports import ExportError
from telnyx_orders.fleet.data_set import Partition
from telnyx_orders.fleet.work import AccountResult, Task, installed_version, run_task
from telnyx_orders.version import __version__

__all__ = ["run_on_cluster"]

_ADDRESS = re.compile(r"(\w+://)?[^/\s]+:\d+")


async def run_on_cluster(tasks: Sequence[Task], cluster: object) -> AsyncGenerator[AccountResult]:
    """Run tasks on a cluster, and give each result as it comes.

    Args:
        tasks: What is to be done.
        cluster: The address of its scheduler, a cluster such as `LocalCluster`, or a `Client`.

    Raises:
        ConfigurationError: Dask is not installed, or the cluster is none or cannot be reached.
    """
    try:
        # Its types are partly unknown.
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise ConfigurationError(
            "a cluster needs Dask: pip install 'telnyx-orders[dask]'"
        ) from error
    address, security = _address_of(cluster)
    try:
        client: Any = await distributed.Client(
            address, asynchronous=True, security=security, set_as_default=False
        )
    except OSError as error:
        raise ConfigurationError(f"the Dask cluster at {address} cannot be reached") from error
    async with client:
        await _check_workers(client)
        run = uuid.uuid4().hex[:8]
        futures: dict[Any, Task] = {}
        for task in tasks:
            key = f"telnyx-orders-export-{task.account.name}-{run}"
            futures[client.submit(run_task, task, key=key, pure=False)] = task
        async for future in distributed.as_completed(list(futures), loop=client.loop):
            yield await _result_of(future, futures[future])


async def _check_workers(client: Any) -> None:
    """See that the workers have this package: one that cannot unpickle a task ends without a word.

    Raises:
        ConfigurationError: One has not, or another version of it.
    """
    try:
        versions: dict[str, str] = await client.run(installed_version)
    except Exception as error:
        raise ConfigurationError(
            "the workers of the cluster cannot load this package; install there: pip install "
            f"'telnyx-orders[dask]=={__version__}' ({type(error).__name__}: {error})"
        ) from error
    for worker, version in versions.items():
        if version != __version__:
            raise ConfigurationError(
                f"the worker {worker} has telnyx-orders {version}, and this is {__version__}; "
                "have the same everywhere"
            )


async def _result_of(future: Any, task: Task) -> AccountResult:
    failure = await future.exception()
    if failure is None:
        result: AccountResult = await future.result()
        return result
    name = task.account.name
    if isinstance(failure, TelnyxError):
        return AccountResult(name=name, error=failure)
    # Its text could be anything, such as what a library says of the arguments.
    why = f"the worker that exported {name} failed with {type(failure).__name__}"
    return AccountResult(
        name=name, error=ExportError(why, path=Partition(task.destination, name).file)
    )


def _address_of(cluster: object) -> tuple[str, object]:
    """Give the address of a cluster's scheduler, and how it is spoken to."""
    security: object = getattr(cluster, "security", None)
    if isinstance(cluster, str):
        if not _ADDRESS.fullmatch(cluster):
            raise ConfigurationError(
                f"cluster: expected an address such as tcp://scheduler:8786, got {cluster!r:.80}"
            )
        return cluster, security
    address: object = getattr(cluster, "scheduler_address", None)
    if address is None:
        address = getattr(getattr(cluster, "scheduler", None), "address", None)
    if not isinstance(address, str):
        raise ConfigurationError(
            "cluster: expected the address of a Dask scheduler, a cluster or a Client, got "
            f"{type(cluster).__name__}"
        )
    return address, security
