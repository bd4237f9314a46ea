"""A server that answers in turn as a test says, and keeps what it was asked."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from attrs import Factory, define, frozen

from telnyx_orders import OrdersClient
from tests.conftest import FakeTime
from tests.servers import KEY, serve

Answer = tuple[int, object] | None
"""A status and what becomes the JSON body; `None` drops the connection without a word."""


@frozen
class Asked:
    """A request as it arrived: its path and query as they stand on the wire, its JSON body."""

    method: str
    target: str
    body: object


@define
class Recording:
    """A client, and what its server was asked."""

    client: OrdersClient
    asked: list[Asked] = Factory(list)
    headers: list[dict[str, str]] = Factory(list)


@asynccontextmanager
async def recording(answers: Sequence[Answer], **settings: object) -> AsyncIterator[Recording]:
    """Serve some answers, one a request, to a client that waits for nothing."""
    remaining = list(answers)

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = Asked(request.method, request.raw_path, json.loads(body) if body else None)
        record.asked.append(asked)
        record.headers.append(dict(request.headers))
        answer = remaining.pop(0)
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        status, value = answer
        return web.json_response(value, status=status)

    async with serve(handle) as url:
        clock = FakeTime().clock()
        async with OrdersClient(
            KEY, base_url=url, clock=clock, trust_env=False, **settings
        ) as client:  # type: ignore[arg-type]
            record = Recording(client)
            yield record
    assert not remaining, f"not asked for: {remaining}"


def refused(status: int) -> Answer:
    """Refuse as the API does."""
    return status, {"errors": [{"code": "10015", "title": "Bad Request", "detail": "No."}]}
