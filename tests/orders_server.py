"""A server of orders, in which a test says how each request to place one ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from attrs import Factory, define

from tests.servers import page, serve

Answer = Callable[[web.Request, Mapping[str, Any]], Awaitable[web.StreamResponse]]


@define
class OrdersServer:
    """Keeps what was placed, and answers each request to place an order as the script says.

    `now` gives the time of the server's clock, by default that of this machine.
    """

    script: list[str] = Factory(list)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    bodies: list[Any] = Factory(list)
    placed: list[dict[str, Any]] = Factory(list)
    requests: list[str] = Factory(list)
    arrived: asyncio.Event = Factory(asyncio.Event)
    listing_fails: int = 0
    numbers: dict[str, Any] = Factory(dict)
    url: str = ""

    def commit(self, body: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        row = {
            "id": f"order-{len(self.placed) + 1}",
            "status": "pending",
            "created_at": self.now().isoformat(),
            "phone_numbers_count": len(body["phone_numbers"]),
            **body,
            **fields,
        }
        self.placed.insert(0, row)
        return row

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path.removeprefix('/v2')}")
        response = await self._answer(request)
        response.headers["Date"] = f"{self.now():%a, %d %b %Y %H:%M:%S} GMT"
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return await self._place(request)
        if request.path.count("/") > 2:
            wanted = request.path.rpartition("/")[2]
            if wanted in self.numbers:
                return web.json_response({"data": self.numbers[wanted]})
            for row in self.placed:
                if row["id"] == wanted:
                    return web.json_response({"data": row | {"record_type": "number_order"}})
            return web.json_response({"errors": []}, status=404)
        if self.listing_fails:
            self.listing_fails -= 1
            return web.Response(status=503)
        return page([row for row in self.placed if _matches(row, request.query)])

    async def _place(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.bodies.append(body)
        self.arrived.set()
        for step in (self.script.pop(0) if self.script else "commit ok").split():
            match step:
                case "commit":
                    row = self.commit(body)
                case "ok":
                    return web.json_response({"data": row})
                case "garbled":
                    return web.Response(text="<html>", content_type="text/html")
                case "reset":
                    assert request.transport is not None
                    request.transport.abort()
                    await asyncio.Event().wait()
                case "silence":
                    await asyncio.Event().wait()
                case status:
                    headers = {"Retry-After": "1"} if status == "429" else {}
                    return web.json_response({"errors": []}, status=int(status), headers=headers)
        raise AssertionError("a script has to end with an answer")


def _matches(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    created = datetime.fromisoformat(row["created_at"])
    after, before = query.get("filter[created_at][gt]"), query.get("filter[created_at][lt]")
    reference = query.get("filter[customer_reference]")
    return (
        (after is None or created > datetime.fromisoformat(after))
        and (before is None or created < datetime.fromisoformat(before))
        and (reference is None or row.get("customer_reference") == reference)
    )


@asynccontextmanager
async def orders_server(*script: str) -> AsyncIterator[OrdersServer]:
    """Serve orders; the script has the fate of each request to place one.

    A fate is made of steps: `commit`, and then `ok`, a status, `garbled`, `reset` or `silence`.
    """
    server = OrdersServer(list(script))
    async with serve(server.answer) as server.url:
        yield server
