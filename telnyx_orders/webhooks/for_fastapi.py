"""Deliveries in a FastAPI application."""

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

from telnyx_orders.configuration import check_count
from telnyx_orders.webhooks.deliveries import DeliveryStore, MemoryDeliveryStore
from telnyx_orders.webhooks.events import WebhookEvent
from telnyx_orders.webhooks.receiving import (
    DEFAULT_MAX_BODY_BYTES,
    Answer,
    read_body,
    received,
)
from telnyx_orders.webhooks.verifier import WebhookVerifier

if TYPE_CHECKING:
    from fastapi import Request

__all__ = ["fastapi_dependency"]


def fastapi_dependency(
    verifier: WebhookVerifier,
    *,
    dedup: DeliveryStore | None = None,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
) -> "Callable[[Request], AsyncGenerator[WebhookEvent]]":
    """Make a dependency that gives a path operation each event once.

    The operation runs only for an event that is genuine and new. Everything else is answered
    without it: 403 what is not validly signed, 400 what is no event, 413 a body beyond the limit,
    503 while the same event is being acted on, 200 an event that was acted on before. When the
    operation raises, the event is acted on when it is delivered again; one that answers an error
    without raising it counts as done.

    Args:
        verifier: Says what is genuine.
        dedup: Remembers the events; a `MemoryDeliveryStore` of this dependency if left out.
        max_body_bytes: How much of a body is read.

    Raises:
        ConfigurationError: `max_body_bytes` is not above 0.

    Example:
        >>> Event = Annotated[WebhookEvent, Depends(fastapi_dependency(WebhookVerifier()))]
        >>> @app.post("/webhooks")
        ... async def take(event: Event) -> None: ...
    """
    from fastapi import HTTPException, Request

    check_count("max_body_bytes", max_body_bytes)
    store = MemoryDeliveryStore() if dedup is None else dedup

    async def dependency(request: Request) -> AsyncGenerator[WebhookEvent]:
        body = await read_body(request.stream(), max_body_bytes)
        async with received(verifier, store, body, request.headers) as event:
            if isinstance(event, Answer):
                # FastAPI has no other way to answer from a dependency, be it with a 200.
                raise HTTPException(event.status, event.text, dict(event.headers))
            yield event

    return dependency
