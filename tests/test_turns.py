"""Turns: one at a time, first come first served, and others in between."""

import asyncio

import pytest

from telnyx_orders.turns import Turns


async def test_only_one_works_in_a_turn_of_the_loop() -> None:
    """However many want to work at once, the loop turns between two of them."""
    turns, worked, loop_turns = Turns(), list[int](), 0

    async def work(number: int) -> None:
        async with turns:
            worked.append(loop_turns)

    async def count() -> None:
        nonlocal loop_turns
        while len(worked) < 5:
            loop_turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(count())
        for number in range(5):
            group.create_task(work(number))
    assert len(set(worked)) == 5


async def test_first_come_first_served() -> None:
    """Who asks again stands behind those who wait: a large page is no obstacle to others."""
    turns, order = Turns(), list[str]()

    async def work(name: str, times: int) -> None:
        for _ in range(times):
            async with turns:
                order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(work("large", 3))
        group.create_task(work("small", 1))
        group.create_task(work("other", 1))
    assert order == ["large", "large", "small", "other", "large"]


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_who_is_cancelled_holds_up_nobody(cancelled: int) -> None:
    """Whoever is cancelled, working or waiting, the others get their turn."""
    turns, done = Turns(), list[int]()
    going = asyncio.Event()

    async def work(number: int) -> None:
        async with turns:
            if number == 0:
                await going.wait()
            done.append(number)

    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    await asyncio.sleep(0)
    tasks[cancelled].cancel()
    await asyncio.sleep(0)
    going.set()
    await asyncio.wait(tasks)
    assert done == [number for number in range(3) if number != cancelled]


def test_work_that_is_dropped_after_its_loop_does_not_complain() -> None:
    """A coroutine that is closed when its loop has ended gives its turn back in silence."""
    turns = Turns()

    async def work() -> None:
        async with turns:
            await asyncio.sleep(3600)

    working = work()

    async def begin() -> None:
        working.send(None)

    asyncio.run(begin())
    working.close()
    asyncio.run(turns.__aenter__())  # is free again
