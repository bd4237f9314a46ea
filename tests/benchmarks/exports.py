"""An account exported to a file, in each format."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import child, memory
from tests.benchmarks.outcome import Outcome, Settings
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, serving
from tests.benchmarks.table import mebibytes, seconds, table

NAMES = ["orders.ndjson", "orders.ndjson.gz", "orders.csv", "orders.parquet"]


def run(settings: Settings) -> Outcome:
    """Export an account once in each format, each in a process of its own."""
    orders = 50_000 if settings.quick else 1_000_000
    exported: dict[str, Any] = {}
    with serving(orders) as server:
        server.begin(0)
        for name in NAMES:
            tell(f"exports: {orders:,} orders to {name}")
            exported[name] = child.call("exports", url=server.url, name=name)
    return Outcome(text(orders, exported), exported, [], {})


def text(orders: int, exported: dict[str, Any]) -> str:
    rows = [
        (
            f"`{name}`",
            seconds(of["wall"]),
            seconds(of["cpu"]),
            f"{orders / of['wall']:,.0f}",
            mebibytes(of["peak"]),
            mebibytes(of["size"] / 2**20),
            f"{of['requests']:,}",
        )
        for name, of in exported.items()
    ]
    head = ["", "wall", "CPU", "orders a second", "peak memory", "file", "requests"]
    return (
        f"{orders:,} orders, 250 a page, 8 requests at a time (the default), latency 0, one export "
        f"each. Memory is the most that the process held.\n\n{table(head, rows)}"
    )


async def export_once(url: str, name: str) -> dict[str, Any]:
    """Be the process that exports."""
    from telnyx_orders import OrdersClient, export

    with tempfile.TemporaryDirectory() as folder:
        async with OrdersClient(KEY, base_url=url) as client:
            wall, cpu = time.perf_counter(), time.process_time()
            report = await export(client.number_orders.list(), Path(folder) / name)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = report.path.stat().st_size
    return {
        "wall": wall,
        "cpu": cpu,
        "peak": memory.peak(),
        "size": size,
        "requests": report.requests,
    }


if __name__ == "__main__":
    child.answer(lambda **told: asyncio.run(export_once(**told)))
