"""When a request is sent again, how long it waits before, and what a server asks for."""

import asyncio
import math
import pickle
import time
from typing import Any

import attrs
import pytest
from multidict import CIMultiDict

from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    Clock,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    TelnyxError,
)
from telnyx_orders.rate_limit_headers import RateLimitHeaders
from telnyx_orders.retry import run_attempts


def test_the_policy_of_a_client_that_says_nothing():
    """The defaults are five attempts, two minutes, waits of half a second to eight, 20 in vain."""
    assert attrs.asdict(RetryPolicy()) == {
        "max_attempts": 5,
        "max_seconds": 120.0,
        "backoff_base": 0.5,
        "backoff_cap": 8.0,
        "budget": 20,
    }


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", -1),
        ("max_seconds", 0),
        ("max_seconds", -0.5),
        ("max_seconds", math.nan),
        ("backoff_base", -0.1),
        ("backoff_base", math.nan),
        ("backoff_cap", -1),
        ("backoff_cap", math.nan),
        ("budget", -1),
        ("budget", 0.5),
        ("budget", True),
    ],
)
def test_a_number_out_of_range_is_refused(setting, value):
    """The message names the setting."""
    with pytest.raises(ValueError, match=setting):
        RetryPolicy(**{setting: value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_attempts", 1),
        ("max_seconds", None),
        ("max_seconds", 0.001),
        ("backoff_base", 0),
        ("backoff_cap", 0),
        ("budget", 0),
        ("budget", None),
    ],
)
def test_a_number_at_the_edge_is_taken(setting, value):
    """The least that makes sense is allowed."""
    assert getattr(RetryPolicy(**{setting: value}), setting) == value


def test_a_policy_is_a_value():
    """A policy is frozen, given by name, compares by value and pickles."""
    policy = RetryPolicy(max_attempts=3)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.max_attempts = 4
    with pytest.raises(TypeError, match="positional argument"):
        RetryPolicy(3)
    assert pickle.loads(pickle.dumps(policy)) == RetryPolicy(max_attempts=3) != RetryPolicy()


def limited(retry_after: float | None) -> RateLimitError:
    return RateLimitError("answered 429", status=429, retry_after=retry_after)


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [
        (1, 0.0, 0.0),
        (1, 0.5, 0.25),
        (1, 0.75, 0.375),
        (2, 0.5, 0.5),
        (3, 0.5, 1.0),
        (4, 0.5, 2.0),
        (5, 0.5, 4.0),
        (6, 0.5, 4.0),
        (60, 0.5, 4.0),
        (61, 0.5, 4.0),
        (5000, 0.5, 4.0),
    ],
)
def test_the_wait_doubles_up_to_its_cap(attempt, chance, seconds):
    """The longest wait doubles with each attempt; chance takes any part of it."""
    error = APIConnectionError("lost")
    assert RetryPolicy().wait(attempt, error, chance) == seconds


@pytest.mark.parametrize(
    ("policy", "attempt", "seconds"),
    [
        (RetryPolicy(backoff_base=1, backoff_cap=100), 1, 0.5),
        (RetryPolicy(backoff_base=1, backoff_cap=100), 7, 32.0),
        (RetryPolicy(backoff_base=1, backoff_cap=100), 8, 50.0),
        (RetryPolicy(backoff_base=10, backoff_cap=3), 1, 1.5),
        (RetryPolicy(backoff_base=0), 9, 0.0),
        (RetryPolicy(backoff_cap=0), 9, 0.0),
        (RetryPolicy(backoff_base=1, backoff_cap=1e9), 11, 512.0),
    ],
)
def test_the_wait_of_other_policies(policy, attempt, seconds):
    """Base and cap are the policy's."""
    assert policy.wait(attempt, None, 0.5) == seconds


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (limited(None), 0.25),
        (limited(0.0), 0.25),
        (limited(0.125), 0.25),
        (limited(7.0), 7.0),
        (limited(3600.0), 3600.0),
        (InternalServerError("answered 503", status=503, retry_after=9.0), 9.0),
        (APIConnectionError("lost"), 0.25),
        (ResponseDecodeError("$", "JSON", "b''", transient=True), 0.25),
        (ValueError("another"), 0.25),
        (None, 0.25),
    ],
)
def test_the_wait_is_never_shorter_than_asked_for(error, seconds):
    """What a server asks for is the least, beyond the cap too."""
    assert RetryPolicy().wait(1, error, 0.5) == seconds


