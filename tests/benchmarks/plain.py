"""A plain install beside one with `speedups`: the same fetch where neither can be imported."""

import attrs

from tests.benchmarks import measure
from tests.benchmarks.bulk import FLOOR, OURS
from tests.benchmarks.outcome import Outcome, Settings, Target, median, ratio
from tests.benchmarks.progress import tell
from tests.benchmarks.server import serving
from tests.benchmarks.table import mebibytes, rounds, seconds, table, times

INSTALLS = {"with `speedups`": False, "plain": True}


def run(settings: Settings) -> Outcome:
    """Measure both in turns."""
    runs: dict[str, list[measure.Figures]] = {name: [] for name in INSTALLS}
    with serving(settings.orders) as server, serving(1000) as small:
        measure.fetch(server, FLOOR, **settings.told)  # after which each page has been written once
        for number in range(settings.rounds):
            for name, plain in INSTALLS.items():
                tell(f"plain {number + 1}/{settings.rounds}: {name}")
                figures = measure.fetch(server, OURS, **settings.told, plain=plain, warm_up=small)
                runs[name].append(figures)
    fast, slow = runs.values()
    wall = ratio([one.wall for one in slow], [one.wall for one in fast])
    cpu = ratio([one.cpu for one in slow], [one.cpu for one in fast])
    rows = [
        (
            name,
            seconds(median(one.wall for one in each)),
            seconds(median(one.cpu for one in each)),
            mebibytes(median(one.memory for one in each)),
        )
        for name, each in runs.items()
    ]
    text = (
        f"{settings.orders:,} orders with `collect()`, {settings.at_once} pages at a time, "
        f"{settings.latency * 1000:.0f} ms an answer; {rounds(settings.rounds)}. "
        f"Plain takes {times(wall)} the wall time and {times(cpu)} the CPU.\n\n"
        + table(["", "wall", "CPU", "memory"], rows)
    )
    targets = [
        Target("plain install, beside `speedups`: wall time", wall, 2.5),
        Target("plain install, beside `speedups`: CPU", cpu, 2.5),
    ]
    measured = {name: [attrs.asdict(one) for one in each] for name, each in runs.items()}
    return Outcome(text, measured, targets)
