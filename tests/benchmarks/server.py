"""The server: a sandbox in a process of its own, which says what it has cost and seen."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import frozen

from tests.benchmarks import child

KEY: Final = "KEYbenchmark0123456789"
PAGE_SIZE: Final = 250
"""Orders a page: the most that the API gives."""


@frozen
class Seen:
    """What a server has seen since it was last told a latency.

    Attributes:
        requests: Requests that arrived.
        cpu: Seconds of CPU that its process took, user and system.
    """

    requests: int
    cpu: float


class Server:
    """A sandbox that runs elsewhere. It is told a line and answers with a line."""

    def __init__(self, told: Any, answers: Any) -> None:
        self._told = told
        self._answers = answers
        self.url: str = self._next()

    def begin(self, latency: float) -> None:
        """Count anew, and answer each request after so many seconds."""
        self._tell(latency)
        self._next()

    def seen(self) -> Seen:
        """What was seen since `begin`."""
        self._tell(None)
        return Seen(**self._next())

    def _tell(self, what: object) -> None:
        self._told.write(f"{json.dumps(what)}\n")
        self._told.flush()

    def _next(self) -> Any:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the server ended; what it printed says why")
        return json.loads(line)


@contextmanager
def serving(orders: int, numbers: int | None = None) -> Iterator[Server]:
    """Have an account served while the block runs.

    Args:
        orders: How many orders it has.
        numbers: Phone numbers of each; `None` for 1 to 5, mostly 1.
    """
    with child.start("server", orders=orders, numbers=numbers) as process:
        try:
            yield Server(process.stdin, process.stdout)
        finally:
            process.terminate()


async def serve(orders: int, numbers: int | None) -> None:
    """Be the server, until terminated."""
    from telnyx_orders.sandbox import Sandbox

    async with Sandbox(orders, api_key=KEY, numbers_per_order=numbers) as sandbox:
        print(json.dumps(sandbox.base_url), flush=True)
        cpu = 0.0
        while line := await asyncio.to_thread(sys.stdin.readline):
            latency = json.loads(line)
            if latency is None:
                seen = {"requests": sandbox.counters.requests, "cpu": time.process_time() - cpu}
                print(json.dumps(seen), flush=True)
            else:
                sandbox.latency = latency
                sandbox.reset_counters()
                cpu = time.process_time()
                print("null", flush=True)


if __name__ == "__main__":
    asyncio.run(serve(**json.loads(sys.argv[1])))
