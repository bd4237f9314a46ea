"""What an observer costs: none, one that does nothing, and OpenTelemetry with its SDK."""

import asyncio
import time
from collections.abc import Callable

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telnyx_orders import OrdersClient
from telnyx_orders.events import Event, Observer
from telnyx_orders.otel import OpenTelemetryObserver
from tests.benchmarks import child
from tests.benchmarks.outcome import Outcome, Settings, Target, median, ratio
from tests.benchmarks.progress import tell
from tests.benchmarks.server import KEY, serving
from tests.benchmarks.table import rounds, seconds, table

NONE, NOTHING, OTEL = "no observer", "one that does nothing", "`OpenTelemetryObserver`"


def run(settings: Settings) -> Outcome:
    """Fetch an account with each, in turn."""
    taken: dict[str, list[float]] = {name: [] for name in OBSERVERS}
    with serving(settings.orders) as server:
        for number in range(settings.rounds):
            for name in OBSERVERS:
                tell(f"observer {number + 1}/{settings.rounds}: {name}")
                server.begin(0.0)
                told = {"url": server.url, "name": name, "at_once": settings.at_once}
                taken[name].append(child.call("observer", **told))
    each = {name: median(figures) for name, figures in taken.items()}
    text = (
        f"CPU of the client for {settings.orders:,} orders in {settings.orders // 250} pages, "
        f"{rounds(settings.rounds)}.\n\n"
        + table(
            ["", "CPU", "beside none"],
            [(name, seconds(cpu), f"{cpu / each[NONE]:.3f}x") for name, cpu in each.items()],
        )
    )
    nothing = ratio(taken[NOTHING], taken[NONE])
    return Outcome(text, taken, [Target("an observer that does nothing, CPU", nothing, 1.02)])


def _nothing(event: Event) -> None:
    pass


def _otel() -> Observer:
    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    meters = MeterProvider(metric_readers=[InMemoryMetricReader()])
    return OpenTelemetryObserver(tracers, meters)


OBSERVERS: dict[str, Callable[[], Observer | None]] = {
    NONE: lambda: None,
    NOTHING: lambda: _nothing,
    OTEL: _otel,
}


def cost(url: str, name: str, at_once: int) -> float:
    """Be the process that fetches twice, and tell what CPU the second time took."""

    async def fetch() -> float:
        observer = OBSERVERS[name]()
        async with OrdersClient(
            KEY, base_url=url, concurrency=at_once, observer=observer
        ) as client:
            listing = client.number_orders.list()
            await listing.collect()
            before = time.process_time()
            await listing.collect()
            return time.process_time() - before

    return asyncio.run(fetch())


if __name__ == "__main__":
    child.answer(cost)
