"""A large account streamed with `async for`, and what is held of orders that were given away.

Resident memory is what a user sees. `tracemalloc` counts bytes exactly, but makes a fetch many
times slower, so it has a fetch of its own.
"""

import asyncio
import gc
import time
import tracemalloc
from typing import Any

from tests.benchmarks import child, memory
from tests.benchmarks.chart import Axis, Line, lines
from tests.benchmarks.outcome import Outcome, Settings, Target
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, serving
from tests.benchmarks.table import mebibytes, seconds, table

SAMPLES = 40
MOST_KEPT = 120
"""How many bytes the proof may remember of an order."""
MOST_UNVERIFIED = 10
"""How many an order may seem to take where nothing of it is held."""

WAYS = {"with the proof": True, "`verify=False`": False}


def run(settings: Settings) -> Outcome:
    """Stream with and without the proof, each by resident memory and by `tracemalloc`."""
    orders = 100_000 if settings.quick else 1_000_000
    streamed: dict[str, Any] = {}
    with serving(orders) as server:
        server.begin(0)
        for way, verify in WAYS.items():
            told = {"url": server.url, "verify": verify}
            tell(f"streaming: {orders:,} orders {way}")
            resident = child.call("streaming", **told)
            tell(f"streaming: {orders:,} orders {way}, counted by tracemalloc")
            traced = child.call("streaming", **told, traced=True)
            streamed[way] = {"resident": resident, "traced": traced}
    targets = [
        Target(
            f"bytes held of an order given away, {way}",
            bytes_an_order(of["traced"]["samples"])[1],
            MOST_KEPT if WAYS[way] else MOST_UNVERIFIED,
            "bytes",
        )
        for way, of in streamed.items()
        if not settings.quick  # where the pages that are in flight would outweigh it
    ]
    return Outcome(
        text(orders, streamed), streamed, targets, {"streaming.svg": chart(orders, streamed)}
    )


def text(orders: int, streamed: dict[str, Any]) -> str:
    rows = [
        (
            way,
            *(seconds(of["resident"][figure]) for figure in ("wall", "cpu")),
            *(mebibytes(of["resident"]["samples"][place][1] / 2**20) for place in (0, -1)),
            *(f"{one:.1f}" for one in bytes_an_order(of["traced"]["samples"])),
        )
        for way, of in streamed.items()
    ]
    head = ["", "wall", "CPU", "held at 1/40", "held at the end", "bytes an order", "at worst"]
    return (
        f"{orders:,} orders by `async for`, 8 pages at a time (the default), latency 0; one fetch "
        "each. Bytes an order are those held more than near the beginning, as `tracemalloc` "
        f"counts them at the end and at the worst of the second half.\n\n{table(head, rows)}"
    )


def chart(orders: int, streamed: dict[str, Any]) -> str:
    return lines(
        f"Resident memory while {orders:,} orders are streamed",
        Axis("orders given away", lambda value: f"{value:,.0f}"),
        Axis("MiB", lambda value: f"{value:.0f}"),
        [
            Line(
                way.replace("`", ""),
                [(done, held / 2**20) for done, held in of["resident"]["samples"]],
            )
            for way, of in streamed.items()
        ],
    )


def bytes_an_order(samples: list[tuple[int, int]]) -> tuple[float, float]:
    """Bytes an order, at the end and at the worst of the second half of the way."""
    first, before = samples[0]
    later = samples[len(samples) // 2 :]
    each = [(held - before) / (orders - first) for orders, held in later]
    return each[-1], max(each)


async def stream(url: str, verify: bool, traced: bool = False) -> dict[str, Any]:
    """Be the process that streams; gives `[orders so far, bytes held]` at each 40th of the way."""
    from telnyx_orders import OrdersClient

    samples: list[tuple[int, int]] = []
    if traced:
        tracemalloc.start()
    async with OrdersClient(KEY, base_url=url) as client:
        total = (await client.number_orders.list(page_size=1)).meta.total_results
        orders, step = 0, total // SAMPLES
        wall, cpu = time.perf_counter(), time.process_time()
        async for _ in client.number_orders.list(verify=verify):
            orders += 1
            if orders % step == 0:
                samples.append((orders, _traced() if traced else int(memory.resident() * 2**20)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if orders != total:
            raise AssertionError(f"{orders} orders came, of {total}")
    return {"samples": samples, "wall": wall, "cpu": cpu}


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    child.answer(lambda **told: asyncio.run(stream(**told)))
