"""Fetch accounts that change meanwhile, over sockets, and count what was missed and what it cost.

    python tests/benchmarks/soak.py [--seeds 200] [--first 0]

A seed is a world: how the account changes, in which order it lists, how uneven the answers come,
which of them break, the filter, the size of a page, and the way of fetching. All kinds of change
take turns, the rest is drawn. Printed is a table with a line for each kind of change; then the
targets for 20,000 orders. Anything doubled, missed or over a target ends it with status 1.
"""

import argparse
import asyncio
import math
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random

from attrs import evolve, frozen

from telnyx_orders import IncompleteFetchError, OrderFilter, OrdersClient, Pager, RetryPolicy
from telnyx_orders.models import NumberOrder
from telnyx_orders.sandbox import READING_FAULTS, Drift, Fault, Faults, ListingOrder, Sandbox

CHANGES: Mapping[str, Drift | None] = {
    "none": None,
    "insert": Drift(insert=1),
    "remove": Drift(remove=1),
    "one in, one out": Drift(insert=1, remove=1),
    "3 in, 2 out": Drift(insert=3, remove=2),
    "settle": Drift(settle=1),
    "insert and settle": Drift(insert=1, settle=1),
    "all at once": Drift(insert=1, remove=1, settle=2),
}

Row = Mapping[str, object]
FILTERS: Mapping[str, tuple[OrderFilter | None, Callable[[Row], bool]]] = {
    "all": (None, lambda row: True),
    "pending": (OrderFilter(status="pending"), lambda row: row["status"] == "pending"),
    "success": (OrderFilter(status="success"), lambda row: row["status"] == "success"),
    "met": (OrderFilter(requirements_met=True), lambda row: row["requirements_met"] is True),
    "one number": (
        OrderFilter(phone_numbers_count=1),
        lambda row: row["phone_numbers_count"] == 1,
    ),
}

PATIENT = RetryPolicy(max_attempts=15, backoff_base=0.001, backoff_cap=0.01)
COUNTED_FROM = 8
"""From how many pages on the requests a page are counted: any listing may cost 20 requests."""


