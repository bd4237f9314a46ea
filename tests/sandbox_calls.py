"""A sandbox with a clock that a test moves, and plain calls of its endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from attrs import define

from telnyx_orders.sandbox import Sandbox

US = "+19705555098"
OTHER_US = "+13125550147"
GB = "+442079460991"
GERMAN = "+493023125123"
FRENCH = "+33199001234"
TOLL_FREE = "+18005550123"


@define
class Time:
    """A clock that stands still until it is moved."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@define
class Calls:
    """Calls of one sandbox, each giving the status and the JSON of its answer."""

    sandbox: Sandbox
    session: aiohttp.ClientSession
    time: Time

    async def __call__(
        self, method: str, path: str, json: object = None, **settings: Any
    ) -> tuple[int, Any]:
        async with self.session.request(
            method, self.sandbox.base_url + path, json=json, **settings
        ) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **query: str) -> Any:
        """The body of a GET that is answered with 200."""
        status, body = await self("GET", path, params=query)
        assert status == 200, body
        return body

    async def place(self, *numbers: str, **fields: object) -> dict[str, Any]:
        """Place an order, and give it."""
        entries = [{"phone_number": number} for number in numbers]
        status, body = await self("POST", "/number_orders", {"phone_numbers": entries, **fields})
        assert status == 200, body
        return body["data"]

    async def order(self, order_id: object) -> dict[str, Any]:
        """An order as it is given alone."""
        return (await self.get(f"/number_orders/{order_id}"))["data"]

    async def sub_orders(self, **filters: str) -> list[dict[str, Any]]:
        """The sub number orders that match."""
        query = {f"filter[{name}]": value for name, value in filters.items()}
        return (await self.get("/sub_number_orders", **query))["data"]


@asynccontextmanager
async def calls_of(orders: int = 0, **settings: Any) -> AsyncIterator[Calls]:
    """A sandbox and calls of it."""
    time = Time()
    async with (
        Sandbox(orders, clock=time, **settings) as sandbox,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.api_key}"}) as session,
    ):
        yield Calls(sandbox, session, time)
