"""Listing: what a pager gives, in which order, at what cost, and how it ends."""

import asyncio
import gc
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web

from telnyx_orders import (
    AuthenticationError,
    ClientStateError,
    DateRange,
    FetchProgress,
    IncompleteFetchError,
    InternalServerError,
    OrderFilter,
    OrdersClient,
    OrderStatus,
    Pager,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
)
from telnyx_orders.sandbox import Drift, Fault, Faults, Sandbox
from tests.conftest import MakeClient, no_task_left, until
from tests.servers import KEY, asked_page, order, page, serve

NO_RETRY = RetryPolicy(max_attempts=1)


async def test_await_gives_one_page(sandbox: Sandbox, client: OrdersClient) -> None:
    """Awaiting a pager gets one page, with the server's own defaults."""
    got = await client.number_orders.list()
    assert [one.id for one in got.data] == sandbox.order_ids()[:20]
    assert (got.meta.page_number, got.meta.page_size) == (1, 20)
    assert (got.meta.total_pages, got.meta.total_results) == (50, 1000)
    assert sandbox.counters.requests == 1


async def test_await_gives_the_page_that_was_asked_for(
    sandbox: Sandbox, client: OrdersClient
) -> None:
    """Number and size of the page are the caller's."""
    got = await client.number_orders.list(page_number=3, page_size=7)
    assert [one.id for one in got.data] == sandbox.order_ids()[14:21]


@pytest.mark.parametrize("page_size", [None, 1, 99, 100, 249])
async def test_collect_gives_every_order_in_order(
    page_size: int | None, sandbox: Sandbox, client: OrdersClient
) -> None:
    """`collect()` gives all orders in the order of the listing, with one request a page."""
    orders = await client.number_orders.list(page_size=page_size).collect()
    assert [one.id for one in orders] == sandbox.order_ids()
    size = page_size or 250
    pages = -(-1000 // size)
    assert sandbox.counters.requests == pages
    assert sorted(sandbox.counters.pages) == [(number, size) for number in range(1, pages + 1)]


async def test_iteration_gives_every_order_in_order(sandbox: Sandbox, client: OrdersClient) -> None:
    """`async for` gives all orders in the order of the listing, however the answers arrive."""
    sandbox.latency = (0.0, 0.01)
    ids = [one.id async for one in client.number_orders.list(page_size=50)]
    assert ids == sandbox.order_ids()
    assert sandbox.counters.most_in_flight > 1


async def test_pages_come_in_order(sandbox: Sandbox, client: OrdersClient) -> None:
    """`.pages()` gives all pages in order."""
    sandbox.latency = (0.0, 0.01)
    numbers = [got.meta.page_number async for got in client.number_orders.list().pages()]
    assert numbers == [1, 2, 3, 4]


async def test_a_pager_starts_anew_with_each_use(sandbox: Sandbox, client: OrdersClient) -> None:
    """One pager can be used again, also in two tasks at once."""
    pager = client.number_orders.list()
    first, second = await asyncio.gather(pager.collect(), pager.collect())
    assert first == second == [one async for one in pager]
    assert sandbox.counters.requests == 12


async def test_start_past_the_first_page(sandbox: Sandbox, client: OrdersClient) -> None:
    """`page_number` is where a fetch of all pages starts."""
    orders = await client.number_orders.list(page_number=3, page_size=100).collect()
    assert [one.id for one in orders] == sandbox.order_ids()[200:]
    assert sandbox.counters.requests == 8


async def test_start_past_the_end(client: OrdersClient) -> None:
    """A fetch that starts past the last page gives nothing."""
    assert await client.number_orders.list(page_number=9).collect() == []


@pytest.mark.parametrize("total", [0, 1, 250, 251, 500])
async def test_few_pages(total: int) -> None:
    """No page, one and two are fetched as they should, with no request too many."""
    async with Sandbox(total) as sandbox:
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            assert len(await client.number_orders.list().collect()) == total
            assert len([one async for one in client.number_orders.list()]) == total
        assert sandbox.counters.requests == 2 * max(1, -(-total // 250))


async def test_an_empty_account_that_says_one_page() -> None:
    """An empty listing of one page is as empty as one of none."""

    async def handler(request: web.Request) -> web.Response:
        return page([], pages=1)

    async with serve(handler) as url, OrdersClient(KEY, base_url=url) as client:
        assert await client.number_orders.list().collect() == []


@pytest.mark.parametrize(
    ("filter", "kept"),
    [
        (OrderFilter(status=OrderStatus.PENDING), lambda row: row["status"] == "pending"),
        ({"status": "success"}, lambda row: row["status"] == "success"),
        (
            {"phone_numbers_count": 2, "requirements_met": True},
            lambda row: row["phone_numbers_count"] == 2 and row["requirements_met"],
        ),
    ],
)
async def test_filters(
    filter: OrderFilter,
    kept: Callable[[dict[str, object]], bool],
    sandbox: Sandbox,
    client: OrdersClient,
) -> None:
    """Every page of a filtered fetch is filtered."""
    orders = await client.number_orders.list(filter=filter, page_size=20).collect()
    expected = [row["id"] for row in sandbox.rows() if kept(row)]
    assert [one.id for one in orders] == expected
    assert 0 < len(expected) < 1000


async def test_filter_by_time(sandbox: Sandbox, client: OrdersClient) -> None:
    """A range of time is open at both ends."""
    everything = await client.number_orders.list().collect()
    later, earlier = everything[100].created_at, everything[200].created_at
    window = OrderFilter(created_at=DateRange(gt=earlier, lt=later))
    assert await client.number_orders.list(filter=window).collect() == everything[101:200]


@pytest.mark.parametrize("reference", ["a&b=c", "a+b", "a b", "📞", "%2F", "#?/[]", "", "ü"])
async def test_a_customer_reference_arrives_as_written(
    reference: str, sandbox: Sandbox, client: OrdersClient
) -> None:
    """Whatever a reference holds, the order that has it is found, and no other."""
    placed = sandbox.insert(customer_reference=reference)
    found = await client.number_orders.list(filter={"customer_reference": reference}).collect()
    assert [one.id for one in found] == [placed]
    assert found[0].customer_reference == reference


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"page_size": 0}, ValueError, "page_size: expected an integer from 1 to 250, got 0"),
        ({"page_size": 251}, ValueError, "page_size: expected an integer from 1 to 250, got 251"),
        ({"page_size": "9"}, TypeError, "page_size: expected an integer from 1 to 250, got str"),
        ({"page_size": True}, TypeError, "page_size: .* got bool True"),
        ({"page_number": 0}, ValueError, "page_number: expected an integer from 1, got 0"),
        ({"page_number": 1.0}, TypeError, "page_number: expected an integer from 1, got float"),
        ({"filter": {"state": "x"}}, ValueError, "filter: there is no filter 'state'; .* status"),
        ({"filter": "pending"}, TypeError, "filter: expected an OrderFilter or a mapping"),
    ],
)
def test_bad_arguments(arguments: dict[str, object], kind: type[Exception], message: str) -> None:
    """A bad argument is an error of the call of `list`, which names it and says what is allowed."""
    client = OrdersClient(KEY)
    with pytest.raises(kind, match=message):
        client.number_orders.list(**arguments)  # type: ignore[arg-type]


