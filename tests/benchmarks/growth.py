"""Accounts of many sizes with `collect()`: what an order costs in a small and in a large one."""

from typing import Any

import attrs

from tests.benchmarks import measure
from tests.benchmarks.bulk import FLOOR, OURS, of
from tests.benchmarks.chart import Axis, Line, lines
from tests.benchmarks.outcome import Outcome, Settings, Target
from tests.benchmarks.progress import tell
from tests.benchmarks.server import serving
from tests.benchmarks.table import seconds, table

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUICK_SIZES = (1_000, 3_000, 10_000, 20_000)
COMPARED_FROM = 10_000
"""Below it, what a fetch costs whatever its size shows in each order."""


def run(settings: Settings) -> Outcome:
    """Measure each size, by this package and by the floor."""
    sizes = QUICK_SIZES if settings.quick else SIZES
    runs: dict[str, dict[int, list[measure.Figures]]] = {OURS: {}, FLOOR: {}}
    with serving(1000) as small:
        for orders in sizes:
            told: dict[str, Any] = {"orders": orders, "latency": 0, "at_once": settings.at_once}
            with serving(orders) as server:
                measure.fetch(server, FLOOR, **told)  # after which each page has been written once
                for number in range(settings.rounds):
                    for name, measured in runs.items():
                        tell(f"growth {number + 1}/{settings.rounds}: {orders:,} orders, {name}")
                        fetched = measure.fetch(server, name, **told, warm_up=small)
                        measured.setdefault(orders, []).append(fetched)
    wall, cpu, held = (
        {name: _an_order(measured, figure) for name, measured in runs.items()}
        for figure in ("wall", "cpu", "memory")
    )
    rows = [
        (
            f"{orders:,}",
            *(seconds(each[name][orders]) for each in (wall, cpu) for name in runs),
            *(f"{held[name][orders] * 2**20:,.0f}" for name in runs),
        )
        for orders in sizes
    ]
    head = ["orders", "wall", "floor's", "CPU", "floor's", "bytes", "floor's"]
    text = (
        f"`collect()`, {settings.at_once} pages at a time, latency 0, in a process that has "
        f"fetched a small account before; medians of {settings.rounds} rounds. Time and memory "
        "(at most, over what was held before) are divided by the orders.\n\n" + table(head, rows)
    )
    targets = [
        Target(f"{figure} an order, most beside least from 10,000 on", _spread(each[OURS]), 1.1)
        for figure, each in (("wall time", wall), ("CPU", cpu))
    ]
    decades = [size for size in sizes if f"{size}".strip("0") == "1"]
    across = Axis("orders in the account", lambda value: f"{value:,.0f}", True, decades)
    time_up = Axis("µs an order", lambda value: f"{value * 1e6:.0f}")
    memory_up = Axis("bytes an order", lambda value: f"{value:,.0f}")
    names = {OURS: "telnyx-orders", FLOOR: "the floor"}
    charts = {
        "growth-time.svg": lines(
            "Time of collect(), for each order",
            across,
            time_up,
            [Line(names[name], sorted(each.items())) for name, each in wall.items()],
        ),
        "growth-memory.svg": lines(
            "Memory of collect(), for each order",
            across,
            memory_up,
            [
                Line(names[name], [(n, each * 2**20) for n, each in sorted(all_of.items())])
                for name, all_of in held.items()
            ],
        ),
    }
    figures = {
        name: {str(n): [attrs.asdict(one) for one in all_of] for n, all_of in measured.items()}
        for name, measured in runs.items()
    }
    return Outcome(text, figures, targets, charts)


def _an_order(measured: dict[int, list[measure.Figures]], figure: str) -> dict[int, float]:
    return {
        orders: of(runs, lambda run: getattr(run, figure)) / orders
        for orders, runs in measured.items()
    }


def _spread(each: dict[int, float]) -> float:
    compared = [figure for orders, figure in each.items() if orders >= COMPARED_FROM]
    return max(compared) / min(compared)
