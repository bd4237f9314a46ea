"""Fetches and single calls under a rate limit and in an outage, over sockets."""

import asyncio
import logging
import pickle
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    FetchProgress,
    IncompleteFetchError,
    InternalServerError,
    OrdersClient,
    RateLimitError,
    RetryPolicy,
    TelnyxError,
)
from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox
from tests.conftest import FakeTime, MakeClient, until
from tests.servers import KEY, page, serve


async def test_a_limit_is_used_up_and_not_run_into() -> None:
    """Twenty at a time under 20 a second: whatever the window leaves, and hardly a 429."""
    async with Sandbox(450, rate_limit=RateLimit(20, 1)) as sandbox:
        async with OrdersClient(
            sandbox.api_key, base_url=sandbox.base_url, concurrency=20
        ) as client:
            orders = await client.number_orders.list(page_size=10).collect()
            stats = client.stats
    assert len(orders) == 450
    assert sandbox.counters.by_status[429] <= 2
    assert stats.requests == sandbox.counters.requests
    assert stats.retries == sandbox.counters.by_status[429]
    assert stats.rate_limit_seconds > 1


async def test_tasks_of_single_calls_share_the_gate() -> None:
    """It is the same for twenty tasks that each ask for one page after the other."""
    async with Sandbox(450, rate_limit=RateLimit(20, 1)) as sandbox:
        async with OrdersClient(
            sandbox.api_key, base_url=sandbox.base_url, concurrency=20
        ) as client:
            numbers = iter(range(1, 46))

            async def task() -> int:
                got = 0
                for number in numbers:
                    one = await client.number_orders.list(page_number=number, page_size=10)
                    got += len(one.data)
                return got

            assert sum(await asyncio.gather(*(task() for _ in range(20)))) == 450
    assert sandbox.counters.by_status[429] <= 2


async def test_clients_that_do_not_talk_share_an_account() -> None:
    """Three clients of one account all finish, and few of their requests are refused."""
    async with Sandbox(200, latency=0.002, rate_limit=RateLimit(30, 1)) as sandbox:

        async def fetch() -> int:
            async with OrdersClient(
                sandbox.api_key, base_url=sandbox.base_url, concurrency=20
            ) as client:
                return len(await client.number_orders.list(page_size=10).collect())

        assert await asyncio.gather(fetch(), fetch(), fetch()) == [200, 200, 200]
    assert sandbox.counters.by_status[429] <= 9


async def test_a_limit_that_is_cut_in_mid_fetch(sandbox: Sandbox) -> None:
    """A fetch whose limit is cut to a quarter ends complete, with few refusals."""
    sandbox.rate_limit = RateLimit(40, 1)
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=20) as client:

        def cut(progress: FetchProgress) -> None:
            if progress.pages_done == 25:
                sandbox.rate_limit = RateLimit(10, 1)

        orders = await client.number_orders.list(page_size=20).collect(cut)
    assert len(orders) == 1000
    assert sandbox.counters.by_status[429] <= 20


@pytest.fixture
async def slow_account(fake_time: FakeTime) -> AsyncIterator[Sandbox]:
    """An account that lives in the time of the client: waiting takes no time."""
    limit = RateLimit(5, window=60)
    async with Sandbox(1000, rate_limit=limit, clock=lambda: fake_time.now) as sandbox:
        yield sandbox


async def test_a_fetch_outlasts_any_number_of_windows(
    slow_account: Sandbox, fake_time: FakeTime
) -> None:
    """Pages wait for as many windows as it takes, though one call may take two minutes at most."""
    async with OrdersClient(
        slow_account.api_key,
        base_url=slow_account.base_url,
        concurrency=1,
        clock=fake_time.clock(),
    ) as client:
        started = fake_time.now
        orders = await client.number_orders.list(page_size=20).collect()
        assert len(orders) == 1000
        assert 9 * 60 <= fake_time.now - started < 9 * 61
        assert client.stats.rate_limit_seconds == pytest.approx(fake_time.now - started)
        assert client.stats.requests == 50
    assert slow_account.counters.by_status[429] == 0


