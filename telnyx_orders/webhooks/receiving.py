"""What becomes of a delivery, whatever web framework it comes by: acted on once, or answered.

    403  not signed, not just now, or not by Telnyx
    400  genuine, but no event; or a body that does not arrive whole
    413  larger than is read
    200  acted on, now or before
    503  somebody is acting on it at this moment, and may yet fail: come again

What acting on it raises is the framework's to answer, with a 500, and the event counts as not seen:
the sender delivers it again.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import asynccontextmanager

from attrs import field, frozen

from telnyx_orders.webhooks.claims import claimed, noted_as_done, released
from telnyx_orders.webhooks.deliveries import Claim, DeliveryStore
from telnyx_orders.webhooks.errors import WebhookError, WebhookPayloadError
from telnyx_orders.webhooks.events import WebhookEvent
from telnyx_orders.webhooks.signature import Headers
from telnyx_orders.webhooks.verifier import WebhookVerifier

__all__ = [
    "DEFAULT_MAX_BODY_BYTES",
    "UNREADABLE",
    "Answer",
    "read_body",
    "received",
]

logger: logging.Logger = logging.getLogger("telnyx_orders")

DEFAULT_MAX_BODY_BYTES = 1024 * 1024
"""An order of a thousand numbers takes a third of it."""

RETRY_AFTER = 5
"""Seconds after which to come again while somebody acts on the event."""


@frozen
class Answer:
    """What to answer a delivery that is not acted on.

    Attributes:
        status: The HTTP status.
        text: Says why, to a person; nothing that helps to forge.
        headers: Headers besides.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(factory=dict[str, str])


TOO_LARGE = Answer(413, "the body is larger than a delivery may be")
NOT_SIGNED = Answer(403, "the delivery is not validly signed")
UNREADABLE = Answer(400, "the body cannot be read")
NO_EVENT = Answer(400, "the body is no event")
REPEATED = Answer(200, "this event has been taken")
IN_PROGRESS = Answer(503, "this event is being taken", {"Retry-After": str(RETRY_AFTER)})


async def read_body(pieces: AsyncIterable[bytes], limit: int) -> bytes | Answer:
    """Read a body no further than to the limit: nothing shows yet who has sent it.

    Args:
        pieces: The body as it arrives.
        limit: How many bytes it may have.
    """
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > limit:
            return TOO_LARGE
    return bytes(body)


@asynccontextmanager
async def received(
    verifier: WebhookVerifier, store: DeliveryStore, body: bytes | Answer, headers: Headers
) -> AsyncGenerator[WebhookEvent | Answer]:
    """Give the event to act on in the block, or what to answer instead.

    The block that ends has acted on the event; one that raises, or is cancelled, has not.
    """
    event = body if isinstance(body, Answer) else _unwrapped(verifier, body, headers)
    if isinstance(event, Answer) or event.id is None:
        yield event
        return
    claim = await claimed(store, event.id)
    if claim != Claim.NEW:
        yield REPEATED if claim == Claim.DONE else IN_PROGRESS
        return
    try:
        yield event
    except BaseException:
        await released(store, event.id)
        raise
    await noted_as_done(store, event.id)


def _unwrapped(verifier: WebhookVerifier, body: bytes, headers: Headers) -> WebhookEvent | Answer:
    try:
        return verifier.unwrap(body, headers)
    except WebhookError as error:
        logger.warning("refused a webhook: %s", error)
        return NO_EVENT if isinstance(error, WebhookPayloadError) else NOT_SIGNED
