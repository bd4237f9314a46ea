"""A fetch that is cancelled, at whichever step, ends at once and leaves nothing behind."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from telnyx_orders import NumberOrder, OrdersClient, Pager
from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox
from tests.conftest import MakeClient, no_task_left, until


async def _collect(pager: Pager[NumberOrder]) -> int:
    return len(await pager.collect())


async def _iterate(pager: Pager[NumberOrder]) -> int:
    return len([one async for one in pager])


async def _pages(pager: Pager[NumberOrder]) -> int:
    orders = 0
    async for page in pager.pages():
        await asyncio.sleep(0)
        orders += len(page.data)
    return orders


async def _progress(pager: Pager[NumberOrder]) -> int:
    return len(await pager.collect(lambda _: asyncio.sleep(0)))


async def _one(pager: Pager[NumberOrder]) -> int:
    return len((await pager).data)


@pytest.mark.parametrize("use", [_collect, _iterate, _pages, _progress, _one])
async def test_cancelled_after_every_number_of_steps(
    use: Callable[[Pager[NumberOrder]], Awaitable[int]],
    sandbox: Sandbox,
    make_client: MakeClient,
) -> None:
    """Whenever a use is cancelled it ends cancelled, with no task left and a client that works."""
    client = make_client(concurrency=3)
    pager = client.number_orders.list(page_size=100)
    steps, finished = 0, False
    while not finished:
        async with no_task_left():
            task = asyncio.ensure_future(use(pager))
            for _ in range(steps):
                await asyncio.sleep(0)
            finished = task.done()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert finished or task.cancelled()
        steps += 1
    assert steps > 10
    assert await use(pager) in (100, 1000)
    assert sandbox.counters.connections <= 3 * steps


async def test_cancelled_while_it_waits_for_a_retry(sandbox: Sandbox) -> None:
    """A fetch that waits for its next attempts is cancelled at once, however long it would wait."""
    sandbox.faults = Faults(script=(None,), rate=1, kinds=(Fault.UNAVAILABLE,), retry_after="100")
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        async with no_task_left():
            task = asyncio.ensure_future(client.number_orders.list().collect())
            await until(lambda: sandbox.counters.requests >= 4 and not sandbox.counters.in_flight)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(task), 1)
        sandbox.faults = None
        assert len(await client.number_orders.list().collect()) == 1000


async def test_cancelled_while_the_rate_limit_holds_it(sandbox: Sandbox) -> None:
    """A fetch whose requests wait for the next window is cancelled at once."""
    sandbox.rate_limit = RateLimit(requests=2, window=100)
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        async with no_task_left():
            task = asyncio.ensure_future(client.number_orders.list().collect())
            await until(lambda: sandbox.counters.requests >= 2 and not sandbox.counters.in_flight)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(task), 1)
    assert sandbox.counters.by_status[429] == 0


@pytest.mark.parametrize("fault", [Fault.SILENCE, Fault.SLOW_BYTES])
async def test_cancelled_while_an_answer_is_awaited(fault: Fault, sandbox: Sandbox) -> None:
    """A fetch with answers under way is cancelled at once; the server sees it go."""
    sandbox.faults = Faults(script=(None,), rate=1, kinds=(fault,), slow_interval=10)
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        async with no_task_left():
            task = asyncio.ensure_future(client.number_orders.list().collect())
            await until(lambda: sandbox.counters.in_flight >= 3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(task), 1)
            await until(lambda: not sandbox.counters.in_flight)


async def test_a_consumer_cancelled_in_its_own_body(sandbox: Sandbox, client: OrdersClient) -> None:
    """A task cancelled inside the loop's body, not inside the fetch, leaves nothing either."""
    inside = asyncio.Event()

    async def consume() -> None:
        async for _ in client.number_orders.list(page_size=10):
            inside.set()
            await asyncio.Event().wait()

    async with no_task_left():
        task = asyncio.ensure_future(consume())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(await client.number_orders.list().collect()) == 1000


async def test_one_cancelled_fetch_leaves_another_alone(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """Two fetches share a client; cancelling one does not touch the other."""
    sandbox.latency = 0.002
    client = make_client(concurrency=2)
    first = asyncio.ensure_future(client.number_orders.list(page_size=50).collect())
    second = asyncio.ensure_future(client.number_orders.list(page_size=50).collect())
    await until(lambda: sandbox.counters.requests >= 6)
    first.cancel()
    assert len(await second) == 1000
    assert first.cancelled()
