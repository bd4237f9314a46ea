"""What a page of 250 orders costs, part by part, without a server in the way."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

import aiohttp
import attrs
import msgspec

from telnyx_orders import NumberOrder, Page, PageMeta, make_converter
from telnyx_orders.acyclic import AcyclicRows
from telnyx_orders.completeness import Completeness
from telnyx_orders.decoding import BodyDecoder
from telnyx_orders.fast_decoding import FastDecoder
from tests.benchmarks import child
from tests.benchmarks.outcome import Outcome, Settings, median
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, PAGE_SIZE, serving
from tests.benchmarks.table import rounds, seconds, table

PAGES = 200
PAST = 1_900_000_000.0
"""A moment after all orders of the sandbox, so that the proof can count them."""

PARTS = (
    "msgspec alone, into the attrs classes",
    "the fast path: the same, and whether it is what cattrs would give",
    "orjson and cattrs, as for a converter of the user's own",
    "orders off the garbage collector's list",
    "the proof that nothing is missing or double",
)


def run(settings: Settings) -> Outcome:
    """Measure the parts in a process of their own, again and again."""
    taken: dict[str, list[float]] = {part: [] for part in PARTS}
    with serving(PAGE_SIZE) as server:
        for number in range(settings.rounds):
            tell(f"parts {number + 1}/{settings.rounds}")
            measured: Sequence[float] = child.call("parts", url=server.url)
            for part, figure in zip(PARTS, measured, strict=True):
                taken[part].append(figure)
    text = (
        f"CPU of a page of {PAGE_SIZE} orders; means of {PAGES} pages that are all held, "
        f"{rounds(settings.rounds)}.\n\n"
        + table(["", "a page"], [(part, seconds(median(each))) for part, each in taken.items()])
    )
    return Outcome(text, taken)


async def _body(url: str) -> bytes:
    parameters = {"page[size]": str(PAGE_SIZE)}
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{url}/number_orders", params=parameters) as response:
            return await response.read()


def costs(url: str) -> list[float]:
    """Be the process that measures: give the seconds of CPU of each part, for one page."""
    body = asyncio.run(_body(url))
    wanted = Page[NumberOrder]
    bare = msgspec.json.Decoder(wanted)
    fast, plain = FastDecoder(), BodyDecoder(make_converter())
    # First those that hold the least, as the garbage collector looks through what is held.
    proof = _mean(_proof(bare.decode(body)))
    decoding = [
        _mean([partial(bare.decode, body)] * PAGES),
        _mean([partial(fast.decode, body, wanted)] * PAGES),
        _mean([partial(plain.decode, body, wanted)] * PAGES),
    ]
    untrack = AcyclicRows().untrack
    decoded = [bare.decode(body) for _ in range(PAGES)]
    return [*decoding, _mean([partial(untrack, page.data) for page in decoded]), proof]


def _proof(page: Page[NumberOrder]) -> list[Callable[[], object]]:
    """Prepare the reading of pages of different orders by the proof, as a fetch does it."""
    course = Completeness(PAGE_SIZE, PAGE_SIZE)
    steps: list[Callable[[], object]] = []
    for number in range(1, PAGES + 1):
        # The number in place of the first digits gives each page orders of its own.
        rows = [attrs.evolve(row, id=f"{number:08x}{row.id[8:]}") for row in page.data]
        meta = PageMeta(
            page_number=number,
            page_size=PAGE_SIZE,
            total_pages=PAGES,
            total_results=PAGES * PAGE_SIZE,
        )
        steps.append(partial(_read, course, rows, meta))
    return steps


def _read(course: Completeness, rows: list[NumberOrder], meta: PageMeta) -> None:
    request = course.next()
    assert request is not None
    course.read(request, rows, meta, PAST)


def _mean(steps: list[Callable[[], object]]) -> float:
    held: list[object] = []
    begun = time.process_time()
    for step in steps:
        held.append(step())  # as a fetch does, so that the garbage collector has its work
    return (time.process_time() - begun) / len(steps)


if __name__ == "__main__":
    child.answer(costs)
