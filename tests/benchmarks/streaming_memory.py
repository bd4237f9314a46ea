"""Stream whole accounts, and measure what a fetch holds of an order that it has given away.

    python tests/benchmarks/streaming_memory.py [--orders 100000 1000000]

The sandbox runs in a process of its own, and so does each fetch. Printed are the bytes that are
held more than near the beginning, when pages are fetched ahead already, divided by the orders that
were given since: as `tracemalloc` counts them at the end and at the worst of twenty places along
the second half of the way, and by the resident memory of a process without `tracemalloc`. With
`verify=True` these are what the proof remembers of an order, which may be 120 bytes; with
`verify=False` there should be none. Anything above ends it with status 1.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

KEY = "KEYbenchmark0123456789"
MOST = 120
"""How many bytes an order may take that was given away."""

SLACK = 10
"""How many it may seem to take where nothing of it is held."""


async def serve(orders: int) -> None:
    from telnyx_orders.sandbox import Sandbox

    async with Sandbox(orders, api_key=KEY) as sandbox:
        print(sandbox.base_url, flush=True)
        await asyncio.Event().wait()


async def fetch(url: str, *, verify: bool, traced: bool) -> None:
    """Stream, and print `[orders so far, bytes held]` at every fortieth of the way."""
    from telnyx_orders import OrdersClient

    samples: list[tuple[int, int]] = []
    if traced:
        tracemalloc.start()
    async with OrdersClient(KEY, base_url=url) as client:
        pager = client.number_orders.list(verify=verify)
        total = (await client.number_orders.list(page_size=1)).meta.total_results
        orders, step = 0, max(1, total // 40)
        async for _ in pager:
            orders += 1
            if orders % step == 0:
                gc.collect()
                samples.append((orders, tracemalloc.get_traced_memory()[0] if traced else rss()))
        assert orders == total
    print(json.dumps(samples))


def rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def an_order(samples: list[tuple[int, int]]) -> list[float]:
    """Bytes an order, along the second half of the way."""
    first, before = samples[0]
    later = samples[len(samples) // 2 :]
    return [(after - before) / (orders - first) for orders, after in later]


def measure(url: str, *, verify: bool) -> tuple[float, float, float]:
    """Bytes an order: traced at the end, traced at the worst, resident at the end."""
    how = ["--fetch", url] if verify else ["--fetch", url, "--unverified"]
    traced, resident = (
        an_order(json.loads(start(*how, *more).communicate()[0])) for more in (["--traced"], [])
    )
    return traced[-1], max(traced), resident[-1]


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(Path(__file__)), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def table(orders: int) -> bool:
    """Measure an account of so many orders and print it; tells whether it is within bounds."""
    server = start("--serve", str(orders))
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    try:
        worst = 0.0
        for verify in (True, False):
            figures = measure(url, verify=verify)
            worst = max(worst, figures[1] if verify else figures[1] - SLACK + MOST)
            shown = " | ".join(f"{one:.1f}" for one in figures)
            print(f"| {orders:,} | verify={verify} | {shown} |", flush=True)
        return worst <= MOST
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fetch", help=argparse.SUPPRESS)
    parser.add_argument("--unverified", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve))
        return 0
    if given.fetch:
        asyncio.run(fetch(given.fetch, verify=not given.unverified, traced=given.traced))
        return 0
    print("| orders | | bytes an order | at the worst | by resident memory |")
    print("|---|---|---|---|---|")
    within = [table(orders) for orders in given.orders]
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
