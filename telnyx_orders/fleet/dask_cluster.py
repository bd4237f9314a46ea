"""The accounts spread over the workers of a Dask cluster.

Dask starts a task again on another worker when one dies, and its workers are plain Python processes
in which `asyncio.run` is at home. No more tasks are under way than the workers have threads: what a
worker that dies is blamed for it had begun, and what has ended is not done again. What a task is
called, and what is logged of it, is made of the account's name; its key travels inside the task
only.
"""

import asyncio
import concurrent.futures
import importlib
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from telnyx_orders.errors import ConfigurationError, TelnyxError
from telnyx_orders.fleet.data_set import DataSet
from telnyx_orders.fleet.work import AccountResult, Task
from telnyx_orders.version import __version__

__all__ = ["run_on_cluster"]

LOOK_AGAIN = 0.5
"""Seconds between two looks of a worker whether the run goes on."""

STOPPING = 10.0
"""Seconds at most until the workers have stopped, where the run is broken off."""

_ADDRESS = re.compile(r"(\w+://)?[^/\s]+:\d+")


async def run_on_cluster(tasks: Sequence[Task], cluster: object) -> AsyncGenerator[AccountResult]:
    """Run tasks on a cluster, and give each result as it comes.

    Args:
        tasks: What is to be done.
        cluster: The address of its scheduler, a cluster such as `LocalCluster`, or a `Client`.

    Raises:
        ConfigurationError: Dask is not installed, the cluster is none or cannot be reached, or its
            workers are none, or cannot do it.
    """
    try:
        # Its types are partly unknown.
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise ConfigurationError(
            "a cluster needs Dask: pip install 'telnyx-orders[dask]'"
        ) from error
    address, security = _address_of(cluster)
    client: Any = distributed.Client(
        address, asynchronous=True, security=security, set_as_default=False
    )
    try:
        await client
    except (OSError, TypeError, ValueError, ImportError) as error:
        await client.close()
        raise ConfigurationError(
            f"the Dask cluster at {address} cannot be reached: {error}. TLS needs certificates in "
            "the configuration of Dask, distributed.comm.tls"
        ) from error
    async with client:
        if not tasks:
            return
        data_set = tasks[0].data_set
        await asyncio.to_thread(data_set.begin)
        try:
            await _wait_for_workers(client, address)
            await _check_workers(client, data_set)
            async with aclosing(_run(distributed, client, tasks)) as results:
                async for result in results:
                    yield result
        finally:
            await asyncio.to_thread(data_set.end)


async def _run(
    distributed: Any, client: Any, tasks: Sequence[Task]
) -> AsyncGenerator[AccountResult]:
    waiting = list(reversed(tasks))
    running: dict[Any, Task] = {}
    ended: Any = distributed.as_completed([], loop=client.loop)

    async def begin() -> None:
        threads = sum((await client.nthreads()).values())
        while waiting and len(running) < max(1, threads):
            task = waiting.pop()
            key = f"telnyx-orders-export-{task.account.name}-{task.data_set.run[:8]}"
            future = client.submit(run_task, task, key=key, pure=False)
            running[future] = task
            ended.add(future)

    lost = False
    try:
        await begin()
        async for future in ended:
            task = running.pop(future)
            try:
                yield await _result_of(future, task)
            except concurrent.futures.CancelledError as error:
                # Nobody cancelled it: the scheduler is gone, or about to be.
                lost = True
                yield task.failed("the cluster was lost; the same call does the rest", error)
            finally:
                future.release()
            if not lost:
                await begin()
        for task in waiting:
            yield task.failed("the cluster was lost; the same call does the rest")
    finally:
        if running:
            await asyncio.to_thread(tasks[0].data_set.end)
            with suppress(TimeoutError):
                await asyncio.wait_for(_ended(running), STOPPING)


async def _ended(running: dict[Any, Task]) -> None:
    for future in running:
        with suppress(Exception):  # its failure is nobody's concern any more
            await future.exception()


async def _wait_for_workers(client: Any, address: str) -> None:
    """Wait for a worker, as long as Dask waits for a connection.

    Raises:
        ConfigurationError: There is none.
    """
    dask: Any = importlib.import_module("dask")
    utils: Any = importlib.import_module("dask.utils")
    patience = utils.parse_timedelta(dask.config.get("distributed.comm.timeouts.connect"))
    try:
        await client.wait_for_workers(1, timeout=patience)
    except TimeoutError as error:
        raise ConfigurationError(
            f"the Dask cluster at {address} has no workers: start one, or more"
        ) from error


async def _check_workers(client: Any, data_set: DataSet) -> None:
    """See that the workers have this package: one that cannot unpickle a task ends without a word.

    Raises:
        ConfigurationError: One has not, or another version of it, or cannot see the folder.
    """
    try:
        told: dict[str, tuple[str, bool]] = await client.run(look_around, data_set)
    except Exception as error:
        raise ConfigurationError(
            "the workers of the cluster cannot load this package; install there: pip install "
            f"'telnyx-orders[dask]=={__version__}' ({type(error).__name__}: {error})"
        ) from error
    for worker, (version, sees) in told.items():
        if version != __version__:
            raise ConfigurationError(
                f"the worker {worker} has telnyx-orders {version}, and this is {__version__}; "
                "have the same everywhere"
            )
        if not sees:
            raise ConfigurationError(
                f"the worker {worker} does not see {data_set.state}: give a folder that the "
                "workers and this process share"
            )


async def _result_of(future: Any, task: Task) -> AccountResult:
    failure = await future.exception()
    if failure is None:
        result: AccountResult = await future.result()
        return result
    if isinstance(failure, TelnyxError):
        return task.failed(failure)
    if type(failure).__name__ == "KilledWorker":
        return task.failed(
            "each worker that tried it died; see whether they have enough memory, and what the "
            "others did that they ran"
        )
    # Its text could be anything, such as what a library says of the arguments.
    return task.failed(f"the worker that exported it failed with {type(failure).__name__}")


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


def look_around(data_set: DataSet) -> tuple[str, bool]:
    """Tell, on a worker, which version of the package it has, and whether it sees the data set."""
    return __version__, data_set.alive


def run_task(task: Task) -> AccountResult:
    """Run a task in a thread of a worker, until it is done or the run is over."""
    return asyncio.run(_run_while_alive(task))


async def _run_while_alive(task: Task) -> AccountResult:
    export = asyncio.create_task(task.run(), name=f"export of {task.account.name}")
    try:
        while not (await asyncio.wait([export], timeout=LOOK_AGAIN))[0]:
            if not await asyncio.to_thread(lambda: task.data_set.alive):
                break
        else:
            return export.result()
    finally:
        if not export.done():
            export.cancel()
            await asyncio.wait([export])
    return task.failed("the run was broken off")
