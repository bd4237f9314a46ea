"""The ways to fetch a whole account that are compared.

A contender imports what it needs, and gives a function that fetches: an import is no part of a
fetch, and what one contender imports is nothing that another has in memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from tests.benchmarks.server import KEY, PAGE_SIZE

Fetch = Callable[[str, int], Awaitable[Sequence[Any]]]
"""Fetches every order from a base URL, so many pages at a time."""

AUTHORIZED: Final = {"Authorization": f"Bearer {KEY}"}


def ours() -> Fetch:
    """This package."""
    from telnyx_orders import OrdersClient

    async def fetch(url: str, at_once: int) -> Sequence[Any]:
        async with OrdersClient(KEY, base_url=url, concurrency=at_once) as client:
            return await client.number_orders.list().collect()

    return fetch


def ours_streamed() -> Fetch:
    """This package by `async for`, which gives the orders away."""
    from telnyx_orders import OrdersClient

    async def fetch(url: str, at_once: int) -> Sequence[Any]:
        async with OrdersClient(KEY, base_url=url, concurrency=at_once) as client:
            async for _ in client.number_orders.list():
                pass
        return ()

    return fetch


def vendor() -> Fetch:
    """The vendor's SDK as its README has it: `async for`, which takes page after page."""
    from telnyx import AsyncTelnyx

    async def fetch(url: str, _: int) -> Sequence[Any]:
        async with AsyncTelnyx(api_key=KEY, base_url=url) as client:
            return [one async for one in client.number_orders.list(page_size=PAGE_SIZE)]

    return fetch


def vendor_at_once() -> Fetch:
    """The vendor's SDK, its pages asked for by number."""
    from telnyx import AsyncTelnyx

    async def fetch(url: str, at_once: int) -> Sequence[Any]:
        async with AsyncTelnyx(api_key=KEY, base_url=url) as client:
            return await _vendor_pages(client, at_once)

    return fetch


def vendor_on_aiohttp() -> Fetch:
    """The vendor's SDK over aiohttp instead of httpx, its pages asked for by number."""
    from telnyx import AsyncTelnyx, DefaultAioHttpClient

    async def fetch(url: str, at_once: int) -> Sequence[Any]:
        http_client = DefaultAioHttpClient()
        async with AsyncTelnyx(api_key=KEY, base_url=url, http_client=http_client) as client:
            return await _vendor_pages(client, at_once)

    return fetch


async def _vendor_pages(client: Any, at_once: int) -> list[Any]:
    places = asyncio.Semaphore(at_once)

    async def page(number: int) -> Any:
        async with places:
            return await client.number_orders.list(page_number=number, page_size=PAGE_SIZE)

    first = await page(1)
    numbers = range(2, first.meta.total_pages + 1)
    rest = await asyncio.gather(*(page(number) for number in numbers))
    return [order for one in (first, *rest) for order in one.data]


def gathered() -> Fetch:
    """What one writes by hand: aiohttp, json and `asyncio.gather`, with no check of anything."""
    import aiohttp

    async def fetch(url: str, at_once: int) -> Sequence[Any]:
        connector = aiohttp.TCPConnector(limit=at_once)
        async with aiohttp.ClientSession(headers=AUTHORIZED, connector=connector) as session:

            async def page(number: int) -> Any:
                asked = {"page[number]": number, "page[size]": PAGE_SIZE}
                async with session.get(f"{url}/number_orders", params=asked) as response:
                    return await response.json()

            first = await page(1)
            numbers = range(2, first["meta"]["total_pages"] + 1)
            rest = await asyncio.gather(*(page(number) for number in numbers))
            return [order for one in (first, *rest) for order in one["data"]]

    return fetch


def floor() -> Fetch:
    """The least there is to do: aiohttp, and msgspec straight into the attrs classes."""
    import aiohttp
    import attrs
    import msgspec
    import yarl

    from telnyx_orders.models import NumberOrder, PageMeta

    @attrs.define
    class Answer:
        data: list[NumberOrder]
        meta: PageMeta

    decode = msgspec.json.Decoder(Answer).decode

    async def fetch(url: str, at_once: int) -> Sequence[Any]:
        orders: list[NumberOrder] = []
        async with aiohttp.ClientSession(
            headers=AUTHORIZED,
            connector=aiohttp.TCPConnector(limit=at_once),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        ) as session:

            async def page(number: int) -> Answer:
                query = f"page%5Bnumber%5D={number}&page%5Bsize%5D={PAGE_SIZE}"
                asked = yarl.URL(f"{url}/number_orders?{query}", encoded=True)
                async with session.get(asked) as response:
                    return decode(await response.read())

            async def work() -> None:
                for number in numbers:
                    orders.extend((await page(number)).data)

            first = await page(1)
            orders.extend(first.data)
            numbers = iter(range(2, first.meta.total_pages + 1))
            await asyncio.gather(*(work() for _ in range(at_once)))
        return orders

    return fetch


CONTENDERS: Final[dict[str, Callable[[], Fetch]]] = {
    "telnyx-orders": ours,
    "telnyx-orders, `async for`": ours_streamed,
    "vendor's SDK, page after page": vendor,
    "vendor's SDK, 20 at a time": vendor_at_once,
    "vendor's SDK on aiohttp, 20 at a time": vendor_on_aiohttp,
    "`asyncio.gather` by hand, no checks": gathered,
    "the floor: aiohttp and msgspec, no checks": floor,
}