@pytest.mark.parametrize("refused", [False, True])
async def test_somebody_who_waits_is_told_at_once(refused: bool, sandbox: Sandbox) -> None:
    """Where the limit is used up for longer than a call may take, it fails without being sent."""
    sandbox.rate_limit = RateLimit(1, window=60)
    async with OrdersClient(
        sandbox.api_key, base_url=sandbox.base_url, retry=RetryPolicy(max_seconds=10)
    ) as client:
        await client.number_orders.list()
        if refused:
            async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as another:
                call = asyncio.ensure_future(another.number_orders.list())
                await until(lambda: sandbox.counters.by_status[429])
                call.cancel()
        sent = sandbox.counters.requests
        for _ in range(3):
            with pytest.raises(RateLimitError, match="was not sent: the rate limit is used") as got:
                await client.number_orders.list()
        assert sandbox.counters.requests == sent
    error = got.value
    assert (error.status, error.attempts, error.body, error.request_id) == (429, 0, "", None)
    assert error.retry_after is not None
    assert 50 < error.retry_after <= 60
    assert error.transient
    assert "RetryPolicy.max_seconds = 10 s" in str(error)
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


async def test_a_fetch_that_may_not_wait_keeps_what_it_has(sandbox: Sandbox) -> None:
    """A window longer than a call may take ends a fetch, with what came and when to go on."""
    sandbox.rate_limit = RateLimit(1, window=60)
    async with OrdersClient(
        sandbox.api_key, base_url=sandbox.base_url, retry=RetryPolicy(max_seconds=10)
    ) as client:
        with pytest.raises(IncompleteFetchError, match="rate limit is used up") as caught:
            await client.number_orders.list(page_size=100).collect()
    assert len(caught.value.orders) == 100
    cause = caught.value.cause
    assert isinstance(cause, RateLimitError)
    assert cause.retry_after is not None
    assert 50 < cause.retry_after <= 60


async def test_a_single_call_overtakes_fetches(sandbox: Sandbox) -> None:
    """A web handler's call is the next to go, however many pages wait."""
    sandbox.latency = 0.001
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=4) as client:
        fetches = [
            asyncio.ensure_future(client.number_orders.list(page_size=10).collect())
            for _ in range(10)
        ]
        await until(lambda: len(sandbox.counters.pages) >= 40)
        before = len(sandbox.counters.pages)
        await client.number_orders.list(page_size=7)
        assert sandbox.counters.pages.index((1, 7)) <= before + 8
        assert not any(fetch.done() for fetch in fetches)
        assert [len(await fetch) for fetch in fetches] == [1000] * 10


async def test_a_call_that_is_tried_again_does_not_queue_again(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """A retry goes before calls that have not been sent yet."""
    sandbox.faults = Faults(script=(None, Fault.UNAVAILABLE))
    client = make_client(concurrency=1)
    await client.number_orders.list()
    calls = [client.number_orders.list(page_number=number) for number in range(2, 12)]
    await asyncio.gather(*calls)
    order = [number for number, _ in sandbox.counters.pages]
    assert order.index(2) < order.index(6)


async def test_the_limit_of_a_call_counts_what_the_rate_limit_takes(fake_time: FakeTime) -> None:
    """Attempts, backoff and the gate together end a call, at once when it cannot be in time."""
    closed = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "11"}
    unavailable = web.Response(status=503, headers={**closed, "Retry-After": "6"})
    refusals = [web.Response(status=429, headers={"Retry-After": "6"}) for _ in range(2)]
    answers = [unavailable, *refusals]

    async def handler(request: web.Request) -> web.Response:
        return answers.pop(0)

    retry = RetryPolicy(max_seconds=10)

    async with serve(handler) as url:
        async with OrdersClient(KEY, base_url=url, retry=retry, clock=fake_time.clock()) as client:
            with pytest.raises(RateLimitError, match="was not sent again: the rate") as held:
                await client.number_orders.list()
        async with OrdersClient(KEY, base_url=url, retry=retry, clock=fake_time.clock()) as client:
            with pytest.raises(RateLimitError, match="answered 429") as refused:
                await client.number_orders.list()
    assert (held.value.attempts, refused.value.attempts) == (1, 2)
    assert held.value.retry_after == pytest.approx(5, abs=0.1)
    assert refused.value.retry_after == 6
    assert answers == []


