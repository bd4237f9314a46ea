"""Several accounts at a time in this process, each with a client and a rate limit of its own."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from telnyx_orders.fleet.work import AccountResult, Task

__all__ = ["run_here"]


async def run_here(tasks: Sequence[Task], at_once: int) -> AsyncGenerator[AccountResult]:
    """Run tasks, so many at once, and give each result as it comes."""
    left = iter(tasks)
    running: set[asyncio.Task[AccountResult]] = set()

    def begin() -> None:
        while len(running) < at_once and (task := next(left, None)) is not None:
            name = f"export of {task.account.name}"
            running.add(asyncio.create_task(task.run(), name=name))

    try:
        begin()
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            running.difference_update(done)
            begin()
            for one in done:
                yield one.result()
    finally:
        for one in running:
            one.cancel()
        if running:
            await asyncio.wait(running)