@pytest.mark.parametrize("name", ["max_seconds", "backoff_base", "backoff_cap"])
@pytest.mark.parametrize("value", [-1, math.inf, math.nan, True, "1"])
def test_a_time_without_end_is_none(name, value):
    """Nor is a text, nor a truth value."""
    with pytest.raises(ValueError, match=f"^{name}: expected (0 )?seconds"):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize(
    ("policy", "attempt", "seconds", "over"),
    [
        (RetryPolicy(), 1, 0.0, False),
        (RetryPolicy(), 4, 0.0, False),
        (RetryPolicy(), 5, 0.0, True),
        (RetryPolicy(), 6, 0.0, True),
        (RetryPolicy(), 1, 119.9, False),
        (RetryPolicy(), 1, 120.0, False),
        (RetryPolicy(), 1, 120.1, True),
        (RetryPolicy(max_attempts=1), 1, 0.0, True),
        (RetryPolicy(max_attempts=2), 1, 0.0, False),
        (RetryPolicy(max_seconds=None), 4, 1e9, False),
        (RetryPolicy(max_seconds=None), 5, 0.0, True),
        (RetryPolicy(max_seconds=10), 1, 10.5, True),
    ],
)
def test_when_no_attempt_may_follow(policy, attempt, seconds, over):
    """Attempts and seconds each end a call."""
    assert policy.exhausted(attempt, seconds) is over