async def test_a_slow_consumer_slows_the_fetch(sandbox: Sandbox, make_client: MakeClient) -> None:
    """No more than `concurrency` pages are fetched beyond those that were taken."""
    client = make_client(concurrency=4)
    async with aclosing(client.number_orders.list(page_size=10).pages()) as pages:
        for taken in range(1, 6):
            await anext(pages)
            await until(lambda expected=taken + 4: sandbox.counters.requests >= expected)
            for _ in range(100):
                await asyncio.sleep(0)
            assert sandbox.counters.requests == taken + 4


async def test_a_row_that_shifts_onto_the_next_page_comes_once(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """Orders placed in mid-fetch push rows onto later pages; no order is given twice."""
    sandbox.drift = Drift(insert=1)
    client = make_client(concurrency=2)
    ids = [one.id async for one in client.number_orders.list(page_size=10)]
    assert len(ids) == len(set(ids)) >= 1000


async def test_a_list_that_grows_is_followed(sandbox: Sandbox, client: OrdersClient) -> None:
    """Pages that are added while the fetch runs are fetched too."""
    grown = Sandbox(100, order_by="oldest")
    async with grown, OrdersClient(grown.api_key, base_url=grown.base_url) as other:
        async with aclosing(other.number_orders.list(page_size=10).pages()) as pages:
            await anext(pages)
            added = [grown.insert() for _ in range(25)]
            ids = [one.id async for got in pages for one in got.data]
    assert set(added) <= set(ids)


async def test_a_list_that_shrinks_is_followed() -> None:
    """Pages that are gone while the fetch runs are no error, and hardly asked for."""
    async with Sandbox(1000) as sandbox:
        retry = RetryPolicy(max_attempts=1)
        async with (
            OrdersClient(
                sandbox.api_key, base_url=sandbox.base_url, concurrency=2, retry=retry
            ) as client,
            aclosing(client.number_orders.list(page_size=10).pages()) as pages,
        ):
            await anext(pages)
            for gone in sandbox.order_ids()[100:]:
                sandbox.remove(gone)
            ids = [one.id async for got in pages for one in got.data]
        assert len(ids) == 90
        assert sandbox.counters.requests <= 2.5 * 10


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (lambda asked: page([order(1)], number=1, pages=5), IncompleteFetchError, "says .* page 1"),
        (
            lambda asked: page([order(asked)], number=asked, pages=-1),
            IncompleteFetchError,
            "-1 pages",
        ),
        (
            lambda asked: page([order(asked)], number=asked, results=-5),
            IncompleteFetchError,
            "-5 orders",
        ),
        (
            lambda asked: page([order(1)] if asked == 1 else [], number=asked, pages=10**9),
            IncompleteFetchError,
            "is empty, and says that there are 1000000000 pages",
        ),
        (
            lambda asked: page([order(1), order(2)], number=asked, pages=10**9),
            IncompleteFetchError,
            "the server repeats itself",
        ),
        (
            lambda asked: page([order(min(asked, 2))], number=asked, pages=asked + 1),
            IncompleteFetchError,
            "the server repeats itself",
        ),
        (
            lambda asked: page([order(asked)], number=asked, pages=asked + 1),
            IncompleteFetchError,
            "says that there are 1 orders, and page 20 has 1 orders",
        ),
        (lambda asked: web.json_response({"data": []}), ResponseDecodeError, r"\$\.meta"),
        (
            lambda asked: page([order(1), order(2)], number=asked, pages=5, results=10),
            IncompleteFetchError,
            "or the server repeats itself: [0-9]+ pages were read, and by now it has 10 orders",
        ),
        (
            lambda asked: page([], number=asked, pages=0, results=1000),
            IncompleteFetchError,
            "page 1 is empty, and says that there are 0 pages and 1000 orders",
        ),
    ],
    ids=[
        *("number", "pages", "results", "empty", "same", "page-2", "growing", "no-meta"),
        *("few-same", "none-of-1000"),
    ],
)
@pytest.mark.parametrize("use", ["collect", "iterate"])
async def test_a_server_that_lies(
    answer: Callable[[int], web.Response], kind: type[Exception], message: str, use: str
) -> None:
    """A server that contradicts itself, or has no end, is an error that says so; never a loop."""
    requests = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return answer(asked_page(request))

    async with serve(handler) as url, OrdersClient(KEY, base_url=url, retry=NO_RETRY) as client:
        pager = client.number_orders.list()
        with pytest.raises(kind, match=message):
            await (pager.collect() if use == "collect" else _drain(pager))
        assert await _calm(lambda: requests) <= 60


