"""Coroutines that run at the same time, owned by whoever awaits them."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TypeVar

__all__ = ["run_together"]

T = TypeVar("T")


async def run_together(works: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Run coroutines at the same time and give their results in order.

    Raises:
        BaseException: What one of them raised, as it is and in no group; the others were cancelled.
    """
    tasks: list[asyncio.Task[T]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks.extend(group.create_task(work) for work in works)
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
    else:
        return [task.result() for task in tasks]
    try:
        raise first
    finally:
        del first  # whose traceback holds this frame
