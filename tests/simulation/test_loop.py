"""The loop's time is virtual, and it says what is left and when nothing can come."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.simulation.loop import StuckError, VirtualLoop
from tests.simulation.owner import NOBODY, OWNER


def run(main: Callable[[VirtualLoop], Awaitable[Any]]) -> VirtualLoop:
    loop = VirtualLoop()

    async def running() -> None:
        await main(loop)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(running())
    return loop


def test_time_passes_only_while_all_wait() -> None:
    """A month of sleep takes no time, and comes to exactly a month."""

    async def main(loop: VirtualLoop) -> None:
        month = 30 * 24 * 3600.0
        order: list[str] = []

        async def sleeper(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper("month", month))
            group.create_task(sleeper("second", 1))
            group.create_task(sleeper("none", 0))
        assert order == ["none", "second", "month"]
        assert loop.time() == month

    began = time.monotonic()
    run(main)
    assert time.monotonic() - began < 60


def test_waiting_for_nothing_is_an_error() -> None:
    """Where a real loop would hang for ever, this one says who waits."""
    with pytest.raises(StuckError, match="nothing can come: .*running"):
        run(lambda _: asyncio.Event().wait())


async def forever() -> None:
    while True:
        await asyncio.sleep(1000)


def test_going_on_for_ever_is_an_error() -> None:
    """So is a timer after the other without an end."""
    with pytest.raises(StuckError, match="no end after"):
        run(lambda _: forever())


def test_what_is_left_is_told_by_owner() -> None:
    """Tasks and timers belong to whoever began what they follow from."""

    async def main(loop: VirtualLoop) -> None:
        async def parent() -> None:
            OWNER.set("one")
            asyncio.get_running_loop().call_later(5, print)
            children.append(asyncio.create_task(asyncio.sleep(7)))

        children: list[asyncio.Task[None]] = []
        await asyncio.create_task(parent())
        await loop.turn()
        assert loop.time() == 0
        assert [timer.when() for timer in loop.timers("one")] == [5, 7]
        assert loop.tasks("one") == children
        assert len(loop.left("one")) == 3
        assert loop.left(NOBODY) == []
        children[0].cancel()
        await loop.turn()
        assert [timer.when() for timer in loop.timers("one")] == [5]

    run(main)


def test_what_is_for_a_thread_runs_at_once() -> None:
    """There are no threads, which would come whenever they like."""

    async def main(loop: VirtualLoop) -> None:
        assert await asyncio.to_thread(sum, [1, 2]) == 3
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 / 0)

    run(main)


def test_every_step_is_told() -> None:
    """A task's steps are counted one by one, each before anything else happens."""
    seen: list[tuple[str, float]] = []

    async def main(loop: VirtualLoop) -> None:
        async def steps() -> None:
            OWNER.set("stepper")
            await asyncio.sleep(1)
            await asyncio.sleep(0)

        task = asyncio.create_task(steps())
        loop.on_step = lambda owner: seen.append((owner, loop.time()))
        await task
        loop.on_step = None

    run(main)
    # To the sleep, its timer, the task that this wakes, and from the sleep of nothing to the end.
    assert [at for owner, at in seen if owner == "stepper"] == [0, 1, 1, 1]


def test_what_nobody_took_is_kept() -> None:
    """An error that no task awaits is noted."""

    async def main(loop: VirtualLoop) -> None:
        loop.call_soon(lambda: 1 / 0)
        await loop.turn()

    assert "division by zero" in run(main).unhandled[0]
