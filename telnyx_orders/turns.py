"""Turns: work that would hold the event loop if all of it were done at once."""

import asyncio
from types import TracebackType

__all__ = ["Turns"]


class Turns:
    """Lets one task do some work in each turn of the event loop, first come, first served.

    Twenty pages may arrive in the same turn. Decoded within it, they would hold up everybody else
    twenty times as long as one of them.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._lock.acquire()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # dropped in mid-work, when its loop had ended
            self._lock.release()
        else:
            loop.call_soon(self._lock.release)
