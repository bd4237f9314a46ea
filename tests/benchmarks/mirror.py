"""A local mirror: the first sync, one that finds nothing, and reading everything again instead."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import child, memory
from tests.benchmarks.outcome import Outcome, Settings, Target
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, serving
from tests.benchmarks.table import mebibytes, seconds, table

MOST_REQUESTS = 5
"""How many a sync may take that finds nothing."""


def run(settings: Settings) -> Outcome:
    """Sync an account twice, and list it."""
    orders = 10_000 if settings.quick else 50_000
    with serving(orders) as server:
        server.begin(0.05)
        tell(f"mirror: {orders:,} orders")
        measured = child.call("mirror", url=server.url)
    rows = [
        (
            name,
            seconds(of["wall"]),
            seconds(of["cpu"]),
            f"{of['requests']:,}",
            mebibytes(of["peak"]),
        )
        for name, of in measured.items()
    ]
    head = ["", "wall", "CPU", "requests", "peak memory"]
    told = (
        f"{orders:,} orders, 50 ms an answer; one of each, in turn in one process.\n\n"
        f"{table(head, rows)}"
    )
    requests = measured["sync, nothing new"]["requests"]
    target = Target("requests of a sync that finds nothing", requests, MOST_REQUESTS, "requests")
    return Outcome(told, measured, [target], {})


async def measure(url: str) -> dict[str, Any]:
    """Be the process that syncs."""
    from telnyx_orders import OrdersClient, sync

    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.db"
        async with OrdersClient(KEY, base_url=url) as client:
            requests = lambda: client.stats.requests  # noqa: E731  # as of now, each time
            async with timed(measured, "first sync", requests):
                await sync(client, file)
            async with timed(measured, "sync, nothing new", requests):
                await sync(client, file)
            async with timed(measured, "sync, `full=True`", requests):
                await sync(client, file, full=True)
            async with timed(measured, "`collect()`", requests):
                await client.number_orders.list().collect()
    return measured


@asynccontextmanager
async def timed(
    measured: dict[str, Any], name: str, requests: Callable[[], int]
) -> AsyncGenerator[None]:
    wall, cpu, before = time.perf_counter(), time.process_time(), requests()
    yield
    measured[name] = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "requests": requests() - before,
        "peak": memory.peak(),
    }


if __name__ == "__main__":
    child.answer(lambda **told: asyncio.run(measure(**told)))