async def test_429s_take_nothing_from_the_budget(sandbox: Sandbox, make_client: MakeClient) -> None:
    """Waiting out the rate limit is no retry in vain, however often."""
    sandbox.faults = Faults(script=[Fault.TOO_MANY_REQUESTS] * 30)
    patient = RetryPolicy(max_attempts=40, max_seconds=None, budget=0)
    assert len((await make_client(concurrency=1, retry=patient).number_orders.list()).data) == 20


async def test_one_429_is_not_twenty(make_client: MakeClient, sandbox: Sandbox) -> None:
    """After a 429 that names no time one request finds out whether it is over, for all."""
    sandbox.faults = Faults(script=(None, *[Fault.TOO_MANY_REQUESTS] * 4))
    client = make_client(concurrency=20, retry=RetryPolicy(max_attempts=8))
    await client.number_orders.list()
    await asyncio.gather(*(client.number_orders.list() for _ in range(40)))
    assert sandbox.counters.by_status == {200: 41, 429: 4}


@pytest.mark.parametrize(
    "kinds", [(Fault.UNAVAILABLE,), (Fault.RESET,), (Fault.UNAVAILABLE, Fault.RESET)]
)
async def test_an_outage_is_not_multiplied(
    kinds: tuple[Fault, ...], sandbox: Sandbox, make_client: MakeClient
) -> None:
    """While everything fails, fewer than 1.5 requests are sent for each that was wanted."""
    client = make_client(concurrency=20)
    await client.number_orders.list(page_size=10).collect()
    sandbox.reset_counters()
    sandbox.faults = Faults(rate=1, kinds=kinds)
    errors: list[TelnyxError] = []

    async def task() -> None:
        for _ in range(10):
            with pytest.raises((APIStatusError, APIConnectionError)) as caught:
                await client.number_orders.list()
            errors.append(caught.value)

    await asyncio.gather(*(task() for _ in range(20)))
    assert sandbox.counters.requests < 1.5 * 200
    unlucky = [error for error in errors if "RetryPolicy.budget is used up" in str(error)]
    assert len(unlucky) > 150
    again = pickle.loads(pickle.dumps(unlucky[0]))
    assert str(again) == str(unlucky[0])
    sandbox.faults = None
    assert len((await client.number_orders.list()).data) == 20


async def test_without_a_budget_every_call_is_retried(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """`budget=None` leaves each call all its attempts."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.UNAVAILABLE,))
    client = make_client(retry=RetryPolicy(budget=None))
    for _ in range(20):
        with pytest.raises(InternalServerError) as caught:
            await client.number_orders.list()
        assert caught.value.attempts == 5
    assert sandbox.counters.requests == 100


async def test_retries_that_help_cost_nothing(sandbox: Sandbox, make_client: MakeClient) -> None:
    """A server that fails every other request uses up no budget, however long it goes on."""
    sandbox.faults = Faults(script=(Fault.UNAVAILABLE, None) * 200)
    client = make_client(concurrency=1)
    for _ in range(200):
        await client.number_orders.list()
    assert client.stats.retries == 200


async def test_the_key_is_in_no_line_of_the_log(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A closing is logged once, as a fact about the client and with no secret."""
    caplog.set_level(logging.INFO, logger="telnyx_orders")
    answers = [429, 200]

    async def handler(request: web.Request) -> web.Response:
        headers = {"Retry-After": KEY, "x-ratelimit-limit": KEY, "x-ratelimit-reset": "0.2"}
        answer = page([])
        answer.headers.update(headers)
        answer.set_status(answers.pop(0))
        return answer

    async with serve(handler) as url, OrdersClient(KEY, base_url=url) as client:
        await client.number_orders.list()
    lines = [one.getMessage() for one in caplog.records]
    assert lines == [
        "GET /number_orders: attempt 1 failed (429), trying again in 0.20 s",
        "answered 429: no request is sent for 0.20 s",
    ]
    assert KEY not in caplog.text