# 2015-10-21T07:28:00Z in seconds since the epoch, thirty seconds before the date in the table.
NOW = 1445412480.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("120", 120.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("0.001", 0.001),
        ("31536000", 31536000.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:27:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:30 -0000", 30.0),
        ("Wed, 21 Oct 2015 07:28:30 +0000", 30.0),
        ("Wed, 21 Oct 2015 09:28:30 +0200", 30.0),
        ("Thu, 22 Oct 2015 07:28:00 GMT", 86400.0),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", 30.0),
        ("", None),
        (" ", None),
        ("soon", None),
        ("-1", None),
        ("-0.5", None),
        ("nan", None),
        ("NaN", None),
        ("inf", None),
        ("-inf", None),
        ("Infinity", None),
        ("1e999", None),
        ("9" * 400, None),
        ("5, 10", None),
        ("5 seconds", None),
        ("0x10", None),
        ("None", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Foo 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +9999", None),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999999", None),
        ("Wed, 21 Oct", None),
        ("2015-10-21T07:28:30Z", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_retry_after_asks_for(status, value, seconds):
    """Seconds and dates are understood, with any status; nonsense is not."""
    assert (
        RateLimitHeaders.read(CIMultiDict({"Retry-After": value}), NOW).requested_wait(status)
        == seconds
    )


@pytest.fixture
def tokyo(monkeypatch):
    """A machine whose own zone is nine hours ahead of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000", ""])
def test_the_zone_of_the_machine_does_not_count(tokyo, zone):
    """A date means the same everywhere, also when it does not know its own zone."""
    headers = CIMultiDict({"Retry-After": f"Wed, 21 Oct 2015 07:28:30 {zone}"})
    assert RateLimitHeaders.read(headers, NOW).requested_wait(503) == 30.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("12", 12.0),
        ("1.5", 1.5),
        ("1445412510", 30.0),
        ("1445412510.5", 30.5),
        ("1445412480", 0.0),
        ("1445412000", 0.0),
        ("1000000000", 1e9),
        ("1000000001", 0.0),
        ("", None),
        ("1445412510000", 30.0),
        ("-3", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("12;w=60", 12.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", None),
    ],
)
def test_what_the_reset_of_the_rate_limit_asks_for(value, seconds):
    """With a 429 the reset counts, as seconds or as a Unix time."""
    assert (
        RateLimitHeaders.read(CIMultiDict({"x-ratelimit-reset": value}), NOW).requested_wait(429)
        == seconds
    )


@pytest.mark.parametrize("status", [200, 301, 400, 408, 500, 502, 503, 504])
def test_the_reset_counts_with_a_429_only(status):
    """The API sends the reset with every answer; elsewhere it asks for nothing."""
    headers = CIMultiDict({"x-ratelimit-reset": "12"})
    assert RateLimitHeaders.read(headers, NOW).requested_wait(status) is None


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("5", 5.0),
        ("0", 12.0),
        ("60", 60.0),
        ("Wed, 21 Oct 2015 07:28:03 GMT", 3.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 12.0),
        ("soon", 12.0),
        ("-5", 12.0),
        ("", 12.0),
    ],
)
def test_retry_after_wins(retry_after, seconds):
    """The reset counts only where `Retry-After` asks for no wait."""
    headers = CIMultiDict({"Retry-After": retry_after, "x-ratelimit-reset": "12"})
    assert RateLimitHeaders.read(headers, NOW).requested_wait(429) == seconds


@pytest.mark.parametrize("name", ["retry-after", "Retry-After", "RETRY-AFTER"])
def test_the_name_of_a_header_has_no_case(name):
    """A header is found however it is written."""
    assert RateLimitHeaders.read(CIMultiDict({name: "5"}), NOW).requested_wait(503) == 5.0


def test_no_header_asks_for_nothing():
    """An answer without headers asks for nothing."""
    assert RateLimitHeaders.read(CIMultiDict(), NOW).requested_wait(429) is None


class Run:
    """A call of which each attempt takes a second and fails as told, on a clock of its own."""

    def __init__(self, *outcomes: BaseException | str, chance: float = 0.5) -> None:
        self.outcomes = list(outcomes)
        self.seconds = 0.0
        self.calls = 0
        self.waits: list[float] = []
        self.told: list[tuple[str, int, float]] = []
        self.clock = Clock(sleep=self.sleep, random=lambda: chance)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    async def attempt(self) -> str:
        self.calls += 1
        self.seconds += 1.0
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def before_wait(self, error: TelnyxError, number: int, wait: float) -> None:
        self.told.append((str(error), number, wait))

    async def under(self, policy: RetryPolicy, **more: Any) -> str:
        return await run_attempts(
            policy=policy,
            clock=self.clock,
            attempt=self.attempt,
            spent=lambda: self.seconds,
            before_wait=self.before_wait,
            **more,
        )


def lost(number: int = 1) -> APIConnectionError:
    return APIConnectionError(f"lost {number}")


async def test_a_success_is_not_repeated():
    """What succeeds at once neither waits nor tells anything."""
    run = Run("answer")
    assert await run.under(RetryPolicy()) == "answer"
    assert (run.calls, run.waits, run.told) == (1, [], [])


async def test_the_waits_between_attempts():
    """Each failure is waited after, exactly as the policy says, and told of before."""
    run = Run(lost(1), lost(2), lost(3), lost(4), "answer")
    assert await run.under(RetryPolicy()) == "answer"
    assert run.waits == [0.25, 0.5, 1.0, 2.0]
    assert run.told == [
        ("lost 1", 1, 0.25),
        ("lost 2", 2, 0.5),
        ("lost 3", 3, 1.0),
        ("lost 4", 4, 2.0),
    ]


async def test_what_the_server_asks_for_is_waited():
    """A 429 is waited out, and backoff goes on beside it."""
    run = Run(limited(7.0), limited(None), lost(), "answer")
    assert await run.under(RetryPolicy()) == "answer"
    assert run.waits == [7.0, 0.5, 1.0]


async def test_chance_decides_each_wait():
    """Two clients with other luck come back at other times."""
    early, late = Run(lost(), "answer", chance=0.0), Run(lost(), "answer", chance=0.75)
    await early.under(RetryPolicy())
    await late.under(RetryPolicy())
    assert (early.waits, late.waits) == ([0.0], [0.375])


async def test_the_attempts_end():
    """After the last attempt its own error is raised, with no wait before."""
    run = Run(*(lost(number) for number in range(1, 9)))
    with pytest.raises(APIConnectionError, match=r"^lost 3$"):
        await run.under(RetryPolicy(max_attempts=3))
    assert run.calls == 3
    assert run.waits == [0.25, 0.5]
    assert len(run.told) == 2


async def test_one_attempt_is_no_retry():
    """With one attempt nothing is retried."""
    run = Run(lost(), "answer")
    with pytest.raises(APIConnectionError, match=r"^lost 1$"):
        await run.under(RetryPolicy(max_attempts=1))
    assert (run.calls, run.waits) == (1, [])


async def test_the_seconds_end():
    """No wait begins that would end beyond the time allowed."""
    run = Run(*(lost(number) for number in range(1, 9)))
    with pytest.raises(APIConnectionError, match=r"^lost 3$"):
        await run.under(RetryPolicy(max_attempts=8, max_seconds=4.5))
    assert run.calls == 3
    assert run.waits == [0.25, 0.5]
    assert run.seconds == 3.75


async def test_a_wait_that_fills_the_time_is_made():
    """A wait up to the last moment is allowed."""
    run = Run(limited(9.0), "answer")
    assert await run.under(RetryPolicy(max_seconds=10.0)) == "answer"
    assert run.waits == [9.0]


async def test_a_wait_that_is_asked_for_may_be_too_long():
    """A server that asks for more than the time allowed ends the call at once."""
    run = Run(limited(9.5), "answer")
    with pytest.raises(RateLimitError, match=r"^answered 429$"):
        await run.under(RetryPolicy(max_seconds=10.0))
    assert (run.calls, run.waits, run.told) == (1, [], [])


async def test_a_429_that_attempts_wait_out_themselves():
    """Where a gate holds attempts back, its time is told and counts, but nobody sleeps as well."""
    run = Run(limited(7.0), lost(), "answer")
    assert await run.under(RetryPolicy(), refused_for=lambda: 3.5) == "answer"
    assert run.waits == [0.5]
    assert run.told == [("answered 429", 1, 3.5), ("lost 1", 2, 0.5)]
    run = Run(limited(7.0), "answer")
    with pytest.raises(RateLimitError):
        await run.under(RetryPolicy(max_seconds=4.0), refused_for=lambda: 3.5)
    assert (run.calls, run.waits, run.told) == (1, [], [])


async def test_what_may_not_be_retried_is_raised():
    """`may_retry` is asked of errors that would be retried, and only of them."""
    asked: list[str] = []

    def never(error: TelnyxError) -> bool:
        asked.append(str(error))
        return False

    for error in (lost(), NotFoundError("nothing", status=404)):
        run = Run(error, "answer")
        with pytest.raises(type(error)):
            await run.under(RetryPolicy(), may_retry=never)
        assert (run.calls, run.waits, run.told) == (1, [], [])
    with pytest.raises(APIConnectionError):
        await Run(lost()).under(RetryPolicy(max_attempts=1), may_retry=never)
    assert asked == ["lost 1"]


async def test_without_a_limit_any_wait_is_made():
    """With `max_seconds=None` an hour is waited if the server asks for it."""
    run = Run(limited(3600.0), "answer")
    assert await run.under(RetryPolicy(max_seconds=None)) == "answer"
    assert run.waits == [3600.0]


@pytest.mark.parametrize(
    "error",
    [
        APIConnectionError("lost"),
        APITimeoutError("slow"),
        ResponseDecodeError("$", "JSON", "b''", transient=True),
        *(APIStatusError.from_response("GET /x", s, "") for s in (408, 429, 500, 502, 503, 504)),
    ],
    ids=lambda error: str(error)[:40],
)
async def test_what_can_pass_is_retried(error):
    """Lost connections, timeouts, garbled answers and six statuses are tried again."""
    run = Run(error, "answer")
    assert await run.under(RetryPolicy()) == "answer"
    assert run.calls == 2


@pytest.mark.parametrize(
    "error",
    [
        APIConnectionError("bad certificate", transient=False),
        ResponseDecodeError("$.data[0].id", "a string", "3"),
        *(
            APIStatusError.from_response("GET /x", status, "")
            for status in (301, 400, 401, 403, 404, 409, 418, 422, 501, 505)
        ),
        NotFoundError("nothing", status=404, retry_after=1.0),
        TelnyxError("another"),
        ValueError("a bug"),
        TimeoutError("of the caller"),
        OSError("not mapped"),
        KeyboardInterrupt(),
        SystemExit(3),
        asyncio.CancelledError(),
        GeneratorExit(),
    ],
    ids=lambda error: f"{type(error).__name__} {error}"[:40],
)
async def test_what_cannot_pass_is_raised_as_it_is(error):
    """Everything else leaves at the first attempt, the same object that was raised."""
    run = Run(error, "answer")
    with pytest.raises(type(error)) as caught:
        await run.under(RetryPolicy())
    assert caught.value is error
    assert (run.calls, run.waits, run.told) == (1, [], [])


async def test_a_cancelled_attempt_ends_the_call():
    """Whoever is cancelled while an attempt runs is cancelled, and nothing is sent again."""
    run = Run(lost())
    started = asyncio.Event()

    async def attempt() -> str:
        run.calls += 1
        started.set()
        await asyncio.Event().wait()
        return "answer"

    run.attempt = attempt
    task = asyncio.create_task(run.under(RetryPolicy()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert (run.calls, run.waits, run.told) == (1, [], [])


async def test_a_cancelled_wait_ends_the_call():
    """Whoever is cancelled between two attempts is cancelled, and nothing is sent again."""
    run = Run(lost(), "answer")
    waiting = asyncio.Event()

    async def sleep(seconds: float) -> None:
        run.waits.append(seconds)
        waiting.set()
        await asyncio.Event().wait()

    run.clock = Clock(sleep=sleep, random=lambda: 0.5)
    task = asyncio.create_task(run.under(RetryPolicy()))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert (run.calls, run.waits) == (1, [0.25])


async def test_a_timeout_of_the_caller_ends_a_wait():
    """`asyncio.timeout` around a call works while the call waits to try again."""
    run = Run(lost(), "answer")

    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    run.clock = Clock(sleep=sleep, random=lambda: 0.5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await run.under(RetryPolicy())
    assert run.calls == 1
