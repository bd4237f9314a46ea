"""One `list()` beside one bare aiohttp call, over a warm connection to a server without latency."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from tests.benchmarks import child
from tests.benchmarks.outcome import Outcome, Settings, Target, ratio
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, PAGE_SIZE, serving
from tests.benchmarks.table import seconds, table, times

SIZES = (20, PAGE_SIZE)
"""Orders a page: what the server gives unasked, and the most it gives."""

OURS, BARE = "`await client.number_orders.list()`", "bare aiohttp: `await response.json()`"
BLOCK = 50
"""Calls of the one kind before it is the other's turn."""


def run(settings: Settings) -> Outcome:
    """Measure calls of both kinds, and of two sizes."""
    blocks = 4 if settings.quick else 20
    rows, figures, targets = [], {}, []
    with serving(1000) as server:
        for size in SIZES:
            server.begin(0)
            rounds = []
            for number in range(settings.rounds):
                tell(f"single {number + 1}/{settings.rounds}: {size} orders")
                rounds.append(child.call("single", url=server.url, size=size, blocks=blocks))
            wall, cpu = (
                ratio(*([one[name][figure] for one in rounds] for name in (OURS, BARE)))
                for figure in ("wall", "cpu")
            )
            for name in (OURS, BARE):
                each = [median(one[name][figure] for one in rounds) for figure in ("wall", "cpu")]
                ratios = (times(wall), times(cpu)) if name == OURS else ("1", "1")
                rows.append((name, f"{size}", *(seconds(one) for one in each), *ratios))
            figures[f"{size} orders"] = rounds
            targets.append(Target(f"one `list()` of {size} orders, beside bare aiohttp", wall, 1.3))
    text = (
        f"{BLOCK * blocks} calls of each kind in turns of {BLOCK}, in one process over a warm "
        f"connection, latency 0; medians of the calls and of {settings.rounds} processes. The "
        "bare call checks nothing and gives dictionaries; wall time has the server's in it, "
        "which is the same for both.\n\n"
        + table(["", "orders", "wall", "CPU", "wall / bare", "CPU / bare"], rows)
    )
    return Outcome(text, figures, targets)


async def calls(url: str, size: int, blocks: int) -> dict[str, dict[str, float]]:
    """Be the process that calls; gives seconds a call, of wall time and of CPU, for either kind."""
    import aiohttp

    from telnyx_orders import OrdersClient

    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        OrdersClient(KEY, base_url=url) as client,
        aiohttp.ClientSession(headers=headers) as session,
    ):

        async def ours() -> Any:
            return await client.number_orders.list(page_size=size)

        async def bare() -> Any:
            async with session.get(f"{url}/number_orders", params={"page[size]": size}) as response:
                return await response.json()

        kinds: dict[str, Callable[[], Awaitable[Any]]] = {OURS: ours, BARE: bare}
        wall: dict[str, list[float]] = {name: [] for name in kinds}
        cpu: dict[str, list[float]] = {name: [] for name in kinds}
        for number in range(blocks + 1):
            for name, call in kinds.items():
                worked = time.process_time()
                walls = []
                for _ in range(BLOCK):
                    begun = time.perf_counter()
                    await call()
                    walls.append(time.perf_counter() - begun)
                if number > 0:  # the first block opens the connection
                    wall[name] += walls
                    cpu[name].append((time.process_time() - worked) / BLOCK)
        return {name: {"wall": median(wall[name]), "cpu": median(cpu[name])} for name in kinds}


if __name__ == "__main__":
    child.answer(lambda **told: asyncio.run(calls(**told)))
