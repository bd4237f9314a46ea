"""Whoever visits the web application: asks at random times, whether it has answered or not."""

import asyncio
import random
import re
import time
from statistics import quantiles

import yarl

from tests.benchmarks import child

RATE = 200
"""Requests a second."""
WARM_UP = 1.0
"""Seconds until answers count."""
KEPT = 2.0
"""Seconds that an idle connection is used again, which is less than any server keeps it."""

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Visitor:
    """Asks over connections that it keeps, and notes the seconds to each answer.

    Not with an HTTP client, which would add its own time to each answer.
    """

    def __init__(self, url: str) -> None:
        at = yarl.URL(url)
        self._host, self._port = at.host, at.port
        self._request = f"GET /ping HTTP/1.1\r\nHost: {at.authority}\r\n\r\n".encode()
        self._kept: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seconds: list[float] = []

    async def ask(self, counts: bool) -> None:
        """Ask once."""
        reader, writer = await self._connected()
        begun = time.perf_counter()
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            raise RuntimeError(f"no good answer: {head!r}")
        await reader.readexactly(int(length[1]))
        now = time.perf_counter()
        if counts:
            self.seconds.append(now - begun)
        self._kept.append((now, reader, writer))

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._kept:
            since, reader, writer = self._kept.pop()  # the last used, so that others go idle
            if time.perf_counter() - since < KEPT:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    def leave(self) -> None:
        """Close what was kept."""
        for _, _, writer in self._kept:
            writer.close()


async def visit(url: str, length: float) -> dict[str, float]:
    """Ask for so many seconds; gives the quantiles of the seconds to an answer."""
    visitor, chance = Visitor(url), random.Random(0)
    begun = due = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        while due < begun + WARM_UP + length:
            await asyncio.sleep(due - time.perf_counter())
            group.create_task(visitor.ask(due > begun + WARM_UP))
            due += chance.expovariate(RATE)
    visitor.leave()
    hundredths = quantiles(visitor.seconds, n=100, method="inclusive")
    return {
        "answers": len(visitor.seconds),
        "p50": hundredths[49],
        "p99": hundredths[98],
        "max": max(visitor.seconds),
    }


if __name__ == "__main__":
    child.answer(lambda **told: asyncio.run(visit(**told)))
