"""Fetch a whole account with this package and with the vendor's SDK, in one run, in turns.

    python tests/benchmarks/against_vendor.py [--orders 50000] [--latency 0.05] [--rounds 3]

The sandbox runs in a process of its own, and so does each fetch. Printed are the medians over the
rounds: seconds from the making of the client to the last order, seconds of CPU of the fetching
process for the same, and the peak of its memory.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

KEY = "KEYbenchmark0123456789"


async def serve(orders: int, latency: float) -> None:
    from telnyx_orders.sandbox import Sandbox

    async with Sandbox(orders, api_key=KEY, latency=latency) as sandbox:
        print(sandbox.base_url, flush=True)
        await asyncio.Event().wait()


async def ours(url: str, concurrency: int) -> int:
    from telnyx_orders import OrdersClient

    async with OrdersClient(KEY, base_url=url, concurrency=concurrency) as client:
        return len(await client.number_orders.list().collect())


async def vendor(url: str) -> int:
    from telnyx import AsyncTelnyx

    async with AsyncTelnyx(api_key=KEY, base_url=url) as client:
        return len([one async for one in client.number_orders.list(page_size=250)])


FETCHES: dict[str, Callable[[str], Awaitable[int]]] = {
    "telnyx_orders, 8 at a time": lambda url: ours(url, 8),
    "telnyx_orders, 20 at a time": lambda url: ours(url, 20),
    "vendor's AsyncTelnyx": vendor,
}


async def fetch(name: str, url: str) -> None:
    if name == "vendor's AsyncTelnyx":
        import telnyx  # noqa: F401  # the time of an import is no time of a fetch
    else:
        import telnyx_orders  # noqa: F401
    wall, cpu = time.perf_counter(), time.process_time()
    orders = await FETCHES[name](url)
    figures = {
        "orders": orders,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def in_turns(orders: int, latency: float, rounds: int) -> dict[str, list[dict[str, float]]]:
    here = [sys.executable, str(Path(__file__))]
    server = subprocess.Popen(
        [*here, "--serve", "--orders", str(orders), "--latency", str(latency)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    try:
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in FETCHES}
        for _ in range(rounds):
            for name, figures in runs.items():
                run = subprocess.run(
                    [*here, "--fetch", name, "--url", url], capture_output=True, text=True
                )
                assert run.returncode == 0, run.stderr
                figures.append(json.loads(run.stdout))
                assert figures[-1]["orders"] == orders
        return runs
    finally:
        server.terminate()
        server.wait()


def table(runs: dict[str, list[dict[str, float]]]) -> str:
    def median(name: str, figure: str) -> float:
        return statistics.median(run[figure] for run in runs[name])

    base = {figure: median("vendor's AsyncTelnyx", figure) for figure in ("wall", "cpu", "memory")}
    lines = ["| | wall | CPU | peak memory |", "|---|---|---|---|"]
    for name in runs:
        wall, cpu, memory = (median(name, figure) for figure in base)
        lines.append(
            f"| {name} | {wall:.2f} s (1/{base['wall'] / wall:.1f}) "
            f"| {cpu:.2f} s (1/{base['cpu'] / cpu:.1f}) "
            f"| {memory:.0f} MiB (1/{base['memory'] / memory:.1f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--fetch", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.orders, given.latency))
    elif given.fetch:
        asyncio.run(fetch(given.fetch, given.url))
    else:
        print(table(in_turns(given.orders, given.latency, given.rounds)))


if __name__ == "__main__":
    main()