@frozen(kw_only=True)
class World:
    """What is fetched, and what happens meanwhile."""

    seed: int = 0
    orders: int
    page_size: int
    drift: Drift | None
    order_by: ListingOrder = ListingOrder.NEWEST_FIRST
    latency: tuple[float, float] = (0.0, 0.003)
    fault_rate: float = 0.0
    filter: str = "all"
    concurrency: int = 8
    way: str = "collect"

    @classmethod
    def of(cls, seed: int) -> "World":
        """Draw the world of a seed."""
        draw = Random(f"soak/{seed}")
        page_size = draw.choice([250, 250, 50, 50, 20, 7, 3])
        pages = draw.choice([0, 2, 10, 20, 40, 40, 80, 80])
        drift = CHANGES[change_of(seed)]
        every = draw.choice([1, 1, 2, 3, 5, 10])
        return cls(
            seed=seed,
            orders=draw.randint(page_size * pages // 2, page_size * pages),
            page_size=page_size,
            drift=drift and evolve(drift, every=every),
            order_by=draw.choice(list(ListingOrder)),
            latency=draw.choice([(0.0, 0.0), (0.0, 0.003), (0.001, 0.02)]),
            fault_rate=draw.choice([0.0, 0.0, 0.05, 0.2]),
            filter=draw.choice(["all", "all", *FILTERS]),
            concurrency=draw.choice([1, 4, 8, 20]),
            way=draw.choice(["collect", "iterate", "pages"]),
        )


def change_of(seed: int) -> str:
    """Name the kind of change of a seed's world."""
    return list(CHANGES)[seed % len(CHANGES)]


@frozen
class Outcome:
    """What a fetch of a world came to.

    Attributes:
        world: What was fetched.
        proof: What proved it complete.
        reason: Why it gave up.
        doubled: How many orders came twice.
        missed: How many did not come that matched from the start to the end.
        invented: How many came that never were.
        misplaced: How many of those that were there at the start came in another order than that
            of the listing; only of a list, as a stream has late finds last.
        requests: How many requests it took, without those that were sent again.
        pages: How many pages there were at the start.
    """

    world: World
    proof: str | None
    reason: str | None
    doubled: int
    missed: int
    invented: int
    misplaced: int
    requests: int
    pages: int

    @property
    def requests_a_page(self) -> float:
        return self.requests / self.pages

    @property
    def is_right(self) -> bool:
        """Whether it gave everything once, in order, or said that it did not."""
        if self.proof is None:
            return self.reason is not None and not (self.doubled or self.invented)
        return not (self.doubled or self.missed or self.invented or self.misplaced)


async def run(world: World) -> Outcome:
    """Fetch a world and compare what came with what was there all the time."""
    faults = None
    if world.fault_rate:
        kinds = [fault for fault in READING_FAULTS if fault is not Fault.SILENCE]
        script = [None, None, Fault.SILENCE]
        faults = Faults(rate=world.fault_rate, kinds=kinds, script=script, slow_interval=0.001)
    async with Sandbox(
        world.orders,
        world.seed,
        order_by=world.order_by,
        latency=world.latency,
        faults=faults,
        drift=world.drift,
    ) as sandbox:
        chosen, matches = FILTERS[world.filter]
        before = {row["id"] for row in sandbox.rows() if matches(row)}
        everything = set(sandbox.order_ids())
        async with OrdersClient(
            sandbox.api_key,
            base_url=sandbox.base_url,
            concurrency=world.concurrency,
            retry=PATIENT,
            timeout=0.5,
        ) as client:
            pager = client.number_orders.list(filter=chosen, page_size=world.page_size)
            ids, reason = await _fetch(pager, world.way)
        after = {row["id"] for row in sandbox.rows() if matches(row)}
        listing = {one: place for place, one in enumerate(sandbox.order_ids())}
        report = pager.report
        assert report is not None
        places = [listing[one] for one in ids if one in listing and one in before]
        everything.update(sandbox.counters.inserted)
        return Outcome(
            world=world,
            proof=report.proof,
            reason=reason,
            doubled=len(ids) - len(set(ids)),
            missed=len((before & after & sandbox.survivors()) - set(ids)),
            invented=len(set(ids) - everything),
            misplaced=_misplaced(places) if world.way == "collect" else 0,
            requests=report.requests - report.retries,
            pages=max(1, math.ceil((report.total_first or 0) / world.page_size)),
        )


async def _fetch(pager: Pager[NumberOrder], way: str) -> tuple[list[str], str | None]:
    ids: list[str] = []
    try:
        if way == "collect":
            ids = [one.id for one in await pager.collect()]
        elif way == "iterate":
            async for one in pager:
                ids.append(one.id)
        else:
            async for page in pager.pages():
                ids += [one.id for one in page.data]
    except IncompleteFetchError as error:
        return ids + [one.id for one in error.orders], error.reason
    return ids, None


def _misplaced(places: Sequence[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(places))


def _large(page_size: int, drift: Drift | None) -> World:
    return World(orders=20_000, page_size=page_size, drift=drift)


TARGETS: Mapping[str, tuple[World, float]] = {
    "250 a page, quiet": (_large(250, None), 1.0),
    "250 a page, at every 3rd request one in": (_large(250, Drift(every=3, insert=1)), 1.3),
    "250 a page, at every 3rd request one out": (_large(250, Drift(every=3, remove=1)), 1.3),
    "250 a page, at every 3rd request one in and one out": (
        _large(250, Drift(every=3, insert=1, remove=1)),
        2.1,
    ),
    "250 a page, at every request one in and one out": (
        _large(250, Drift(insert=1, remove=1)),
        2.5,
    ),
    "50 a page, at every request one in and one out": (
        _large(50, Drift(insert=1, remove=1)),
        2.5,
    ),
}
"""Fetches of 20,000 orders, and how many requests a page each may cost."""


async def soak(seeds: Iterable[int]) -> list[Outcome]:
    """Fetch the worlds of these seeds, one after the other."""
    outcomes: list[Outcome] = []
    for seed in seeds:
        outcomes.append(await run(World.of(seed)))
        if sys.stderr.isatty():
            print(f"\r{len(outcomes)} worlds", end="", file=sys.stderr, flush=True)
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """Draw the table: a line for each kind of change, and one for all."""
    lines = [
        "| change | fetches | doubled | missed | misplaced | gave up | count | chain "
        "| requests a page: median | worst |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for change in CHANGES:
        some = [one for one in outcomes if change_of(one.world.seed) == change]
        lines.append(_line(change, some))
    return "\n".join([*lines, _line("all", outcomes)])


def _line(name: str, outcomes: Sequence[Outcome]) -> str:
    proofs = Counter(one.proof for one in outcomes)
    wrong = [
        sum(getattr(one, field) for one in outcomes if one.proof)
        for field in ("doubled", "missed", "misplaced")
    ]
    cost = [one.requests_a_page for one in outcomes if one.pages >= COUNTED_FROM] or [math.nan]
    cells = [name, len(outcomes), *wrong, proofs[None], proofs["count"], proofs["chain"]]
    cells += [f"{statistics.median(cost):.2f}", f"{max(cost):.2f}"]
    return f"| {' | '.join(map(str, cells))} |"


def complaints(outcomes: Sequence[Outcome]) -> list[str]:
    """Say what was wrong, by world."""
    wrong = [one for one in outcomes if not one.is_right or one.proof is None]
    dear = [one for one in outcomes if one.pages >= COUNTED_FROM and one.requests_a_page > 2.5]
    return [str(one) for one in [*wrong, *dear]]


async def targets() -> tuple[str, list[str]]:
    """Fetch 20,000 orders in several ways; gives a table, and what was over its target."""
    lines = ["| 20,000 orders | proof | requests a page | at most |", "|---|---|---|---|"]
    missed: list[str] = []
    for name, (world, most) in TARGETS.items():
        outcome = await run(world)
        cost = outcome.requests_a_page
        lines.append(f"| {name} | {outcome.proof} | {cost:.2f} | {most:g} |")
        if not outcome.is_right or outcome.proof is None or cost > most:
            missed.append(f"{name}: {outcome}")
    return "\n".join(lines), missed


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    outcomes = await soak(range(given.first, given.first + given.seeds))
    print(table(outcomes), end="\n\n")
    drawn, missed = await targets()
    print(drawn)
    wrong = complaints(outcomes) + missed
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
