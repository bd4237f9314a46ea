"""Accounts of many sizes with `collect()`: what an order costs in a small and in a large one."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tests.benchmarks import measure
from tests.benchmarks.bulk import FLOOR, OURS, middle
from tests.benchmarks.chart import Axis, Line, lines
from tests.benchmarks.outcome import Outcome, Settings, Target
from tests.benchmarks.progress import tell
from tests.benchmarks.server import serving
from tests.benchmarks.table import rounds, seconds, table

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUICK_SIZES = (1_000, 3_000, 10_000, 20_000)
COMPARED_FROM = 10_000
"""Below it, what a fetch costs whatever its size shows in each order."""

NAMES = {OURS: "telnyx-orders", FLOOR: "the floor"}
FIGURES = {"wall": 1.0, "cpu": 1.0, "memory": 2.0**20}
"""What is divided by the orders, and how many seconds or bytes its unit has."""

Runs = dict[str, dict[int, list[measure.Figures]]]
Costs = Mapping[str, Mapping[str, Mapping[int, float]]]
"""Of each figure, and each contender, what an order costs by the size of the account."""


def run(settings: Settings) -> Outcome:
    """Measure each size, by this package and by the floor."""
    sizes = QUICK_SIZES if settings.quick else SIZES
    runs = measured(settings, sizes)
    costs: Costs = {
        figure: {name: _an_order(each, figure, unit) for name, each in runs.items()}
        for figure, unit in FIGURES.items()
    }
    figures = {
        name: {str(n): [attrs.asdict(one) for one in each] for n, each in by_size.items()}
        for name, by_size in runs.items()
    }
    targets = [
        Target(f"{what} an order, most beside least from 10,000 on", _spread(costs[figure]), 1.1)
        for figure, what in (("wall", "wall time"), ("cpu", "CPU"))
    ]
    return Outcome(text(settings, sizes, costs), figures, targets, charts(sizes, costs))


def measured(settings: Settings, sizes: Sequence[int]) -> Runs:
    """Fetch accounts of all sizes, from a server without latency."""
    runs: Runs = {name: {} for name in NAMES}
    with serving(1000) as small:
        for orders in sizes:
            told: dict[str, Any] = {"orders": orders, "latency": 0, "at_once": settings.at_once}
            with serving(orders) as server:
                measure.fetch(server, FLOOR, **told)  # after which each page has been written once
                for number in range(settings.rounds):
                    for name, by_size in runs.items():
                        tell(f"growth {number + 1}/{settings.rounds}: {orders:,} orders, {name}")
                        fetched = measure.fetch(server, name, **told, warm_up=small)
                        by_size.setdefault(orders, []).append(fetched)
    return runs


def text(settings: Settings, sizes: Sequence[int], costs: Costs) -> str:
    rows = [
        (
            f"{orders:,}",
            *(seconds(costs[figure][name][orders]) for figure in ("wall", "cpu") for name in NAMES),
            *(f"{costs['memory'][name][orders]:,.0f}" for name in NAMES),
        )
        for orders in sizes
    ]
    head = ["orders", "wall", "floor's", "CPU", "floor's", "bytes", "floor's"]
    return (
        f"`collect()`, {settings.at_once} pages at a time, latency 0, in a process that has "
        f"fetched a small account before; {rounds(settings.rounds)}. Time and memory (at most, "
        f"over what the imports took) are divided by the orders.\n\n{table(head, rows)}"
    )


def charts(sizes: Sequence[int], costs: Costs) -> dict[str, str]:
    decades = [size for size in sizes if f"{size}".strip("0") == "1"]
    across = Axis("orders in the account", lambda value: f"{value:,.0f}", True, decades)
    drawn = {
        figure: [Line(NAMES[name], sorted(each.items())) for name, each in by_name.items()]
        for figure, by_name in costs.items()
    }
    time_up = Axis("µs an order", lambda value: f"{value * 1e6:.0f}")
    memory_up = Axis("bytes an order", lambda value: f"{value:,.0f}")
    return {
        "growth-time.svg": lines(
            "Wall time of collect(), for each order", across, time_up, drawn["wall"]
        ),
        "growth-memory.svg": lines(
            "Memory of collect(), for each order", across, memory_up, drawn["memory"]
        ),
    }


def _an_order(
    by_size: Mapping[int, list[measure.Figures]], figure: str, unit: float
) -> dict[int, float]:
    return {orders: unit * middle(runs, figure) / orders for orders, runs in by_size.items()}


def _spread(by_name: Mapping[str, Mapping[int, float]]) -> float:
    compared = [cost for orders, cost in by_name[OURS].items() if orders >= COMPARED_FROM]
    return max(compared) / min(compared)
