"""A sandbox limits and delays requests as it is told to, by the clock it is given."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from telnyx_orders.sandbox import RateLimit, Sandbox
from tests.conftest import until


class Clock:
    """A clock that stands still unless it is set."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.123456

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=10, clock=clock) as sandbox:
        yield sandbox


async def ask(sandbox: Sandbox, session: aiohttp.ClientSession, path: str = "/number_orders"):
    async with session.get(sandbox.base_url + path) as answer:
        return answer, await answer.json()


async def test_a_window_admits_so_many_requests(sandbox, session, clock):
    """Within the limit answers count down, over it they are 429, and a new window starts full."""
    sandbox.rate_limit = RateLimit(requests=3, window=60)
    seen = []
    for wait in (0, 10, 0.5, 0, 40, 9.5, 0):
        clock.now += wait
        answer, _ = await ask(sandbox, session)
        seen.append(
            (
                answer.status,
                answer.headers["x-ratelimit-limit"],
                answer.headers["x-ratelimit-remaining"],
                answer.headers["x-ratelimit-reset"],
            )
        )
    assert seen == [
        (200, "3, 3;w=60", "2", "60"),
        (200, "3, 3;w=60", "1", "50"),
        (200, "3, 3;w=60", "0", "50"),
        (429, "3, 3;w=60", "0", "50"),
        (429, "3, 3;w=60", "0", "10"),
        (200, "3, 3;w=60", "2", "60"),
        (200, "3, 3;w=60", "1", "60"),
    ]


async def test_a_refused_request_says_why(sandbox, session):
    """A 429 has the API's code and no Retry-After unless that was asked for."""
    sandbox.rate_limit = RateLimit(requests=1)
    await ask(sandbox, session)
    answer, body = await ask(sandbox, session)
    assert answer.status == 429
    assert body["errors"][0]["code"] == "10011"
    assert "Retry-After" not in answer.headers


async def test_answers_are_dated_by_the_clock(sandbox, session, clock):
    """`Date` says what the sandbox's clock says, as a client compares it with `created_at`."""
    answer, _ = await ask(sandbox, session)
    assert answer.headers.getall("Date") == ["Tue, 14 Nov 2023 22:13:20 GMT"]
    clock.now += 3600
    answer, _ = await ask(sandbox, session, "/nowhere")
    assert answer.headers["Date"] == "Tue, 14 Nov 2023 23:13:20 GMT"


async def test_retry_after_can_be_had(sandbox, session, clock):
    """With `retry_after` a 429, and nothing else, says when to come back."""
    sandbox.rate_limit = RateLimit(requests=1, window=2.5, retry_after=True)
    answer, _ = await ask(sandbox, session)
    assert "Retry-After" not in answer.headers
    clock.now += 1
    answer, _ = await ask(sandbox, session)
    assert answer.headers["Retry-After"] == "2"


async def test_any_request_with_the_key_counts(sandbox, session):
    """Errors use up the limit too and carry its headers; requests without the key do not."""
    sandbox.rate_limit = RateLimit(requests=10)
    async with aiohttp.ClientSession() as stranger:
        answer, _ = await ask(sandbox, stranger)
        assert answer.status == 401
        assert "x-ratelimit-remaining" not in answer.headers
    answer, _ = await ask(sandbox, session, "/nowhere")
    assert answer.status == 404
    assert answer.headers["x-ratelimit-remaining"] == "9"
    answer, _ = await ask(sandbox, session, "/number_orders?page[size]=x")
    assert answer.status == 422
    assert answer.headers["x-ratelimit-remaining"] == "8"


async def test_the_limit_can_change_while_running(sandbox, session):
    """A limit set anew starts a fresh window; `None` sends no headers about it."""
    sandbox.rate_limit = RateLimit(requests=1)
    assert (await ask(sandbox, session))[0].status == 200
    assert (await ask(sandbox, session))[0].status == 429
    sandbox.rate_limit = RateLimit(requests=2)
    assert (await ask(sandbox, session))[0].headers["x-ratelimit-remaining"] == "1"
    sandbox.rate_limit = None
    assert "x-ratelimit-limit" not in (await ask(sandbox, session))[0].headers
    assert sandbox.rate_limit is None


async def test_a_clock_set_back_starts_a_window(sandbox, session, clock):
    """A window that lies in the future is given up, so that it cannot last for years."""
    sandbox.rate_limit = RateLimit(requests=1)
    await ask(sandbox, session)
    clock.now -= 1000
    answer, _ = await ask(sandbox, session)
    assert answer.status == 200
    assert answer.headers["x-ratelimit-reset"] == "60"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"requests": 0}, "RateLimit.requests must be a whole number of 1 or more, not 0"),
        ({"requests": "5"}, "RateLimit.requests must be a whole number"),
        ({"requests": 5, "window": 0}, "RateLimit.window must be a number of 0.001 or more"),
        ({"requests": 5, "window": float("inf")}, "RateLimit.window must be a number"),
        ({"requests": 5, "retry_after": "30"}, "RateLimit.retry_after must be of type bool"),
    ],
)
def test_a_bad_limit_is_refused(arguments, message):
    """The error names the setting and what it allows."""
    with pytest.raises(ValueError, match=message):
        RateLimit(**arguments)


@pytest.mark.parametrize("latency", [3600, (3600, 7200.0)])
async def test_latency_delays_the_listing(latency, sandbox, session):
    """A delayed request is still waiting when a later one, without latency, is answered."""
    sandbox.latency = latency
    assert sandbox.latency == latency
    delayed = asyncio.create_task(ask(sandbox, session))
    await until(lambda: sandbox.counters.in_flight == 1)
    sandbox.latency = 0
    answer, _ = await ask(sandbox, session)
    assert answer.status == 200
    assert sandbox.counters.in_flight == 1
    delayed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delayed


async def test_a_short_latency_ends(sandbox, session):
    """A delayed request is answered like any other."""
    sandbox.latency = (0.001, 0.002)
    answer, body = await ask(sandbox, session)
    assert answer.status == 200
    assert len(body["data"]) == 10