async def _drain(pager: Pager[object]) -> None:  # type: ignore[type-var]
    async for _ in pager:
        pass


async def _calm(count: Callable[[], int]) -> int:
    """Give a count when it has stopped to rise."""
    before = -1
    while before != count():
        before = count()
        for _ in range(100):
            await asyncio.sleep(0)
    return before


async def test_the_first_page_fails(sandbox: Sandbox, make_client: MakeClient) -> None:
    """A fetch that got nothing raises the error of its first page."""
    client = OrdersClient("KEYwrong", base_url=sandbox.base_url)
    async with client:
        with pytest.raises(AuthenticationError):
            await client.number_orders.list().collect()
        with pytest.raises(AuthenticationError):
            await _drain(client.number_orders.list())


async def test_a_later_page_fails(sandbox: Sandbox, make_client: MakeClient) -> None:
    """What `collect()` had fetched is in the error, and the page's error is its cause."""
    sandbox.faults = Faults(script=(None, None, Fault.INTERNAL_ERROR))
    client = make_client(retry=NO_RETRY, concurrency=1)
    with pytest.raises(IncompleteFetchError, match="ended after 2 of 4 pages: .* 500") as caught:
        await client.number_orders.list().collect()
    assert [one.id for one in caught.value.orders] == sandbox.order_ids()[:500]
    assert isinstance(caught.value.__cause__, InternalServerError)


