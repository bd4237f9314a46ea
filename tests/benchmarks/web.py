"""A web application that answers while a bulk fetch runs in its event loop.

The application, the server of the orders, and whoever visits and measures are a process each.
"""

import json
from itertools import product

from tests.benchmarks import bulk, child, measure
from tests.benchmarks.outcome import Outcome, Settings, Target, median, ratio
from tests.benchmarks.progress import tell
from tests.benchmarks.server import Server, serving
from tests.benchmarks.table import rounds, seconds, table, times
from tests.benchmarks.web_visitor import RATE

FRAMEWORKS = ("aiohttp.web", "FastAPI")
NOTHING, COLLECT, STREAM = "no fetch", "`collect()`", "`async for`"
FROZEN = ", after `gc.freeze()`"
FETCHES = {
    NOTHING: None,
    COLLECT: bulk.OURS,
    STREAM: bulk.OURS_STREAMED,
    COLLECT + FROZEN: bulk.OURS,
    STREAM + FROZEN: bulk.OURS_STREAMED,
    bulk.GATHERED: bulk.GATHERED,
    bulk.VENDOR: bulk.VENDOR,
}
QUICK_FETCHES = (NOTHING, COLLECT, STREAM)

Answers = dict[tuple[str, str], list[dict[str, float]]]


def run(settings: Settings) -> Outcome:
    """Measure both frameworks, without a fetch and with each kind of it, in turns."""
    length = 3 if settings.quick else 15
    fetches = QUICK_FETCHES if settings.quick else tuple(FETCHES)
    answers: Answers = {}
    with serving(settings.orders) as server:
        # After this each page has been written once.
        measure.fetch(server, bulk.FLOOR, **settings.told)
        for number in range(settings.rounds):
            for framework, fetch in product(FRAMEWORKS, fetches):
                tell(f"web {number + 1}/{settings.rounds}: {framework}, {fetch}")
                server.begin(settings.latency)
                seen = visited(server, framework, fetch, settings.at_once, length)
                answers.setdefault((framework, fetch), []).append(seen)
    text = (
        f"{RATE} requests a second for {length} s from another process, at random times, while "
        f"{settings.orders:,} orders are fetched again and again in the application's event loop, "
        f"{settings.at_once} pages at a time, {settings.latency * 1000:.0f} ms an answer; "
        f"{rounds(settings.rounds)}.\n\n{shown(answers)}"
    )
    targets = [
        Target(f"p99 of {key[0]} during {key[1]}, beside without", beside(answers, key), 3)
        for key in answers
        if FETCHES[key[1]] in (bulk.OURS, bulk.OURS_STREAMED)
    ]
    figures = {f"{framework}, {fetch}": seen for (framework, fetch), seen in answers.items()}
    return Outcome(text, figures, targets)


def visited(
    server: Server, framework: str, fetch: str, at_once: int, length: float
) -> dict[str, float]:
    """Run an application, and have it visited for so many seconds."""
    told = {"framework": framework, "contender": FETCHES[fetch], "freeze": FROZEN in fetch}
    with child.start("web_app", url=server.url, at_once=at_once, **told) as app:
        assert app.stdout is not None
        url = json.loads(app.stdout.readline())
        seen: dict[str, float] = child.call("web_visitor", url=url, length=length)
        fetches, _ = app.communicate("enough\n")
    return {**seen, "fetches": json.loads(fetches)}


def beside(answers: Answers, key: tuple[str, str]) -> float:
    """How many times its p99 without a fetch an application's p99 is."""
    keys = (key, (key[0], NOTHING))
    with_it, without = ([seen["p99"] for seen in answers[one]] for one in keys)
    return ratio(with_it, without)


def shown(answers: Answers) -> str:
    """Write the table."""
    rows = [
        (
            framework,
            fetch,
            *(seconds(median(seen[name] for seen in each)) for name in ("p50", "p99", "max")),
            times(beside(answers, (framework, fetch))),
            f"{sum(seen['answers'] for seen in each):,.0f}",
            f"{sum(seen['fetches'] for seen in each):.0f}",
        )
        for (framework, fetch), each in answers.items()
    ]
    head = ["", "in its loop", "p50", "p99", "longest", "p99 / without", "answers", "fetches"]
    return table(head, rows)
