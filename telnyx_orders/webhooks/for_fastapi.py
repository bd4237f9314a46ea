"""Deliveries in a FastAPI application."""

from collections.abc import AsyncGenerator, Callable
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

    Give it to `Depends` with `scope="function"`, which FastAPI 0.121 and later have. Otherwise
    FastAPI sends the answer before the event is noted as done: a failure to note it would come too
    late for a 500, and a delivery right after the answer would get a 503.

    Args:
        verifier: Says what is genuine.
        dedup: Remembers the events; a `MemoryDeliveryStore` of this dependency if left out.
        max_body_bytes: How much of a body is read.

    Raises:
        ConfigurationError: `max_body_bytes` is not above 0.

    Example:
        >>> delivered = fastapi_dependency(WebhookVerifier())
        >>> Event = Annotated[WebhookEvent, Depends(delivered, scope="function")]
        >>> @app.post("/webhooks")
        ... async def take(event: Event) -> None: ...
    """
    from fastapi import HTTPException, Request
    from starlette.requests import ClientDisconnect

    check_count("max_body_bytes", max_body_bytes)
    store = MemoryDeliveryStore() if dedup is None else dedup

    async def body_of(request: Request) -> bytes | Answer:
        try:
            return await read_body(request.stream(), max_body_bytes)
        except ClientDisconnect:
            return UNREADABLE

    async def dependency(request: Request) -> AsyncGenerator[WebhookEvent]:
        body = await body_of(request)
        async with received(verifier, store, body, request.headers) as event:
            if isinstance(event, Answer):
                # FastAPI has no other way to answer from a dependency, be it with a 200.
                raise HTTPException(event.status, event.text, dict(event.headers))
            yield event

    return dependency
