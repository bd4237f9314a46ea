"""Events, as the bodies of deliveries hold them.

Their bodies are signed, so what is odd in one is Telnyx's doing: whatever does not fit is left out
or kept as it came, and only a body that names no event at all is refused.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import cattrs
from attrs import field, frozen

from telnyx_orders.models import NumberOrder
from telnyx_orders.serialization import MALFORMED, make_converter
from telnyx_orders.webhooks.errors import WebhookPayloadError

__all__ = ["NumberOrderEvent", "WebhookEvent", "read_event"]


@frozen(kw_only=True)
class WebhookEvent:
    """Something that happened, as a delivery tells it.

    Attributes:
        event_type: What happened, such as `number_order.complete`.
        id: Identifies the event; each of its deliveries has the same.
        occurred_at: When it happened, an aware time. Deliveries come late and out of order.
        record_type: `event`.
        attempt: Which attempt to deliver it this is, from 1.
        delivered_to: The URL it was sent to.
        payload: What it is about, as it came; `{}` if that is no object.
        raw: The whole body.
    """

    event_type: str
    id: str | None = None
    occurred_at: datetime | None = None
    record_type: str | None = None
    attempt: int | None = None
    delivered_to: str | None = None
    payload: NumberOrder | Mapping[str, Any] = field(hash=False)
    raw: Mapping[str, Any] = field(factory=dict[str, Any], hash=False, repr=False)


@frozen(kw_only=True)
class NumberOrderEvent(WebhookEvent):
    """Something that happened to a number order: an event whose type begins with `number_order.`.

    An event of this type whose payload is no order is a plain `WebhookEvent`.

    Attributes:
        payload: The order. Any field but its `id` may be missing, `status` among them: retrieve
            the order if you need them.
    """

    payload: NumberOrder


def read_event(body: bytes) -> WebhookEvent:
    """Read the body of a delivery.

    Raises:
        WebhookPayloadError: It is no JSON object, or names no event.
    """
    try:
        raw: object = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        # Without its text, which may be anybody's data.
        raise WebhookPayloadError(
            f"the signed body is no JSON: {type(error).__name__} in {len(body)} bytes"
        ) from None
    data = _object(raw, "data")
    event_type = data.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        raise WebhookPayloadError("$.data.event_type: the signed body names no event")
    meta = _object(raw, "meta")
    payload = _object(data, "payload")
    known: dict[str, Any] = {
        "event_type": event_type,
        "id": _as(str, data.get("id")),
        "occurred_at": _as(datetime, data.get("occurred_at")),
        "record_type": _as(str, data.get("record_type")),
        "attempt": _as(int, meta.get("attempt")),
        "delivered_to": _as(str, meta.get("delivered_to")),
        "raw": raw,
    }
    order = _as(NumberOrder, payload) if event_type.startswith("number_order.") else None
    if order is None:
        return WebhookEvent(payload=payload, **known)
    return NumberOrderEvent(payload=order, **known)


def _object(holder: object, key: str) -> dict[str, Any]:
    value = cast("dict[str, object]", holder).get(key) if isinstance(holder, dict) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _as(wanted: type[Any], value: object) -> Any:
    """Structure a value, or give `None` if it is of another kind."""
    try:
        return _converter().structure(value, wanted)
    except MALFORMED:
        return None


@lru_cache(maxsize=1)
def _converter() -> cattrs.Converter:
    return make_converter()
