"""One fetch by one contender in a process of its own, and what it costs."""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from attrs import frozen

from tests.benchmarks import child, memory
from tests.benchmarks.contenders import CONTENDERS, Fetch
from tests.benchmarks.server import Seen, Server

T = TypeVar("T")

TICK = 0.001
"""Seconds after which the task wants to wake that tells how long the event loop was held."""


@frozen
class Figures:
    """What a fetch cost.

    Attributes:
        wall: Seconds from the making of the client to the last order and the client's end.
        cpu: Seconds of CPU of the fetching process meanwhile, user and system, all its threads.
        memory: MiB that it held at most, over what it held when its imports were done.
        peak: MiB that it held at most.
        server: What the server saw of it.
    """

    wall: float
    cpu: float
    memory: float
    peak: float
    server: Seen


@frozen
class Stall:
    """For how long the event loop was held: how late a task woke, in seconds.

    Attributes:
        first: At most, during a small fetch, the first of its process.
        longest: At most, during the fetch after it.
        frozen: At most, during one more, when `gc.freeze()` has taken what is imported by then off
            the garbage collector's list.
        idle: At most, in a loop that does nothing else for as long: what the machine does.
    """

    first: float
    longest: float
    frozen: float
    idle: float


def fetch(
    server: Server,
    contender: str,
    *,
    orders: int,
    latency: float,
    at_once: int,
    plain: bool = False,
    warm_up: Server | None = None,
) -> Figures:
    """Fetch an account.

    Args:
        server: Where it is.
        contender: Who fetches, a key of `CONTENDERS`.
        orders: How many orders it has; that as many came is checked.
        latency: Seconds until the server answers.
        at_once: Pages at a time.
        plain: Whether the process can import neither msgspec nor orjson.
        warm_up: A small account that is fetched before the clock starts, so that what a process
            does once is no part of the figures.
    """
    server.begin(latency)
    told = {"url": server.url, "contender": contender, "orders": orders, "at_once": at_once}
    warm_url = None if warm_up is None else warm_up.url
    figures = child.call("measure", **told, plain=plain, warm_url=warm_url)
    return Figures(**figures, server=server.seen())


def stall(
    server: Server, contender: str, *, orders: int, latency: float, at_once: int, warm_up: Server
) -> Stall:
    """Fetch a small account and then the one that is meant, in a loop that is watched."""
    server.begin(latency)
    told = {"url": server.url, "contender": contender, "orders": orders, "at_once": at_once}
    return Stall(**child.call("measure", **told, warm_url=warm_up.url, watched=True))


def run(
    contender: str,
    url: str,
    orders: int,
    at_once: int,
    plain: bool = False,
    warm_url: str | None = None,
    watched: bool = False,
) -> dict[str, float]:
    """Be the process that fetches."""
    if plain:
        for name in ("msgspec", "orjson"):
            sys.modules[name] = None  # type: ignore[assignment]  # so that its import fails
    fetching = CONTENDERS[contender]()
    told = (fetching, url, orders, at_once, warm_url)
    return asyncio.run(watch(*told) if watched else cost(*told))


async def cost(
    fetching: Fetch, url: str, orders: int, at_once: int, warm_url: str | None
) -> dict[str, float]:
    """Fetch, and tell what it cost."""
    before = memory.resident()
    if warm_url is not None:
        await fetching(warm_url, at_once)
    memory.forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    fetched = await fetching(url, at_once)
    wall, cpu, peak = time.perf_counter() - wall, time.process_time() - cpu, memory.peak()
    check(fetched, orders)
    return {"wall": wall, "cpu": cpu, "memory": peak - before, "peak": peak}


async def watch(
    fetching: Fetch, url: str, orders: int, at_once: int, warm_url: str | None
) -> dict[str, float]:
    """Fetch, and tell for how long the loop was held."""
    _, first = await held_meanwhile(fetching(warm_url or url, at_once))
    begun = time.perf_counter()
    fetched, longest = await held_meanwhile(fetching(url, at_once))
    seconds = time.perf_counter() - begun
    check(fetched, orders)
    del fetched
    gc.collect()
    gc.freeze()
    _, frozen = await held_meanwhile(fetching(url, at_once))
    _, idle = await held_meanwhile(asyncio.sleep(min(3.0, seconds)))
    return {"first": first, "longest": longest, "frozen": frozen, "idle": idle}


async def held_meanwhile(working: Awaitable[T]) -> tuple[T, float]:
    """Await something; gives its result, and for how long it held the loop at most, in seconds."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            longest = max(longest, time.perf_counter() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        result = await working
        await asyncio.sleep(2 * TICK)  # what held it last is noticed after
        return result, longest
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])


def check(fetched: Sequence[Any], orders: int) -> None:
    """See that every order came, once."""
    ids = {one["id"] if isinstance(one, dict) else one.id for one in fetched}
    if not len(fetched) == len(ids) == orders:
        raise AssertionError(f"{len(fetched)} orders came, {len(ids)} distinct, of {orders}")


if __name__ == "__main__":
    child.answer(run)
