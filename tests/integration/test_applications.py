"""The client inside the applications it is made for: web apps and worker tasks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import fastapi
import pytest
from aiohttp import web

from telnyx_orders import NumberOrder, OrdersClient, RateLimitError, RetryPolicy
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import no_task_left, until
from tests.servers import serve_application, serve_asgi

CLIENT = web.AppKey("client", OrdersClient)


async def _get_many(url: str, count: int) -> list[object]:
    async with aiohttp.ClientSession() as session:

        async def get() -> object:
            async with session.get(url) as response:
                assert response.status == 200
                return await response.json()

        return await asyncio.gather(*(get() for _ in range(count)))


async def test_an_aiohttp_app(sandbox: Sandbox) -> None:
    """One client serves fifty requests of an aiohttp.web application at once."""
    sandbox.latency = 0.002

    async def own_client(app: web.Application) -> AsyncIterator[None]:
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            app[CLIENT] = client
            yield

    async def handler(request: web.Request) -> web.Response:
        orders = request.app[CLIENT].number_orders
        listed, everything = await asyncio.gather(orders.list(), orders.list().collect())
        return web.json_response([len(listed.data), len(everything)])

    app = web.Application()
    app.cleanup_ctx.append(own_client)
    app.router.add_get("/", handler)
    async with serve_application(app) as url:
        answers = await _get_many(url, 50)
    assert answers == [[20, 1000]] * 50
    assert sandbox.counters.most_in_flight == 8


async def test_a_fastapi_app_on_uvicorn(sandbox: Sandbox) -> None:
    """One client serves fifty requests of a FastAPI application at once."""
    sandbox.latency = 0.002

    @asynccontextmanager
    async def lifespan(app: fastapi.FastAPI) -> AsyncIterator[None]:
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            app.state.client = client
            yield

    app = fastapi.FastAPI(lifespan=lifespan)

    @app.get("/")
    async def orders(request: fastapi.Request) -> int:
        client: OrdersClient = request.app.state.client
        return len([one async for one in client.number_orders.list()])

    async with serve_asgi(app) as url:
        answers = await _get_many(url, 50)
    assert answers == [1000] * 50
    assert sandbox.counters.most_in_flight == 8


async def test_a_worker_that_is_cancelled(sandbox: Sandbox) -> None:
    """A worker that fetches job after job is stopped in the middle of one, and cleans up."""
    jobs: asyncio.Queue[str] = asyncio.Queue()
    results: list[tuple[str, list[NumberOrder]]] = []

    async def worker() -> None:
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            while True:
                status = await jobs.get()
                found = await client.number_orders.list(filter={"status": status}).collect()
                results.append((status, found))
                jobs.task_done()

    async with no_task_left():
        task = asyncio.ensure_future(worker())
        for status in ("pending", "success"):
            jobs.put_nowait(status)
        await jobs.join()
        sandbox.faults = Faults(rate=1, kinds=(Fault.SILENCE,))
        jobs.put_nowait("failure")
        await until(lambda: sandbox.counters.in_flight)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [status for status, _ in results] == ["pending", "success"]
    assert sum(len(found) for _, found in results) > 900


async def test_two_clients_of_one_account(sandbox: Sandbox) -> None:
    """Clients share nothing: closing one leaves the other working."""
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as kept:
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as closed:
            first, second = await asyncio.gather(
                kept.number_orders.list().collect(), closed.number_orders.list().collect()
            )
        assert first == second == await kept.number_orders.list().collect()


async def test_a_rate_limit_that_never_ends_is_told_to_the_app(sandbox: Sandbox) -> None:
    """A web app that must answer soon gets `RateLimitError` at once, with the seconds to wait."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.TOO_MANY_REQUESTS,), retry_after="30")
    soon = RetryPolicy(max_seconds=5)
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url, retry=soon) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.number_orders.list()
    assert caught.value.retry_after == 30.0
