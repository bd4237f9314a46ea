"""1, 2, 4 ... 64 pages at a time, from servers that are near and far."""

import math
from itertools import product

import attrs

from tests.benchmarks import measure
from tests.benchmarks.bulk import FLOOR, OURS, middle
from tests.benchmarks.chart import Axis, Line, lines
from tests.benchmarks.outcome import Outcome, Settings
from tests.benchmarks.progress import tell
from tests.benchmarks.server import PAGE_SIZE, serving
from tests.benchmarks.table import rounds, seconds, table

AT_ONCE = (1, 2, 4, 8, 16, 32, 64)
LATENCIES = (0.005, 0.05, 0.3)


def run(settings: Settings) -> Outcome:
    """Measure each number of pages at a time with each latency."""
    at_onces = (1, 4, 16) if settings.quick else AT_ONCE
    latencies = LATENCIES[:2] if settings.quick else LATENCIES
    runs: dict[tuple[float, int], list[measure.Figures]] = {}
    with serving(settings.orders) as server:
        measure.fetch(server, FLOOR, **settings.told)  # after which each page has been written once
        for number in range(settings.rounds):
            for latency, at_once in product(latencies, at_onces):
                what = f"{at_once} at a time, {latency * 1000:.0f} ms"
                tell(f"concurrency {number + 1}/{settings.rounds}: {what}")
                fetched = measure.fetch(
                    server, OURS, orders=settings.orders, latency=latency, at_once=at_once
                )
                runs.setdefault((latency, at_once), []).append(fetched)
    walls = {key: middle(figures, "wall") for key, figures in runs.items()}
    rows = [
        (f"{at_once}", *(_shown(walls[one, at_once], settings, one, at_once) for one in latencies))
        for at_once in at_onces
    ]
    named = [f"{latency * 1000:.0f} ms" for latency in latencies]
    text = (
        f"Seconds for {settings.orders:,} orders with `collect()`, by the latency of the server; "
        f"{rounds(settings.rounds)}. In brackets what the latency alone would take, with "
        "no time for anything else.\n\n" + table(["pages at a time", *named], rows)
    )
    drawn = []
    for latency, name in zip(latencies, named, strict=True):
        drawn.append(Line(name, [(one, walls[latency, one]) for one in at_onces]))
        alone = [(one, waiting(settings.orders, latency, one)) for one in at_onces]
        drawn.append(Line(name, alone, dashed=True))
    chart = lines(
        f"Seconds to fetch {settings.orders:,} orders (dotted: the latency alone)",
        Axis("pages at a time", lambda value: f"{value:.0f}", logarithmic=True, ticks=at_onces),
        Axis("seconds", lambda value: f"{value:g}", logarithmic=True),
        drawn,
    )
    figures = {
        f"{latency} s, {at_once} at a time": [attrs.asdict(one) for one in measured]
        for (latency, at_once), measured in runs.items()
    }
    return Outcome(text, figures, charts={"concurrency.svg": chart})


def waiting(orders: int, latency: float, at_once: int) -> float:
    """Seconds that the latency alone takes: of the first page, and of the others in turns."""
    return latency * (1 + math.ceil((math.ceil(orders / PAGE_SIZE) - 1) / at_once))


def _shown(wall: float, settings: Settings, latency: float, at_once: int) -> str:
    return f"{seconds(wall)} ({seconds(waiting(settings.orders, latency, at_once))})"