async def test_a_later_page_fails_while_iterating(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """What came before a page that fails is given; then the fetch ends as incomplete."""
    sandbox.faults = Faults(script=(None, None, Fault.TOO_MANY_REQUESTS))
    client = make_client(retry=NO_RETRY, concurrency=1)
    ids: list[str] = []
    with pytest.raises(IncompleteFetchError, match="ended after 2 of 4 pages: .* 429") as caught:
        async for one in client.number_orders.list():
            ids.append(one.id)
    assert ids == sandbox.order_ids()[:500]
    assert isinstance(caught.value.__cause__, RateLimitError)


async def test_an_order_twice_in_one_page_comes_once() -> None:
    """A row that a server repeats within a page is given once."""

    async def handler(request: web.Request) -> web.Response:
        return page([order(1), order(1), order(2)])

    async with serve(handler) as url, OrdersClient(KEY, base_url=url) as client:
        orders = await client.number_orders.list().collect()
    assert [one.id for one in orders] == ["order-1", "order-2"]


async def test_workers_are_added_as_the_list_grows() -> None:
    """A listing of two pages that turns out to have twenty is fetched by all workers."""
    in_flight = most = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal in_flight, most
        number = asked_page(request)
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.005)
        in_flight -= 1
        pages = 2 if number == 1 else 20
        return page([order(number)], number=number, pages=pages, results=pages)

    async with serve(handler) as url, OrdersClient(KEY, base_url=url) as client:
        assert len(await client.number_orders.list().collect()) == 20
    assert most == 8


async def test_the_cause_of_an_incomplete_fetch(sandbox: Sandbox, make_client: MakeClient) -> None:
    """An incomplete fetch says what ended it, also after it crossed to another process."""
    sandbox.faults = Faults(script=(None, Fault.TOO_MANY_REQUESTS), retry_after="500")
    with pytest.raises(IncompleteFetchError) as caught:
        await make_client().number_orders.list().collect()
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert isinstance(error.cause, RateLimitError)
        assert error.cause.retry_after == 500.0
        assert error.transient
        assert len(error.orders) == 250


async def test_progress_that_raises_an_incomplete_fetch(client: OrdersClient) -> None:
    """Even an error of this kind comes out of a callback as it is."""
    theirs = IncompleteFetchError("another fetch", orders=("theirs",))

    def told(progress: FetchProgress) -> None:
        raise theirs

    with pytest.raises(IncompleteFetchError) as caught:
        await client.number_orders.list().collect(told)
    assert caught.value is theirs
    assert theirs.orders == ("theirs",)


async def test_progress(sandbox: Sandbox, client: OrdersClient) -> None:
    """Progress is told after each page, with retries and waits."""
    sandbox.faults = Faults(
        script=(Fault.TOO_MANY_REQUESTS, None, Fault.BAD_GATEWAY), retry_after="7"
    )
    told: list[FetchProgress] = []
    await client.number_orders.list().collect(told.append)
    assert [one.pages_done for one in told] == [1, 2, 3, 4]
    assert [one.orders_done for one in told] == [250, 500, 750, 1000]
    assert {(one.pages_total, one.orders_total) for one in told} == {(4, 1000)}
    assert (told[0].retries, told[0].rate_limit_seconds) == (1, 7.0)
    assert (told[-1].retries, told[-1].rate_limit_seconds) == (2, 7.0)


async def test_progress_may_be_async(client: OrdersClient) -> None:
    """An async callback is awaited before the next page is reported."""
    running = 0

    async def told(progress: FetchProgress) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1

    assert len(await client.number_orders.list().collect(told)) == 1000


async def test_progress_that_raises_ends_the_fetch(sandbox: Sandbox, client: OrdersClient) -> None:
    """What the callback raises ends the fetch, as it is."""

    def told(progress: FetchProgress) -> None:
        raise LookupError("enough")

    async with no_task_left():
        with pytest.raises(LookupError, match="enough"):
            await client.number_orders.list(page_size=10).collect(told)
    assert await _calm(lambda: sandbox.counters.requests) < 30


async def test_break_ends_the_requests(sandbox: Sandbox, client: OrdersClient) -> None:
    """Leaving a loop ends what was under way, and the client works on."""
    sandbox.latency = (0.0, 0.001)
    async with no_task_left():
        async for _ in client.number_orders.list(page_size=10):
            break
        await until(lambda: sandbox.counters.in_flight == 0)
    assert await _calm(lambda: sandbox.counters.requests) < 30
    assert len(await client.number_orders.list().collect()) == 1000


