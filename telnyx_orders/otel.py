"""Spans and metrics of OpenTelemetry for what a client does. Needs the extra `otel`.

    async with OrdersClient(observer=OpenTelemetryObserver()) as client:
        ...

The names are those of OpenTelemetry's semantic conventions for HTTP clients where they have one
(https://opentelemetry.io/docs/specs/semconv/http/). Each attempt of a request is a span of its own,
so that the time on the wire is told apart from the waits between: what backoff and the rate limit
take is measured by histograms. A fetch of all pages is a span around those of its pages.
"""

import time
from contextvars import ContextVar
from typing import Final

import yarl

from telnyx_orders.errors import ConfigurationError, RateLimitError
from telnyx_orders.events import (
    Event,
    FetchEnded,
    FetchStarted,
    PageRead,
    RateLimitWaited,
    RequestEnded,
    RetryPlanned,
)
from telnyx_orders.version import __version__

try:
    from opentelemetry import context, trace
    from opentelemetry.metrics import Histogram, Meter, MeterProvider, get_meter
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
except ModuleNotFoundError as _missing:
    raise ConfigurationError(
        "telnyx_orders.otel needs opentelemetry-api; "
        "install it with: pip install 'telnyx-orders[otel]'"
    ) from _missing

__all__ = ["OpenTelemetryObserver"]

_SCOPE: Final = "telnyx_orders"

# The bounds that the conventions advise for how long requests take.
# fmt: off
_REQUEST_SECONDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0
)
# fmt: on
_WAIT_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_FETCH_SECONDS: Final = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

Attributes = dict[str, str | int | bool]


class OpenTelemetryObserver:
    """An observer that turns the events of clients into spans and metrics.

    One serves any number of clients.

    Spans:
        `GET /number_orders` and so on: an attempt of a request, of kind client, with
        `http.request.method`, `url.full`, `url.template`, `server.address`, `server.port`,
        `http.response.status_code`, `error.type`, from the second attempt on
        `http.request.resend_count`, and `telnyx.request_id`, by which the vendor's support finds
        it. One that was given up, as those in flight are when a fetch is left early, is no error:
        it has `telnyx_orders.cancelled` instead.
        `fetch /number_orders`: a fetch of all pages, with `telnyx_orders.proof` (`count`, `chain`
        or `none`), `telnyx_orders.orders`, `telnyx_orders.pages` and `telnyx_orders.duplicates`.

    Metrics:
        `http.client.request.duration`: seconds of each attempt.
        `telnyx_orders.retry.wait`: seconds of each wait between two attempts, but for those after
        a 429.
        `telnyx_orders.rate_limit.wait`: seconds that the rate limit held a request, also after a
        429.
        `telnyx_orders.pages`, `telnyx_orders.rows`: pages and rows that fetches read, as counters.
        `telnyx_orders.fetch.duration`: seconds of each fetch, by its proof.

    Args:
        tracer_provider: Where spans go; the global one if left out.
        meter_provider: Where metrics go; the global one if left out.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        # Of the fetch whose context it is. The current span may be another's: the application's, or
        # a second observer's.
        self._fetch: ContextVar[Span | None] = ContextVar("fetch", default=None)
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
        meter = get_meter(_SCOPE, __version__, meter_provider)
        self._requests = _seconds(
            meter,
            "http.client.request.duration",
            "Duration of HTTP client requests.",
            _REQUEST_SECONDS,
        )
        self._retries = _seconds(
            meter,
            "telnyx_orders.retry.wait",
            "Waits before a request is sent again.",
            _WAIT_SECONDS,
        )
        self._held = _seconds(
            meter,
            "telnyx_orders.rate_limit.wait",
            "How long the rate limit held requests.",
            _WAIT_SECONDS,
        )
        self._fetches = _seconds(
            meter,
            "telnyx_orders.fetch.duration",
            "Duration of fetches of all pages.",
            _FETCH_SECONDS,
        )
        self._pages = meter.create_counter(
            "telnyx_orders.pages", "{page}", "Pages read by fetches."
        )
        self._rows = meter.create_counter("telnyx_orders.rows", "{row}", "Rows read by fetches.")

    def __call__(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case RequestEnded():
                self._request_ended(event)
            case RetryPlanned(error=RateLimitError()):
                pass  # the rate limit holds the next attempt, which is measured as that
            case RetryPlanned():
                self._retries.record(
                    event.wait, {**_call(event), "error.type": type(event.error).__name__}
                )
            case RateLimitWaited():
                self._held.record(event.seconds, _call(event))
            case FetchStarted():
                self._fetch.set(None)  # of a fetch that this one was begun in
                span = self._tracer.start_span(f"fetch {event.path}")
                # The context is the fetch's own, and ends with it: nothing is there to detach.
                self._fetch.set(span)
                context.attach(trace.set_span_in_context(span))
            case PageRead():
                listing: Attributes = {"url.template": event.path}
                self._pages.add(1, listing)
                self._rows.add(event.rows, listing)
            case FetchEnded():
                self._fetch_ended(event)

    def _request_ended(self, event: RequestEnded) -> None:
        ended = time.time_ns()
        url = yarl.URL(event.url, encoded=True)
        attributes: Attributes = {**_call(event), "url.scheme": url.scheme}
        if url.host is not None:
            attributes["server.address"] = url.host
        if url.port is not None:
            attributes["server.port"] = url.port
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
        cancelled = event.error == "CancelledError"
        failed = event.error or (str(event.status) if (event.status or 0) >= 400 else None)
        if cancelled:
            # Nothing went wrong: whoever asked wanted no more.
            attributes["telnyx_orders.cancelled"] = True
        elif failed is not None:
            attributes["error.type"] = failed
        self._requests.record(event.seconds, attributes)
        details: Attributes = {"url.full": event.url}
        if event.attempt > 1:
            details["http.request.resend_count"] = event.attempt - 1
        if event.request_id is not None:
            details["telnyx.request_id"] = event.request_id
        span = self._tracer.start_span(
            f"{event.method} {_template(event.path)}",
            kind=SpanKind.CLIENT,
            attributes={**attributes, **details},
            start_time=ended - round(event.seconds * 1e9),
        )
        if failed is not None and not cancelled:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def _fetch_ended(self, event: FetchEnded) -> None:
        report = event.report
        attributes: Attributes = {
            "url.template": event.path,
            "telnyx_orders.proof": report.proof or "none",
        }
        if event.error is not None:
            attributes["error.type"] = type(event.error).__name__
        self._fetches.record(event.seconds, attributes)
        span = self._fetch.get()
        if span is None:
            return
        span.set_attributes(attributes)
        span.set_attributes(
            {
                "telnyx_orders.orders": report.orders,
                "telnyx_orders.pages": report.pages,
                "telnyx_orders.duplicates": report.duplicates,
            }
        )
        if event.error is not None:
            span.set_status(Status(StatusCode.ERROR, str(event.error)))
        span.end()


def _seconds(meter: Meter, name: str, description: str, bounds: tuple[float, ...]) -> Histogram:
    return meter.create_histogram(
        name, "s", description, explicit_bucket_boundaries_advisory=bounds
    )


def _call(event: RequestEnded | RetryPlanned | RateLimitWaited) -> Attributes:
    return {"http.request.method": event.method, "url.template": _template(event.path)}


def _template(path: str) -> str:
    """Give a path without the id that its second segment is: a metric of each would be too many."""
    segments = path.split("/")
    if len(segments) > 2:
        segments[2] = "{id}"
    return "/".join(segments)
