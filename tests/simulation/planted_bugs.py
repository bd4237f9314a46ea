"""Clients that are wrong in one way each, to see whether the simulation finds it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import yarl
from attrs import evolve

from telnyx_orders import OrdersClient

__all__ = ["BUGS", "Bug"]


class Bug:
    """A way to be wrong; as it stands, it is none.

    Attributes:
        words: What the violation says.
    """

    words = ""

    async def before(self, client: OrdersClient) -> None:
        """Do something before a fetch."""

    async def spoil(self, orders: list[Any]) -> list[Any]:
        """Change what a fetch gives, or how it ends."""
        return orders

    async def cancelled(self) -> None:
        """Do something when a fetch is cancelled."""
        raise asyncio.CancelledError

    async def before_close(self) -> None:
        """Do something before the client is closed."""

    def client(self, *args: Any, **settings: Any) -> OrdersClient:
        """Make a client that has it."""
        return _BuggyClient(self, *args, **settings)


class _BuggyClient(OrdersClient):
    def __init__(self, bug: Bug, api_key: str, **settings: Any) -> None:
        super().__init__(api_key, **settings)
        self.bug = bug
        self.url = settings["base_url"]
        self.right = self.number_orders
        self.number_orders = self  # type: ignore[assignment]

    def list(self, **asked: Any) -> Any:
        return _BuggyPager(self, asked)

    async def close(self) -> None:
        await self.bug.before_close()
        await super().close()


class _BuggyPager:
    def __init__(self, client: _BuggyClient, asked: dict[str, Any]) -> None:
        self._client = client
        self._pager = client.right.list(**asked)

    @property
    def report(self) -> Any:
        return getattr(self._pager, "report", None)

    def __await__(self) -> Any:
        return self._pager.__await__()

    def __aiter__(self) -> Any:
        return self._pager.__aiter__()

    def pages(self) -> AsyncGenerator[Any]:
        return self._pager.pages()

    async def collect(self, *asked: Any, **settings: Any) -> list[Any]:
        bug = self._client.bug
        await bug.before(self._client)
        try:
            orders = await self._pager.collect(*asked, **settings)
        except asyncio.CancelledError:
            await bug.cancelled()
            return []
        return await bug.spoil(orders)


class Repeats(Bug):
    words = "came twice"

    async def spoil(self, orders: list[Any]) -> list[Any]:
        return orders + orders[5:6]


class Loses(Bug):
    words = "that stood still"

    async def spoil(self, orders: list[Any]) -> list[Any]:
        return orders[:5] + orders[6:]


class Invents(Bug):
    words = "never were"

    async def spoil(self, orders: list[Any]) -> list[Any]:
        return [*orders, *(evolve(order, id="invented") for order in orders[:1])]


class Disorders(Bug):
    words = "that stood still"

    async def spoil(self, orders: list[Any]) -> list[Any]:
        return orders[::-1]


class LeaksTask(Bug):
    words = "left: <SimulatedTask"

    async def before(self, client: OrdersClient) -> None:
        self.task = asyncio.create_task(asyncio.sleep(1e5))


class LeaksTimer(Bug):
    words = "left: <TimerHandle"

    async def before(self, client: OrdersClient) -> None:
        asyncio.get_running_loop().call_later(1e5, print)


class LeaksConnection(Bug):
    words = "left: <connection"

    async def before(self, client: Any) -> None:
        loop, sock = asyncio.get_running_loop(), socket.socket()
        url = yarl.URL(client.url)
        await loop.sock_connect(sock, (url.host, url.port))
        await loop.create_connection(asyncio.Protocol, sock=sock)


class FailsAside(Bug):
    words = "unhandled"

    async def before(self, client: OrdersClient) -> None:
        async def fail() -> None:
            raise ZeroDivisionError

        self.task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        del self.task


class SwallowsCancellation(Bug):
    words = "was cancelled and went on"

    async def cancelled(self) -> None:
        pass


class EndsSlowly(Bug):
    words = "after it was told to"

    async def cancelled(self) -> None:
        await asyncio.sleep(0.5)
        raise asyncio.CancelledError


class ClosesSlowly(Bug):
    words = "took time to close"

    async def before_close(self) -> None:
        await asyncio.sleep(0.5)


class LetsErrorsOut(Bug):
    words = "left the package"

    async def spoil(self, orders: list[Any]) -> list[Any]:
        raise KeyError("data")


class StaysBroken(Bug):
    words = "unusable afterwards"

    def __init__(self) -> None:
        self.broken = False

    async def cancelled(self) -> None:
        self.broken = True
        raise asyncio.CancelledError

    async def spoil(self, orders: list[Any]) -> list[Any]:
        return [] if self.broken else orders


class Hangs(Bug):
    words = "does not end"

    async def cancelled(self) -> None:
        await asyncio.Event().wait()


class Insists(Bug):
    words = "requests for"

    async def before(self, client: Any) -> None:
        for _ in range(400):
            await client.right.list(page_size=1)


class Floods(Bug):
    words = "answers were 429"

    async def before(self, client: Any) -> None:
        headers = {"Authorization": "Bearer KEYsandbox0123456789"}
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(self._get(session, f"{client.url}/number_orders"))

    async def _get(self, session: aiohttp.ClientSession, url: str) -> None:
        try:
            async with session.get(url):
                pass
        except aiohttp.ClientError:
            pass


BUGS = [*Bug.__subclasses__()]
