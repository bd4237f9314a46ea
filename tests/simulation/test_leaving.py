"""A loop that is left from within its body ends at once and leaves nothing, wherever that is."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from telnyx_orders import APITimeoutError
from tests.simulation.suspension import (
    BUSY,
    HARD,
    MOVING,
    Interference,
    Orders,
    Run,
    Scene,
    Using,
    interfere,
)


class Leave(Interference):
    """Counts how often a body runs, and leaves it the n-th time, by an error or a `break`."""

    def __init__(self, nth: int, error: type[BaseException] | None) -> None:
        self.times = 0
        self.left_at: float | None = None
        self._nth = nth
        self._error = error
        self._came_out = error is None

    def body(self, *_: object) -> bool:
        """What the user does with a row, a page or a progress; tells whether to break."""
        self.times += 1
        if self.times != self._nth:
            return False
        self.left_at = asyncio.get_running_loop().time()
        if self._error is not None:
            raise self._error("of the body")
        return True

    async def use(self, using: Using, pager: Orders) -> list[str]:
        try:
            return await using(pager)
        except BaseException as error:  # noqa: BLE001  # a CancelledError among them
            self._came_out = type(error) is self._error and error.args == ("of the body",)
        return []

    async def judge(self, run: Run) -> None:
        assert self._came_out
        assert self.left_at is None or self.left_at == run.loop.time()


Reading = Callable[[Leave, Orders], Any]


async def rows(leave: Leave, pager: Orders) -> list[str]:
    async for _ in pager:
        if leave.body():
            break
    return []


async def rows_closed(leave: Leave, pager: Orders) -> list[str]:
    async with aclosing(aiter(pager)) as orders:
        async for _ in orders:
            if leave.body():
                return []
    return []


async def pages(leave: Leave, pager: Orders) -> list[str]:
    async for _ in pager.pages():
        if leave.body():
            break
    return []


async def pages_closed(leave: Leave, pager: Orders) -> list[str]:
    async with aclosing(pager.pages()) as all_pages:
        async for _ in all_pages:
            if leave.body():
                break
    return []


async def progress(leave: Leave, pager: Orders) -> list[str]:
    await pager.collect(lambda _: leave.body() and None)
    return []


async def awaited_progress(leave: Leave, pager: Orders) -> list[str]:
    async def report(_: object) -> None:
        leave.body()

    await pager.collect(report)
    return []


def leave_everywhere(scene: Scene, reading: Reading, error: type[BaseException] | None) -> int:
    counting = Leave(0, None)
    interfere(scene, lambda pager: reading(counting, pager), counting, 0)
    for nth in range(1, counting.times + 1):
        leave = Leave(nth, error)
        interfere(scene, lambda pager, leave=leave: reading(leave, pager), leave, 0)
        assert leave.times == nth
    return counting.times


SCENES = [
    pytest.param(BUSY, id="busy"),
    pytest.param(HARD, id="hard"),
    pytest.param(MOVING, id="moving"),
]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("reading", [rows, rows_closed, pages, pages_closed])
def test_broken_off(reading: Reading, scene: Scene) -> None:
    """`break` and `return` end the requests, with `aclosing` and without."""
    assert leave_everywhere(scene, reading, None) >= 4


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError, TimeoutError, asyncio.CancelledError, APITimeoutError],
)
@pytest.mark.parametrize(
    "reading", [rows, rows_closed, pages, pages_closed, progress, awaited_progress]
)
def test_an_error_in_the_body(reading: Reading, error: type[BaseException]) -> None:
    """What the body raises comes out as it is, and ends the requests."""
    assert leave_everywhere(HARD, reading, error) >= 4
