"""The line before the gate: who goes next, who keeps the time, and who may leave it when."""

import asyncio
import logging
import random

import pytest

from telnyx_orders import Clock, RetryPolicy
from telnyx_orders.admission import FAIR_TURN, Admission, HeldTooLongError
from telnyx_orders.rate_limit import Permit, RateLimitGate
from telnyx_orders.rate_limit_headers import RateLimitHeaders
from tests.conftest import FakeTime, no_task_left

NOTHING = RateLimitHeaders()


class StoodClock:
    """A clock that stands still until it is set; those who sleep until then wake."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self.sleepers.append((self.now + seconds, awake))
        await awake.wait()

    async def set(self, now: float) -> None:
        self.now = now
        for at, awake in self.sleepers:
            if at <= now:
                awake.set()
        self.sleepers = [one for one in self.sleepers if one[0] > now]
        await turns()

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, sleep=self.sleep, random=lambda: 1.0)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Door:
    """An admission, and what has gone through it in which order."""

    def __init__(self, places: int = 100, *, time: StoodClock | None = None) -> None:
        self.time = time or StoodClock()
        self.gate = RateLimitGate()
        self.admission = Admission(self.gate, places, RetryPolicy(), self.time.clock())
        self.through: list[str] = []
        self.permits: dict[str, Permit] = {}
        self.held: dict[str, float] = {}

    def ask(
        self, name: str, *, background: bool = False, again: bool = False, allowed: float = 1e9
    ) -> "asyncio.Task[None]":
        async def enter() -> None:
            permit, held = await self.admission.enter(
                background=background, again=again, allowed=allowed
            )
            self.through.append(name)
            self.permits[name], self.held[name] = permit, held

        return asyncio.create_task(enter())

    def answer(self, name: str, headers: RateLimitHeaders = NOTHING, status: int = 200) -> None:
        self.admission.leave(self.permits.pop(name), status, headers)

    async def open(self) -> None:
        """Let the first request go, which finds a server that tells nothing."""
        await self.ask("probe")
        self.answer("probe")
        self.through.clear()


async def test_first_come_first_served():
    """Those of one class go in the order in which they came."""
    door = Door(places=1)
    await door.open()
    tasks = [door.ask(str(number)) for number in range(20)]
    await turns()
    for number in range(20):
        assert door.through == [str(one) for one in range(number + 1)]
        door.answer(str(number))
        await turns()
    await asyncio.gather(*tasks)


async def test_interactive_requests_go_ahead():
    """A request that somebody waits for goes before any of a bulk fetch, whenever it came."""
    door = Door(places=1)
    await door.open()
    tasks = [door.ask(f"page {number}", background=True) for number in range(100)]
    await turns()
    tasks.append(door.ask("single"))
    await turns()
    assert door.through == ["page 0"]
    door.answer("page 0")
    await turns()
    assert door.through == ["page 0", "single"]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_bulk_fetches_get_a_turn():
    """Where interactive requests never end, a page goes after so many of them."""
    door = Door(places=1)
    await door.open()
    tasks = [door.ask("first")]
    await turns()
    tasks += [door.ask(f"page {number}", background=True) for number in range(3)]
    tasks += [door.ask(f"single {number}") for number in range(50)]
    await turns()
    while len(door.through) < 30:
        door.answer(door.through[-1])
        await turns()
    pages = [place for place, name in enumerate(door.through) if name.startswith("page")]
    assert pages == [1 + FAIR_TURN, 2 + 2 * FAIR_TURN, 3 + 3 * FAIR_TURN]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_what_was_sent_before_goes_first():
    """A request that is sent again does not go back to the end of its line."""
    door = Door(places=1)
    await door.open()
    tasks = [door.ask("a"), door.ask("b"), door.ask("c", again=True)]
    await turns()
    door.answer("a")
    await turns()
    assert door.through == ["a", "c"]
    door.answer("c")
    await asyncio.gather(*tasks)


async def test_no_more_than_the_places():
    """Whatever the gate says, no more are in flight than there are places."""
    door = Door(places=3)
    await door.open()
    tasks = [door.ask(str(number)) for number in range(10)]
    await turns()
    assert len(door.through) == 3
    door.admission.leave(door.permits["0"])
    await turns()
    assert len(door.through) == 4
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_closed_gate_opens_for_one_and_then_for_all():
    """One timer wakes the line when the window ends; waiting is counted as held."""
    door = Door()
    await door.ask("first")
    door.answer("first", RateLimitHeaders(limit=5, remaining=0, reset=10.0, rounded=True))
    tasks = [door.ask(str(number)) for number in range(4)]
    await turns()
    assert door.through == ["first"]
    assert len(door.time.sleepers) == 1
    await door.time.set(door.time.sleepers[0][0])
    assert door.through == ["first", "0"]
    door.answer("0", RateLimitHeaders(limit=5, remaining=4, reset=10.0, rounded=True))
    await asyncio.gather(*tasks)
    assert door.through[:2] == ["first", "0"]
    assert set(door.through[2:]) == {"1", "2", "3"}
    assert door.held["first"] == 0
    assert all(10 <= door.held[str(number)] < 10.1 for number in range(4))


async def test_whoever_keeps_the_time_learns_that_it_comes_sooner():
    """A timer that is set to the end of a window is set anew when an answer tells otherwise."""
    door = Door()
    await door.open()
    tasks = [door.ask("a"), door.ask("b")]
    await turns()
    door.answer("a", RateLimitHeaders(limit=20, remaining=0, reset=60.0, rounded=True))
    pages = [door.ask(str(number), background=True) for number in range(9)]
    await turns()
    assert [at for at, _ in door.time.sleepers] == [1060]
    await door.time.set(1000.5)
    door.answer("b", RateLimitHeaders(limit=20, remaining=0, reset=59.0, rounded=True))
    await turns()
    assert min(at for at, _ in door.time.sleepers) == pytest.approx(1059.5, abs=0.3)
    for task in (*tasks, *pages):
        task.cancel()
    await asyncio.wait([*tasks, *pages])


async def test_waiting_for_a_place_is_not_held_by_the_rate_limit():
    """What waits for others to be answered does not wait for the rate limit."""
    door = Door(places=1)
    await door.open()
    tasks = [door.ask("a"), door.ask("b")]
    await turns()
    await door.time.set(door.time.now + 50)
    door.answer("a")
    await asyncio.gather(*tasks)
    assert door.held["b"] == 0


@pytest.mark.parametrize("status", [200, 429])
async def test_a_request_that_may_not_wait_so_long(status: int):
    """Who may wait less than the gate is closed is told so at once, with the time it opens."""
    door = Door()
    await door.ask("first")
    door.answer("first", RateLimitHeaders(limit=5, remaining=0, reset=60.0), status)
    for name in ("impatient", "impatient too"):
        with pytest.raises(HeldTooLongError) as caught:
            await door.ask(name, allowed=10)
        assert caught.value.seconds == pytest.approx(60, abs=0.1)
    patient = door.ask("patient", allowed=61)
    await turns()
    assert not patient.done()
    patient.cancel()
    await asyncio.wait([patient])


async def test_those_who_wait_when_the_gate_closes():
    """A closing sends away those in the line who may not wait for it; the others stay."""
    door = Door(places=1)
    await door.open()
    tasks = [door.ask("a"), door.ask("short", allowed=5), door.ask("long", allowed=100)]
    pages = [door.ask("page", background=True, allowed=5)]
    await turns()
    door.answer("a", RateLimitHeaders(retry_after=20.0), 429)
    await turns()
    assert [task.done() for task in tasks] == [True, True, False]
    assert isinstance(tasks[1].exception(), HeldTooLongError)
    assert isinstance(pages[0].exception(), HeldTooLongError)
    await door.time.set(1020.0)
    assert door.through[-1] == "long"


async def test_an_interactive_request_is_held_for_so_long_in_all():
    """Two closings add up for a single request; a page of a fetch endures any number of them."""
    door = Door()
    await door.ask("first")
    closed = RateLimitHeaders(retry_after=20.0)
    door.answer("first", closed, 429)
    probe = door.ask("probe")
    single = door.ask("single", allowed=30)
    page = door.ask("page", background=True, allowed=30)
    await turns()
    await door.time.set(1020.0)
    await probe
    door.answer("probe", closed, 429)
    await turns()
    assert isinstance(single.exception(), HeldTooLongError)
    assert not page.done()
    await door.time.set(1040.0)
    assert door.through[-1] == "page"


async def test_patience_ends_where_the_gate_is_not_even_closed():
    """A request that is held back again and again is sent away when its time is over."""
    door = Door()
    await door.ask("probe")
    tasks = [door.ask("first", allowed=0.3), door.ask("second", allowed=0.4), door.ask("third")]
    await turns()
    await door.time.set(1000.31)
    assert [task.done() for task in tasks] == [True, False, False]
    error = tasks[0].exception()
    assert isinstance(error, HeldTooLongError)
    assert error.seconds == pytest.approx(0.19)
    await door.time.set(1000.41)
    assert isinstance(tasks[1].exception(), HeldTooLongError)
    await door.time.set(1000.5)
    await tasks[2]


async def test_waiting_for_answers_is_not_held_by_the_rate_limit():
    """Where refusals have halved what may be in flight, the others wait as for a place."""
    door = Door()
    await door.open()
    tasks = [door.ask(name) for name in "abcd"]
    await turns()
    door.answer("a", status=429)
    tasks.append(door.ask("e"))
    await turns()
    await door.time.set(1000.5)
    door.answer("e")
    tasks.append(door.ask("f", allowed=10))
    await turns()
    await door.time.set(1050.0)
    assert "f" not in door.through
    door.answer("b")
    door.answer("c")
    await asyncio.gather(*tasks)
    assert door.held["f"] == 0


async def test_each_closing_is_told_once(caplog: pytest.LogCaptureFixture):
    """A line in the log for each time that requests are held, and none for those it holds."""
    caplog.set_level(logging.INFO, logger="telnyx_orders")
    door = Door()
    await door.ask("first")
    door.answer("first", RateLimitHeaders(limit=5, remaining=0, reset=10.0))
    tasks = [door.ask(str(number)) for number in range(5)]
    await turns()
    await door.time.set(1010.0)
    door.answer("0", RateLimitHeaders(), 429)
    await turns()
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("INFO", "rate limit used up: no request is sent for 10.00 s"),
        ("WARNING", "answered 429: no request is sent for 0.50 s"),
    ]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_whoever_leaves_hands_the_time_on():
    """Cancelling whoever keeps the time, again and again, leaves the others to be woken."""
    async with no_task_left():
        door = Door()
        await door.ask("first")
        door.answer("first", RateLimitHeaders(limit=9, remaining=0, reset=10.0))
        tasks = [door.ask(str(number)) for number in range(9)]
        await turns()
        for task in tasks[:8]:
            task.cancel()
            await turns()
            assert task.cancelled()
            assert sum(not one[1].is_set() for one in door.time.sleepers) >= 1
        await door.time.set(1011.0)
        assert door.through == ["first", "8"]


async def test_cancelled_just_when_it_may_go():
    """Who is cancelled in the moment in which it is let go gives its permit back."""
    door = Door(places=1)
    await door.open()
    first, second, third = door.ask("a"), door.ask("b"), door.ask("c")
    await turns()
    door.answer("a")
    second.cancel()
    await turns()
    assert second.cancelled()
    assert door.through == ["a", "c"]
    assert door.gate.in_flight == 1
    await asyncio.gather(first, third)


@pytest.mark.parametrize("seed", range(40))
async def test_any_pattern_of_cancelling_leaves_nobody_hanging(seed: int, fake_time: FakeTime):
    """Requests that come, go, fail and are cancelled at random: all others get through."""
    chance = random.Random(seed)
    gate = RateLimitGate()
    admission = Admission(gate, 3, RetryPolicy(), fake_time.clock())
    window = {"left": 5, "ends": fake_time.now + 10}
    through = 0

    def look() -> tuple[int, RateLimitHeaders]:
        if fake_time.now >= window["ends"]:
            window.update(left=5, ends=fake_time.now + 10)
        status = 200 if window["left"] else 429
        window["left"] -= status == 200
        reset = window["ends"] - fake_time.now
        return status, RateLimitHeaders(limit=5, remaining=int(window["left"]), reset=reset)

    async def request(background: bool) -> None:
        nonlocal through
        permit, _ = await admission.enter(background=background, again=False, allowed=1e9)
        answer = None
        try:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if chance.random() < 0.8:
                answer = look()
        finally:
            admission.leave(permit, *(answer or (None, None)))
        through += 1

    async with no_task_left():
        tasks = [asyncio.create_task(request(chance.random() < 0.5)) for _ in range(60)]
        for _ in range(30):
            for _ in range(chance.randrange(5)):
                await asyncio.sleep(0)
            chance.choice(tasks).cancel()
        async with asyncio.timeout(10):
            await asyncio.wait(tasks)
    assert through == sum(not task.cancelled() for task in tasks)
    assert gate.in_flight == 0


async def test_a_clock_that_fails_fails_who_waits():
    """An error of the user's own clock comes out, and the line goes on."""

    async def broken(_: float) -> None:
        raise RuntimeError("no sleep")

    door = Door()
    await door.ask("first")
    door.answer("first", RateLimitHeaders(retry_after=5.0), 429)
    door.admission._clock = Clock(monotonic=lambda: door.time.now, sleep=broken)
    with pytest.raises(RuntimeError, match="no sleep"):
        await door.ask("second")
    door.admission._clock = door.time.clock()
    third = door.ask("third")
    await turns()
    await door.time.set(1005.0)
    assert door.through == ["first", "third"]
    await third
