"""What an observer is told of: each event, once, in the context of its fetch."""

import asyncio
from collections import Counter
from contextvars import ContextVar
from typing import Any

import pytest

from telnyx_orders import (
    APIConnectionError,
    ConfigurationError,
    IncompleteFetchError,
    InternalServerError,
    NotFoundError,
    RetryPolicy,
)
from telnyx_orders.events import (
    Event,
    FetchEnded,
    FetchStarted,
    PageRead,
    RateLimitWaited,
    RequestEnded,
    RetryPlanned,
)
from telnyx_orders.sandbox import Drift, Fault, Faults, RateLimit, Sandbox
from tests.conftest import FakeTime, MakeClient, until


class Told(list[Event]):
    """An observer that keeps what it is told."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]


async def test_a_single_page(sandbox: Sandbox, make_client: MakeClient) -> None:
    told = Told()
    await make_client(observer=told).number_orders.list(page_size=20)
    [event] = told
    assert isinstance(event, RequestEnded)
    assert (event.method, event.path) == ("GET", "/number_orders")
    assert event.url == f"{sandbox.base_url}/number_orders?page%5Bsize%5D=20"
    assert (event.attempt, event.status, event.error) == (1, 200, None)
    assert event.seconds >= 0
    assert event.request_id


async def test_a_fetch_of_all_pages(make_client: MakeClient) -> None:
    told = Told()
    pager = make_client(observer=told).number_orders.list(page_size=100)
    await pager.collect()
    assert told[0] == FetchStarted(path="/number_orders")
    assert [event.status for event in told.of(RequestEnded)] == [200] * 10
    pages = told.of(PageRead)
    assert sorted(page.number for page in pages) == list(range(1, 11))
    assert pages[0] == PageRead(
        path="/number_orders",
        number=1,
        size=100,
        rows=100,
        new_rows=100,
        total_pages=10,
        total_results=1000,
    )
    end = told[-1]
    assert isinstance(end, FetchEnded)
    assert end.report == pager.report
    assert (end.path, end.error, end.report.proof) == ("/number_orders", None, "count")
    assert len(told) == 1 + 10 + 10 + 1


async def test_rows_that_came_before(sandbox: Sandbox, make_client: MakeClient) -> None:
    told = Told()
    sandbox.drift = Drift(insert=1, every=1)
    pager = make_client(observer=told).number_orders.list(page_size=100)
    orders = await pager.collect()
    pages = told.of(PageRead)
    assert sum(page.new_rows for page in pages) == len(orders)
    assert pager.report is not None
    assert sum(page.rows - page.new_rows for page in pages) == pager.report.duplicates > 0


async def test_a_retry(sandbox: Sandbox, make_client: MakeClient) -> None:
    told = Told()
    sandbox.faults = Faults(script=(Fault.RESET, Fault.INTERNAL_ERROR))
    await make_client(observer=told).number_orders.list()
    ends, retries = told.of(RequestEnded), told.of(RetryPlanned)
    assert [(end.attempt, end.status) for end in ends] == [(1, None), (2, 500), (3, 200)]
    assert ends[0].error in ("ClientOSError", "ServerDisconnectedError")
    assert (ends[1].error, ends[2].error) == (None, None)
    assert [type(retry.error) for retry in retries] == [APIConnectionError, InternalServerError]
    assert [(retry.attempt, retry.wait) for retry in retries] == [(1, 0.5), (2, 1.0)]
    assert [type(event) for event in told] == [
        *(RequestEnded, RetryPlanned),
        *(RequestEnded, RetryPlanned),
        RequestEnded,
    ]


async def test_what_is_not_tried_again(make_client: MakeClient) -> None:
    told = Told()
    with pytest.raises(NotFoundError):
        await make_client(observer=told).number_orders.retrieve(
            "12ade33a-21c0-473b-b055-b3c836e1c292"
        )
    [event] = told
    assert isinstance(event, RequestEnded)
    assert event.path == "/number_orders/12ade33a-21c0-473b-b055-b3c836e1c292"
    assert event.status == 404


async def test_a_wait_for_the_rate_limit(make_client: MakeClient, fake_time: FakeTime) -> None:
    told = Told()
    async with Sandbox(
        orders=1000, rate_limit=RateLimit(requests=4, window=10.0), clock=lambda: fake_time.now
    ) as sandbox:
        client = make_client(base_url=sandbox.base_url, observer=told)
        pager = client.number_orders.list(page_size=100)
        await pager.collect()
    assert pager.report is not None
    waits = told.of(RateLimitWaited)
    assert sum(wait.seconds for wait in waits) == pytest.approx(pager.report.rate_limit_seconds)
    assert len(waits) > 1
    assert all(wait.path == "/number_orders" for wait in waits)


async def test_a_request_that_is_given_up(sandbox: Sandbox, make_client: MakeClient) -> None:
    told = Told()
    sandbox.latency = 60.0
    client = make_client(observer=told)
    task = asyncio.ensure_future(client.number_orders.list())
    await until(lambda: sandbox.counters.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [event] = told
    assert isinstance(event, RequestEnded)
    assert (event.status, event.error) == (None, "CancelledError")


async def test_a_fetch_that_fails(sandbox: Sandbox, make_client: MakeClient) -> None:
    told = Told()
    client = make_client(observer=told, retry=RetryPolicy(max_attempts=1), concurrency=1)
    sandbox.faults = Faults(script=(None, Fault.INTERNAL_ERROR))
    with pytest.raises(IncompleteFetchError) as caught:
        await client.number_orders.list(page_size=100).collect()
    end = told[-1]
    assert isinstance(end, FetchEnded)
    assert isinstance(end.error, IncompleteFetchError)
    assert end.report == caught.value.report
    sandbox.faults = Faults(script=(Fault.INTERNAL_ERROR,))
    with pytest.raises(InternalServerError) as first:
        await client.number_orders.list().collect()
    assert isinstance(told[-1], FetchEnded)
    assert told[-1].error is first.value


async def test_a_fetch_that_is_left(make_client: MakeClient) -> None:
    told = Told()
    async for _ in (rows := aiter(make_client(observer=told).number_orders.list())):
        break
    await rows.aclose()  # type: ignore[attr-defined]
    end = told[-1]
    assert isinstance(end, FetchEnded)
    assert (end.error, end.report.proof) == (None, None)


async def test_the_context_of_a_fetch(make_client: MakeClient) -> None:
    """What an observer sets when a fetch begins holds for that fetch and for nothing else."""
    mine: ContextVar[str] = ContextVar("mine")
    mine.set("the caller's")
    started: list[str] = []
    seen: list[tuple[str, str]] = []

    def observer(event: Event) -> None:
        if isinstance(event, FetchStarted):
            started.append(mine.get())
            mine.set(f"fetch {len(started)}")
        seen.append((type(event).__name__, mine.get()))

    client = make_client(observer=observer)
    listing = client.number_orders.list(page_size=250)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listing.collect())
        tasks.create_task(client.number_orders.list(page_size=250).collect())
    assert mine.get() == "the caller's"
    assert started == ["the caller's"] * 2
    await client.number_orders.list()
    assert seen.pop() == ("RequestEnded", "the caller's")
    for fetch in ("fetch 1", "fetch 2"):
        names = Counter(name for name, value in seen if value == fetch)
        del names["RateLimitWaited"]
        assert names == {"FetchStarted": 1, "RequestEnded": 4, "PageRead": 4, "FetchEnded": 1}


async def test_an_observer_that_fails(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    def observer(event: Event) -> None:
        raise ZeroDivisionError("of the observer")

    client = make_client(observer=observer)
    assert len(await client.number_orders.list().collect()) == 1000
    assert "the observer failed on FetchEnded" in caplog.text
    assert "of the observer" in caplog.text


async def _coroutine(event: Event) -> None: ...


class _Coroutine:
    async def __call__(self, event: Event) -> None: ...


@pytest.mark.parametrize(
    ("observer", "message"),
    [
        ("loud", "expected a callable, got 'loud'"),
        (_coroutine, "nothing would await it"),
        (_Coroutine(), "nothing would await it"),
    ],
)
async def test_what_cannot_observe(observer: object, message: str, make_client: MakeClient) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make_client(observer=observer)
