"""Spans and metrics, as the OpenTelemetry SDK exports them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from attrs import define
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from telnyx_orders import IncompleteFetchError, NotFoundError, RetryPolicy
from telnyx_orders.events import Event
from telnyx_orders.otel import OpenTelemetryObserver
from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox
from tests.conftest import FakeTime, MakeClient

ID = "12ade33a-21c0-473b-b055-b3c836e1c292"


@define
class Telemetry:
    """An observer, and what it has exported."""

    tracers: TracerProvider
    spans_kept: InMemorySpanExporter
    metrics_kept: InMemoryMetricReader
    observer: OpenTelemetryObserver

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.spans_kept.get_finished_spans()

    def points(self, name: str) -> list[Any]:
        """The data points of a metric."""
        data = self.metrics_kept.get_metrics_data()
        assert data is not None
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    tracers, spans = TracerProvider(), InMemorySpanExporter()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    reader = InMemoryMetricReader()
    meters = MeterProvider(metric_readers=[reader])
    yield Telemetry(tracers, spans, reader, OpenTelemetryObserver(tracers, meters))
    tracers.shutdown()
    meters.shutdown()


def _attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


async def test_a_request(sandbox: Sandbox, make_client: MakeClient, telemetry: Telemetry) -> None:
    await make_client(observer=telemetry.observer).number_orders.list(page_size=20)
    [span] = telemetry.spans
    assert (span.name, span.kind) == ("GET /number_orders", SpanKind.CLIENT)
    attributes = _attributes(span)
    assert attributes.pop("telnyx.request_id")
    port = int(sandbox.base_url.split(":")[2].split("/")[0])
    assert attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"{sandbox.base_url}/number_orders?page%5Bsize%5D=20",
        "url.scheme": "http",
        "url.template": "/number_orders",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "telnyx_orders"
    [point] = telemetry.points("http.client.request.duration")
    assert point.count == 1
    assert "url.full" not in point.attributes
    assert point.explicit_bounds[0] == 0.005


async def test_a_path_with_an_id(make_client: MakeClient, telemetry: Telemetry) -> None:
    with pytest.raises(NotFoundError):
        await make_client(observer=telemetry.observer).number_orders.retrieve(ID)
    [span] = telemetry.spans
    assert span.name == "GET /number_orders/{id}"
    assert _attributes(span)["error.type"] == "404"
    assert span.status.status_code is StatusCode.ERROR
    [point] = telemetry.points("http.client.request.duration")
    assert ID not in str(point.attributes)


async def test_attempts_apart_from_backoff(
    sandbox: Sandbox, make_client: MakeClient, telemetry: Telemetry
) -> None:
    sandbox.faults = Faults(script=(Fault.INTERNAL_ERROR, Fault.TOO_MANY_REQUESTS))
    await make_client(observer=telemetry.observer).number_orders.list()
    resends = [_attributes(span).get("http.request.resend_count") for span in telemetry.spans]
    assert resends == [None, 1, 2]
    assert [_attributes(span).get("error.type") for span in telemetry.spans] == ["500", "429", None]
    waits = {
        point.attributes["error.type"]: point.sum
        for point in telemetry.points("telnyx_orders.retry.wait")
    }
    assert waits == {"InternalServerError": 0.5}
    [held] = telemetry.points("telnyx_orders.rate_limit.wait")
    assert held.sum > 0
    for earlier, later in zip(telemetry.spans, telemetry.spans[1:], strict=False):
        assert earlier.end_time is not None
        assert later.start_time is not None
        assert earlier.end_time <= later.start_time


async def test_no_answer(sandbox: Sandbox, make_client: MakeClient, telemetry: Telemetry) -> None:
    sandbox.faults = Faults(script=(Fault.RESET,))
    await make_client(observer=telemetry.observer).number_orders.list()
    failed, _ = telemetry.spans
    assert "http.response.status_code" not in _attributes(failed)
    assert _attributes(failed)["error.type"] in ("ClientOSError", "ServerDisconnectedError")
    assert failed.status.status_code is StatusCode.ERROR


async def test_a_fetch_is_the_parent_of_its_requests(
    make_client: MakeClient, telemetry: Telemetry
) -> None:
    client = make_client(observer=telemetry.observer)
    tracer = telemetry.tracers.get_tracer("the application")
    with tracer.start_as_current_span("nightly job") as job:
        await client.number_orders.list().collect()
        await client.number_orders.list()
    *pages, fetch, single, outer = telemetry.spans
    assert fetch.name == "fetch /number_orders"
    assert fetch.context is not None
    assert [page.parent and page.parent.span_id for page in pages] == [fetch.context.span_id] * 4
    for child in (fetch, single):
        assert child.parent is not None
        assert child.parent.span_id == job.get_span_context().span_id
    assert outer.name == "nightly job"
    attributes = _attributes(fetch)
    assert attributes["telnyx_orders.proof"] == "count"
    assert attributes["telnyx_orders.orders"] == 1000
    assert attributes["telnyx_orders.pages"] == 4
    assert attributes["telnyx_orders.duplicates"] == 0
    [pages_read] = telemetry.points("telnyx_orders.pages")
    [rows] = telemetry.points("telnyx_orders.rows")
    assert (pages_read.value, rows.value) == (4, 1000)
    [duration] = telemetry.points("telnyx_orders.fetch.duration")
    assert duration.attributes == {
        "url.template": "/number_orders",
        "telnyx_orders.proof": "count",
    }


async def test_a_fetch_that_fails(
    sandbox: Sandbox, make_client: MakeClient, telemetry: Telemetry
) -> None:
    client = make_client(
        observer=telemetry.observer, retry=RetryPolicy(max_attempts=1), concurrency=1
    )
    sandbox.faults = Faults(script=(None, Fault.UNAVAILABLE))
    with pytest.raises(IncompleteFetchError):
        await client.number_orders.list().collect()
    fetch = telemetry.spans[-1]
    assert fetch.status.status_code is StatusCode.ERROR
    assert _attributes(fetch)["error.type"] == "IncompleteFetchError"
    assert _attributes(fetch)["telnyx_orders.proof"] == "none"


async def test_what_is_given_up_is_no_error(make_client: MakeClient, telemetry: Telemetry) -> None:
    """A fetch that is left early cancels its requests in flight, and nothing has failed."""
    async with Sandbox(orders=1000, latency=0.05) as sandbox:
        client = make_client(base_url=sandbox.base_url, observer=telemetry.observer)
        async with aclosing(aiter(client.number_orders.list(page_size=20))) as orders:
            await anext(orders)
    cancelled = [one for one in telemetry.spans if "telnyx_orders.cancelled" in _attributes(one)]
    assert cancelled
    for span in telemetry.spans:
        assert span.status.status_code is StatusCode.UNSET
        assert "error.type" not in _attributes(span)
    points = telemetry.points("http.client.request.duration")
    assert all("error.type" not in point.attributes for point in points)
    given_up = [point.count for point in points if "telnyx_orders.cancelled" in point.attributes]
    assert given_up == [len(cancelled)]


async def test_two_observers_end_their_own_spans(
    make_client: MakeClient, telemetry: Telemetry
) -> None:
    other = OpenTelemetryObserver(telemetry.tracers)

    def both(event: Event) -> None:
        telemetry.observer(event)
        other(event)

    await make_client(observer=both).number_orders.list().collect()
    fetches = [span for span in telemetry.spans if span.name == "fetch /number_orders"]
    assert len(fetches) == 2
    assert all(_attributes(span)["telnyx_orders.orders"] == 1000 for span in fetches)


async def test_a_span_that_is_not_the_observers_is_left_alone(
    make_client: MakeClient, telemetry: Telemetry
) -> None:
    """Also where its own could not be started, as when a processor of spans fails."""

    class Failing(SpanProcessor):
        def on_start(self, span: Span, parent_context: Context | None = None) -> None:
            if span.name.startswith("fetch"):
                raise RuntimeError("out of order")

    telemetry.tracers.add_span_processor(Failing())
    tracer = telemetry.tracers.get_tracer("the application")
    with tracer.start_as_current_span("nightly job") as job:
        await make_client(observer=telemetry.observer).number_orders.list().collect()
        assert job.is_recording()
    outer = telemetry.spans[-1]
    assert (outer.name, _attributes(outer)) == ("nightly job", {})


async def test_a_wait_for_the_rate_limit(
    make_client: MakeClient, fake_time: FakeTime, telemetry: Telemetry
) -> None:
    async with Sandbox(
        orders=1000, rate_limit=RateLimit(requests=4, window=10.0), clock=lambda: fake_time.now
    ) as sandbox:
        client = make_client(base_url=sandbox.base_url, observer=telemetry.observer)
        pager = client.number_orders.list(page_size=100)
        await pager.collect()
    assert pager.report is not None
    [point] = telemetry.points("telnyx_orders.rate_limit.wait")
    assert point.sum == pytest.approx(pager.report.rate_limit_seconds)


async def test_the_key_is_in_no_span(
    sandbox: Sandbox, make_client: MakeClient, telemetry: Telemetry
) -> None:
    await make_client(observer=telemetry.observer).number_orders.list().collect()
    assert telemetry.spans
    assert all(sandbox.api_key not in span.to_json() for span in telemetry.spans)


def test_nothing_is_imported_unless_it_is_asked_for() -> None:
    program = (
        "import sys; from telnyx_orders import OrdersClient; OrdersClient('key');"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_the_extra() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None
from telnyx_orders import ConfigurationError
try:
    import telnyx_orders.otel
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert "pip install 'telnyx-orders[otel]'" in done.stdout
