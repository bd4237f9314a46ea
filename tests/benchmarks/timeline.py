"""A fetch on a time line: when each of its requests was under way, in real runs."""

import asyncio
import time
from collections.abc import Sequence

from attrs import frozen

from telnyx_orders import OrdersClient
from telnyx_orders.events import Event, RequestEnded
from telnyx_orders.sandbox import RateLimit, Sandbox
from tests.benchmarks.chart import Lanes, Span, lanes
from tests.benchmarks.outcome import Outcome, Settings

ORDERS = 10_000
LATENCY = (0.06, 0.14)
LIMIT = RateLimit(24, window=1.0)


@frozen
class Kind:
    """How an account is fetched: how many pages at a time, and under which limit."""

    name: str
    at_once: int
    limit: RateLimit | None = None


KINDS = (
    Kind("one page at a time", 1),
    Kind("8 at a time, the default", 8),
    Kind("20 at a time", 20),
    Kind("20 at a time, where 24 requests a second are allowed", 20, LIMIT),
)


def run(settings: Settings) -> Outcome:
    """Fetch in each way once, and draw it."""
    drawn = [Lanes(kind.name, asyncio.run(_fetch(kind))) for kind in KINDS]
    took = {one.name: max(span.end for span in one.spans) for one in drawn}
    picture = lanes(f"{ORDERS:,} orders, {ORDERS // 250} pages: each bar is a request", drawn)
    text = "Each bar is a request, from when it is sent to the end of its answer.\n"
    return Outcome(text, took, charts={"timeline.svg": picture})


async def _fetch(kind: Kind) -> Sequence[Span]:
    spans: list[Span] = []

    def observer(event: Event) -> None:
        if isinstance(event, RequestEnded):
            end = time.perf_counter() - begun
            spans.append(Span(end - event.seconds, end))

    async with (
        Sandbox(ORDERS, latency=LATENCY, rate_limit=kind.limit) as sandbox,
        OrdersClient(
            sandbox.api_key,
            base_url=sandbox.base_url,
            concurrency=kind.at_once,
            observer=observer,
        ) as client,
    ):
        begun = time.perf_counter()
        await client.number_orders.list().collect()
    return spans
