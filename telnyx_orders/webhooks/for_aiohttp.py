"""Deliveries in an aiohttp.web application."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from telnyx_orders.configuration import check_count
from telnyx_orders.webhooks.deliveries import DeliveryStore, MemoryDeliveryStore
from telnyx_orders.webhooks.events import WebhookEvent
from telnyx_orders.webhooks.receiving import (
    DEFAULT_MAX_BODY_BYTES,
    UNREADABLE,
    Answer,
    read_body,
    received,
)
from telnyx_orders.webhooks.verifier import WebhookVerifier

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["aiohttp_handler"]


def aiohttp_handler(
    verifier: WebhookVerifier,
    on_event: Callable[[WebhookEvent], Awaitable[object]],
    *,
    dedup: DeliveryStore | None = None,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
) -> "Callable[[web.Request], Awaitable[web.Response]]":
    """Make a handler that acts on each event once.

    It answers 403 to what is not validly signed, 400 to what is no event or cannot be decompressed,
    413 to a body beyond the limit, and 503 while the same event is being acted on. When `on_event`
    raises, aiohttp answers 500, and the event is acted on when it is delivered again.

    Args:
        verifier: Says what is genuine.
        on_event: Acts on an event. It is called again for an event that it has failed on, and may
            be for one whose outcome could not be stored, so a second call should do no harm.
        dedup: Remembers the events; a `MemoryDeliveryStore` of this handler if left out.
        max_body_bytes: How much of a body is read.

    Raises:
        ConfigurationError: `max_body_bytes` is not above 0.

    Example:
        >>> app = web.Application()
        >>> app.router.add_post("/webhooks", aiohttp_handler(WebhookVerifier(), on_event))
    """
    from aiohttp import web

    check_count("max_body_bytes", max_body_bytes)
    store = MemoryDeliveryStore() if dedup is None else dedup

    async def body_of(request: web.Request) -> bytes | Answer:
        try:
            return await read_body(request.content.iter_any(), max_body_bytes)
        except (web.RequestPayloadError, ConnectionError):
            # aiohttp would go on to read the rest, and fail at it once more.
            request.content.feed_eof()
            return UNREADABLE

    async def handle(request: web.Request) -> web.Response:
        body = await body_of(request)
        async with received(verifier, store, body, request.headers) as event:
            if isinstance(event, Answer):
                return web.Response(status=event.status, text=event.text, headers=event.headers)
            await on_event(event)
        return web.Response(text="taken")

    return handle
