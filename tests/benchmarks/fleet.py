"""Many small accounts: in one process, and over the workers of a Dask cluster."""

import asyncio
import tempfile
import time
from contextlib import ExitStack
from typing import Any

from tests.benchmarks import child
from tests.benchmarks.outcome import Outcome, Settings
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, serving
from tests.benchmarks.table import seconds, table

ORDERS = 2_000
LATENCY = 0.05


def run(settings: Settings) -> Outcome:
    """Export the accounts in each way."""
    accounts = 20 if settings.quick else 200
    measured: dict[str, Any] = {}
    with serving(ORDERS) as server:
        for name, workers, at_once in (
            ("this process, one at a time", 0, 1),
            ("this process, 8 at a time", 0, 8),
            ("two workers, 4 at a time each", 2, 4),
        ):
            server.begin(LATENCY)
            tell(f"fleet: {accounts} accounts, {name}")
            measured[name] = child.call(
                "fleet", url=server.url, accounts=accounts, workers=workers, at_once=at_once
            )
    rows = [
        (name, seconds(of["wall"]), f"{accounts / of['wall']:.1f}") for name, of in measured.items()
    ]
    head = ["", "wall", "accounts a second"]
    told = (
        f"{accounts} accounts of {ORDERS:,} orders each, {LATENCY * 1000:.0f} ms an answer, all "
        "served by one process on the same two cores; one export each. The workers are running "
        f"when it begins.\n\n{table(head, rows)}"
    )
    return Outcome(told, measured, [], {})


def measure(url: str, accounts: int, workers: int, at_once: int) -> dict[str, Any]:
    """Be the process that exports."""
    with ExitStack() as stack:
        cluster = None
        if workers:
            import distributed

            local_cluster: Any = distributed.LocalCluster  # it has no types

            cluster = stack.enter_context(
                local_cluster(
                    n_workers=workers,
                    threads_per_worker=at_once,
                    processes=True,
                    dashboard_address=None,
                    silence_logs=50,
                )
            )
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return asyncio.run(_export(url, accounts, at_once, folder, cluster))


async def _export(
    url: str, accounts: int, at_once: int, folder: str, cluster: object
) -> dict[str, Any]:
    from telnyx_orders.fleet import Account, export_accounts

    wall = time.perf_counter()
    summary = await export_accounts(
        [Account(name=f"account-{n}", api_key=KEY, base_url=url) for n in range(accounts)],
        folder,
        cluster=cluster,
        at_once=at_once,
    )
    wall = time.perf_counter() - wall
    if summary.failed or summary.orders != accounts * ORDERS:
        raise AssertionError(f"{summary.orders} orders, {len(summary.failed)} accounts failed")
    return {"wall": wall}


if __name__ == "__main__":
    child.answer(measure)
