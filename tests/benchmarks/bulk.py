"""A whole account, fetched by each contender in turn."""

from collections.abc import Sequence
from typing import Any

import attrs

from tests.benchmarks import measure
from tests.benchmarks.chart import Bars, bars
from tests.benchmarks.measure import Figures, Stall
from tests.benchmarks.outcome import Outcome, Settings, Target, median, ratio
from tests.benchmarks.progress import tell
from tests.benchmarks.server import PAGE_SIZE, serving
from tests.benchmarks.table import mebibytes, rounds, seconds, table, times

OURS = "telnyx-orders"
OURS_STREAMED = "telnyx-orders, `async for`"
VENDOR = "vendor's SDK, page after page"
FLOOR = "the floor: aiohttp and msgspec, no checks"
VENDOR_AT_ONCE = "vendor's SDK, 20 at a time"
VENDOR_ON_AIOHTTP = "vendor's SDK on aiohttp, 20 at a time"
GATHERED = "`asyncio.gather` by hand, no checks"
COMPARED = (OURS, VENDOR, VENDOR_AT_ONCE, VENDOR_ON_AIOHTTP, GATHERED, FLOOR)
WATCHED_ROUNDS = 3
"""How often the loop is watched at most, which takes a fetch of its own."""

Runs = dict[str, list[Figures]]
Stalls = dict[str, list[Stall]]


def run(settings: Settings) -> Outcome:
    """Measure all contenders."""
    runs, stalls = in_turns("bulk", settings, COMPARED)
    return Outcome(
        text=text(runs, stalls, settings),
        figures=figures(runs, stalls),
        targets=targets(runs, stalls),
        charts={"bulk.svg": chart(runs, settings)},
    )


def in_turns(
    what: str, settings: Settings, names: Sequence[str], numbers: int | None = None
) -> tuple[Runs, Stalls]:
    """Have contenders fetch an account in turns, whose orders have so many phone numbers each."""
    runs: Runs = {name: [] for name in names}
    stalls: Stalls = {name: [] for name in names}
    with serving(settings.orders, numbers) as server, serving(1000, numbers) as small:
        measure.fetch(server, FLOOR, **settings.told)  # after which each page has been written once
        for number in range(settings.rounds):
            for name in names:
                tell(f"{what} {number + 1}/{settings.rounds}: {name}")
                runs[name].append(measure.fetch(server, name, **settings.told, warm_up=small))
                if number < WATCHED_ROUNDS:
                    watched = measure.stall(server, name, **settings.told, warm_up=small)
                    stalls[name].append(watched)
    return runs, stalls


def figures(runs: Runs, stalls: Stalls) -> Any:
    """All that was measured, for JSON."""
    return {
        "runs": {name: [attrs.asdict(one) for one in each] for name, each in runs.items()},
        "stalls": {name: [attrs.asdict(one) for one in each] for name, each in stalls.items()},
    }


def middle(runs: list[Any], figure: str) -> float:
    """The median of a figure over the rounds."""
    figures: list[float] = [getattr(run, figure) for run in runs]
    return median(figures)


def worst(stalls: list[Stall], figure: str) -> float:
    """The longest of the stalls of all rounds."""
    figures: list[float] = [getattr(stall, figure) for stall in stalls]
    return max(figures)


def beside(runs: Runs, name: str, other: str, figure: str) -> float:
    """How many times a contender's figure is another's."""
    one, another = ([getattr(run, figure) for run in runs[which]] for which in (name, other))
    return ratio(one, another)


def text(runs: Runs, stalls: Stalls, settings: Settings) -> str:
    """Write the table, and what its columns mean."""
    head = ["", "wall", "/ vendor", "/ floor", "CPU", "/ vendor", "/ floor"]
    head += ["memory", "/ vendor", "peak", "longest stall", "frozen", "first use", "requests"]
    rows = [
        (
            name,
            seconds(middle(each, "wall")),
            *(times(beside(runs, name, other, "wall")) for other in (VENDOR, FLOOR)),
            seconds(middle(each, "cpu")),
            *(times(beside(runs, name, other, "cpu")) for other in (VENDOR, FLOOR)),
            mebibytes(middle(each, "memory")),
            times(beside(runs, name, VENDOR, "memory")),
            mebibytes(middle(each, "peak")),
            *(seconds(worst(stalls[name], which)) for which in ("longest", "frozen", "first")),
            f"{median(run.server.requests for run in each):.0f}",
        )
        for name, each in runs.items()
    ]
    idle = max(one.idle for each in stalls.values() for one in each)
    served = [one.server for each in runs.values() for one in each]
    page = median(one.cpu / one.requests for one in served)
    return (
        f"{settings.orders:,} orders, {PAGE_SIZE} a page, {settings.latency * 1000:.0f} ms an "
        f"answer, {settings.at_once} pages at a time where not said otherwise; "
        f"{rounds(settings.rounds)}.\n\n{table(head, rows)}\n"
        "Behind wall time, CPU and memory stands how many times they are those of the vendor's "
        "SDK, page after page, and of the floor. Each process has fetched a small account before, "
        "so that what it does once is no part of it. Memory is what a process held at most over "
        "what its imports took; peak is with them. A stall is how late a task woke that sleeps for "
        "1 ms again and again, at worst, in a fetch of its own: in a process that has fetched "
        "before, in one that has also called `gc.freeze()`, so that the garbage collector does not "
        "look through all that is imported, and in its first, small fetch. An idle loop was late "
        f"by {seconds(idle)} at worst. The server, a process of its own, took {seconds(page)} of "
        "CPU a page.\n"
    )


def targets(runs: Runs, stalls: Stalls) -> list[Target]:
    def share(figure: str, other: str) -> float:
        return beside(runs, OURS, other, figure)

    longest, frozen, first = (
        worst(stalls[OURS], figure) for figure in ("longest", "frozen", "first")
    )
    return [
        Target("wall time, beside the vendor's", share("wall", VENDOR), 1 / 16, "1/"),
        Target("wall time, beside the floor's", share("wall", FLOOR), 1.15),
        Target("CPU, beside the vendor's", share("cpu", VENDOR), 1 / 9, "1/"),
        Target("CPU, beside the floor's", share("cpu", FLOOR), 1.3),
        Target("memory of `collect()`, beside the vendor's", share("memory", VENDOR), 1 / 2, "1/"),
        Target("longest stall", 1000 * longest, 10, "ms"),
        Target("longest stall, after `gc.freeze()`", 1000 * frozen, 10, "ms"),
        Target("longest stall, first use", 1000 * first, 10, "ms"),
    ]


def chart(runs: Runs, settings: Settings) -> str:
    return bars(
        f"Fetching {settings.orders:,} orders",
        [name.replace("`", "") for name in runs],
        [
            Bars("wall", [middle(runs[name], "wall") for name in runs], seconds),
            Bars("CPU", [middle(runs[name], "cpu") for name in runs], seconds),
            Bars("memory", [middle(runs[name], "memory") for name in runs], mebibytes),
        ],
    )