async def test_an_exception_in_the_body_ends_the_requests(
    sandbox: Sandbox, client: OrdersClient
) -> None:
    """An exception of the loop's body comes out as it is, and ends what was under way."""
    async with no_task_left():
        with pytest.raises(LookupError, match="mine"):
            async for _ in client.number_orders.list(page_size=10):
                raise LookupError("mine")
        await until(lambda: sandbox.counters.in_flight == 0)


async def test_a_timeout_around_a_loop(sandbox: Sandbox, client: OrdersClient) -> None:
    """`asyncio.timeout` around a loop is a `TimeoutError`, and ends what was under way."""
    sandbox.faults = Faults(script=(None,), rate=1, kinds=(Fault.SILENCE,))
    async with no_task_left():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await _drain(client.number_orders.list(page_size=10))
        await until(lambda: sandbox.counters.in_flight == 0)


async def test_an_abandoned_iterator_leaves_nothing(sandbox: Sandbox, client: OrdersClient) -> None:
    """An iterator that is dropped without being closed ends what it had under way."""
    sandbox.latency = 0.001
    async with no_task_left():
        iterator = aiter(client.number_orders.list(page_size=10))
        await anext(iterator)
        del iterator
        gc.collect()
        await until(lambda: sandbox.counters.in_flight == 0)
        await _calm(lambda: sandbox.counters.requests)


class Holder:
    """Holds an iterator in a reference cycle."""

    def __init__(self, iterator: AsyncIterator[object]) -> None:
        self.iterator = iterator
        self.itself = self


@pytest.mark.parametrize("of", [aiter, lambda pager: pager.pages()], ids=["rows", "pages"])
async def test_an_iterator_in_a_reference_cycle_is_quiet(
    of: Callable[[Any], AsyncIterator[object]], client: OrdersClient
) -> None:
    """An iterator that only the garbage collector can end is ended without a complaint."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with no_task_left():
        for _ in range(5):
            holder = Holder(of(client.number_orders.list(page_size=10)))
            await anext(holder.iterator)
            del holder
            gc.collect()
            await asyncio.sleep(0)
    assert told == []


def test_an_iterator_that_outlives_its_loop_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """An iterator that is still held when the loop ends is ended without a complaint."""
    held: list[object] = []

    async def main() -> None:
        async with Sandbox(1000) as sandbox:
            client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
            iterator = aiter(client.number_orders.list(page_size=10))
            await anext(iterator)
            held.extend([iterator, client])
            await client.close()

    asyncio.run(main())
    assert caplog.records == []


async def test_a_fetch_that_somebody_else_cancels(sandbox: Sandbox, client: OrdersClient) -> None:
    """Cancelling the task of a fetch behind its caller's back is an error, no cancellation."""
    sandbox.faults = Faults(script=(None,), rate=1, kinds=(Fault.SILENCE,))
    call = asyncio.ensure_future(client.number_orders.list().collect())
    await until(lambda: sandbox.counters.in_flight == 3)
    for task in asyncio.all_tasks():
        if task.get_name() == "fetch /number_orders":
            task.cancel()
    with pytest.raises(IncompleteFetchError, match="cancelled from outside"):
        await call


async def test_a_client_closed_in_mid_fetch(sandbox: Sandbox, make_client: MakeClient) -> None:
    """Closing the client ends its fetches at once, with an error that says so."""
    sandbox.faults = Faults(script=(None,), rate=1, kinds=(Fault.SILENCE,))
    client = make_client()
    async with no_task_left():
        fetch = asyncio.ensure_future(client.number_orders.list().collect())
        await until(lambda: sandbox.counters.in_flight == 3)
        await client.close()
        with pytest.raises(IncompleteFetchError, match="client was closed") as caught:
            await fetch
    assert len(caught.value.orders) == 250
    assert isinstance(caught.value.__cause__, ClientStateError)


async def test_a_client_closed_while_its_pages_wait(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """A fetch whose consumer pauses ends with the client too, and says so when asked on."""
    client = make_client(concurrency=2)
    async with no_task_left():
        pages = client.number_orders.list(page_size=10).pages()
        await anext(pages)
        await until(lambda: sandbox.counters.requests == 3)
        await client.close()
        with pytest.raises(IncompleteFetchError, match="client was closed"):
            async for _ in pages:
                pass
