"""What a fetch of all pages says of itself, and what it leaves behind when it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from attrs import asdict

from telnyx_orders import (
    APITimeoutError,
    BadRequestError,
    FetchProgress,
    FetchReport,
    IncompleteFetchError,
    OrdersClient,
    Pager,
)
from telnyx_orders.sandbox import Drift, Fault, Faults, Sandbox
from tests.conftest import MakeClient, until
from tests.servers import KEY, asked_page, order, page, serve

Answer = Callable[[int, int], Awaitable[web.Response]]


async def _collect(pager: Pager[Any]) -> list[str]:
    return [one.id for one in await pager.collect()]


async def _iterate(pager: Pager[Any]) -> list[str]:
    return [one.id async for one in pager]


async def _pages(pager: Pager[Any]) -> list[str]:
    return [one.id async for page in pager.pages() for one in page.data]


every_way = pytest.mark.parametrize("use", [_collect, _iterate, _pages])


def _report(pager: Pager[Any]) -> FetchReport:
    assert pager.report is not None
    return pager.report


@every_way
async def test_a_quiet_account(
    use: Callable[[Pager[Any]], Awaitable[list[str]]], sandbox: Sandbox, client: OrdersClient
) -> None:
    """Nothing changes: as many requests as there are pages, and the count is the proof."""
    pager = client.number_orders.list(page_size=30)
    assert pager.report is None
    assert len(await use(pager)) == 1000
    assert asdict(_report(pager)) == {
        "proof": "count",
        "reason": None,
        "partial": False,
        "orders": 1000,
        "pages": 34,
        "requests": 34,
        "rereads": 0,
        "duplicates": 0,
        "total_first": 1000,
        "total_last": 1000,
        "retries": 0,
        "rate_limit_seconds": 0.0,
    }
    assert sandbox.counters.requests == 34


@every_way
async def test_an_account_that_changes(
    use: Callable[[Pager[Any]], Awaitable[list[str]]], sandbox: Sandbox, client: OrdersClient
) -> None:
    """Orders go meanwhile: the chain is the proof, and what it cost is told."""
    sandbox.drift = Drift(every=2, remove=1)
    pager = client.number_orders.list(page_size=50)
    ids = await use(pager)
    assert sandbox.survivors() <= set(ids)
    report = _report(pager)
    assert (report.proof, report.reason, report.partial) == ("chain", None, False)
    assert report.orders == len(ids) == len(set(ids))
    assert report.pages == report.requests == sandbox.counters.requests
    assert 20 < report.pages <= 50
    assert report.rereads >= 2
    assert report.duplicates > 0
    assert report.total_first == 1000
    assert report.total_last == 1000 - len(sandbox.counters.removed)


@every_way
async def test_a_start_past_the_first_page(
    use: Callable[[Pager[Any]], Awaitable[list[str]]], client: OrdersClient
) -> None:
    """A fetch that starts later is partial and proves nothing, and says so."""
    pager = client.number_orders.list(page_number=3, page_size=100)
    assert len(await use(pager)) == 800
    report = _report(pager)
    assert report.partial
    assert report.proof is None
    assert report.reason is not None
    assert "it began with page 3" in report.reason
    assert (report.pages, report.requests, report.orders) == (8, 8, 800)


@every_way
async def test_unverified(
    use: Callable[[Pager[Any]], Awaitable[list[str]]], sandbox: Sandbox, make_client: MakeClient
) -> None:
    """`verify=False` reads each page once and knows no order again, as it holds no ids."""
    sandbox.drift = Drift(insert=1)
    pager = make_client(concurrency=1).number_orders.list(page_size=100, verify=False)
    ids = await use(pager)
    assert len(ids) > len(set(ids))
    report = _report(pager)
    assert (report.proof, report.partial, report.duplicates) == (None, False, 0)
    assert report.reason is not None
    assert "verify=False" in report.reason
    assert report.orders == len(ids)
    assert report.pages == report.requests == 11


async def test_retries_and_waits_are_counted(sandbox: Sandbox, client: OrdersClient) -> None:
    """Requests that were sent again count as requests, and waits for the rate limit as seconds."""
    script = (None, Fault.TOO_MANY_REQUESTS, Fault.BAD_GATEWAY, Fault.TOO_MANY_REQUESTS)
    sandbox.faults = Faults(script=script, retry_after="7")
    pager = client.number_orders.list()
    assert len(await pager.collect()) == 1000
    report = _report(pager)
    assert (report.proof, report.pages, report.requests, report.retries) == ("count", 4, 7, 3)
    assert report.rate_limit_seconds >= 14


async def test_the_report_is_that_of_the_last_use(sandbox: Sandbox, client: OrdersClient) -> None:
    """Each use writes its own report; one that was left early says that it was."""
    pager = client.number_orders.list(page_size=100)
    await pager.collect()
    async for _ in pager.pages():
        break
    await until(lambda: _report(pager).orders == 100)
    report = _report(pager)
    assert report.proof is None
    assert report.reason == "the fetch was left before its end"


@asynccontextmanager
async def _serving(answer: Answer) -> AsyncIterator[str]:
    async def handler(request: web.Request) -> web.Response:
        return await answer(asked_page(request), int(request.query["page[size]"]))

    async with serve(handler) as url:
        yield url


def _numbered(begin: int, end: int, **meta: int) -> web.Response:
    return page([order(number) for number in range(begin, end)], **meta)


def _ids(*numbers: int) -> list[str]:
    return [f"order-{number}" for number in numbers]


async def _two_of_five(number: int, size: int) -> web.Response:
    """Answer pages 1 and 2, and let the others wait for ever."""
    if number > 2:
        await asyncio.Event().wait()
    return _numbered(10 * number - 10, 10 * number, number=number, size=10, pages=5, results=50)


async def test_the_time_of_collect_is_over() -> None:
    """`timeout=` ends it with an error that has the orders, the report and a timeout as cause."""
    async with _serving(_two_of_five) as url, OrdersClient(KEY, base_url=url) as client:
        pager = client.number_orders.list(page_size=10)
        with pytest.raises(IncompleteFetchError, match="after 2 of 5 pages") as caught:
            await pager.collect(timeout=1)
    error = caught.value
    assert [one.id for one in error.orders] == _ids(*range(20))
    assert isinstance(error.cause, APITimeoutError)
    assert error.__cause__ is error.cause
    assert error.report == pager.report
    report = _report(pager)
    assert (report.proof, report.reason, report.orders) == (None, error.reason, 20)


async def test_a_timeout_around_collect() -> None:
    """The `TimeoutError` of `asyncio.timeout` leads to the orders by way of its causes."""
    async with _serving(_two_of_five) as url, OrdersClient(KEY, base_url=url) as client:
        pager = client.number_orders.list(page_size=10)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(None) as limit:

                def on_progress(progress: FetchProgress) -> None:
                    if progress.pages_done == 2:
                        limit.reschedule(asyncio.get_running_loop().time())

                await pager.collect(on_progress)
    cancelled = caught.value.__cause__
    assert isinstance(cancelled, asyncio.CancelledError)
    error = cancelled.__cause__
    assert isinstance(error, IncompleteFetchError)
    assert [one.id for one in error.orders] == _ids(*range(20))
    assert error.report is not None
    assert error.report.orders == 20
    assert _report(pager).reason == error.reason == "the fetch was cancelled"


@every_way
async def test_a_page_in_the_middle_fails_for_good(
    use: Callable[[Pager[Any]], Awaitable[list[str]]],
) -> None:
    """What came before and after the page that failed is given first; then comes the error."""
    others = asyncio.Event()
    answered = 0

    async def answer(number: int, size: int) -> web.Response:
        nonlocal answered
        if number == 3:
            await others.wait()
            return web.json_response({"errors": [{"title": "no"}]}, status=400)
        answered += 1
        if answered == 4:
            others.set()
        begin = 10 * number - 10
        return _numbered(begin, begin + 10, number=number, size=10, pages=5, results=50)

    got: list[str] = []

    async def keep(pager: Pager[Any]) -> None:
        if use is _collect:
            await pager.collect()
        elif use is _iterate:
            async for one in pager:
                got.append(one.id)
        else:
            async for page in pager.pages():
                got.extend(one.id for one in page.data)

    async with _serving(answer) as url, OrdersClient(KEY, base_url=url, concurrency=5) as client:
        pager = client.number_orders.list(page_size=10)
        with pytest.raises(IncompleteFetchError, match="ended after .* of 5 pages: ") as caught:
            await keep(pager)
    error = caught.value
    assert isinstance(error.cause, BadRequestError)
    got += [one.id for one in error.orders]
    pages = _report(pager).pages
    assert got[:20] == _ids(*range(20))
    assert len(got) == 10 * pages
    assert not set(got) & set(_ids(*range(20, 30)))
    assert _report(pager).orders == len(got)


def _one_slips_away() -> Answer:
    """The first of 100 orders goes after the first page: the 21st slips onto that page, unseen."""
    numbers = list(range(100))
    read = 0

    async def answer(number: int, size: int) -> web.Response:
        nonlocal read
        read += 1
        if read == 2:
            del numbers[0]
        rows = [order(one) for one in numbers[(number - 1) * size : number * size]]
        pages = -(-len(numbers) // size)
        return page(rows, number=number, size=size, pages=pages, results=len(numbers))

    return answer


async def test_a_late_find_comes_last_in_a_loop() -> None:
    """An order that was found late is the last one of `async for`."""
    async with _serving(_one_slips_away()) as url:
        async with OrdersClient(KEY, base_url=url, concurrency=1) as client:
            pager = client.number_orders.list(page_size=20)
            ids = await _iterate(pager)
    assert ids == _ids(*range(20), *range(21, 100), 20)
    assert _report(pager).proof == "count"
    assert _report(pager).rereads == 1


async def test_a_late_find_is_the_last_page() -> None:
    """In `.pages()` it is a page of its own, without what had come before."""
    async with _serving(_one_slips_away()) as url:
        async with OrdersClient(KEY, base_url=url, concurrency=1) as client:
            pages = [
                [one.id for one in page.data]
                async for page in client.number_orders.list(page_size=20).pages()
            ]
    assert pages[0] == _ids(*range(20))
    assert pages[-1] == _ids(20)
    assert sorted(one for page in pages for one in page) == sorted(_ids(*range(100)))


async def test_a_late_find_is_in_its_place_in_a_list() -> None:
    """`collect()` has it where the listing has it."""
    async with _serving(_one_slips_away()) as url:
        async with OrdersClient(KEY, base_url=url, concurrency=1) as client:
            assert await _collect(client.number_orders.list(page_size=20)) == _ids(*range(100))


async def test_a_page_that_fails_after_the_proof() -> None:
    """Once all are found, a further page may fail: it could only have brought later orders."""
    asked, proven = asyncio.Event(), asyncio.Event()

    async def answer(number: int, size: int) -> web.Response:
        if number == 3:
            await asked.wait()
        if number > 3 or size > 10:
            asked.set()
            await proven.wait()
            return web.json_response({"errors": [{"title": "no"}]}, status=400)
        results = 30 if number == 1 else 31
        begin, pages = 10 * number - 10, -(-results // 10)
        return _numbered(begin, begin + 10, number=number, size=10, pages=pages, results=results)

    def on_progress(progress: FetchProgress) -> None:
        if progress.orders_done == 30:
            proven.set()

    async with _serving(answer) as url, OrdersClient(KEY, base_url=url) as client:
        pager = client.number_orders.list(page_size=10)
        orders = await pager.collect(on_progress)
    assert [one.id for one in orders] == _ids(*range(30))
    report = _report(pager)
    assert (report.proof, report.reason) == ("count", None)
    assert (report.pages, report.requests) == (3, 4)
