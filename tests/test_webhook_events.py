"""What a genuine body becomes: a typed event, leniently, or an error if it names none."""

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import assert_never

import pytest

from telnyx_orders import Clock, NumberOrder, OrderPhoneNumber, OrderStatus, TelnyxError
from telnyx_orders.webhooks import (
    NumberOrderEvent,
    WebhookEvent,
    WebhookPayloadError,
    WebhookVerifier,
)
from telnyx_orders.webhooks.events import read_event
from tests.webhooks import BODY, KEY, NOW, event_body


def unwrap(body: bytes) -> WebhookEvent:
    verifier = WebhookVerifier(KEY.public_key, clock=Clock(now=lambda: NOW))
    return verifier.unwrap(body, KEY.signed(body, NOW))


def test_an_order_that_ended() -> None:
    """All that a delivery says is there, typed, with the body as it came."""
    assert read_event(BODY) == NumberOrderEvent(
        event_type="number_order.complete",
        id="0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
        occurred_at=datetime(2023, 11, 14, 22, 13, 19, 500000, UTC),
        record_type="event",
        attempt=1,
        delivered_to="https://example.com/webhooks",
        payload=NumberOrder(
            id="12ade33a-21c0-473b-b055-b3c836e1c292",
            phone_numbers=(OrderPhoneNumber(phone_number="+19705555000"),),
            record_type="number_order",
        ),
        raw=json.loads(BODY),
    )


def test_every_field_but_the_type_may_be_missing() -> None:
    """A body needs an `event_type` and nothing else."""
    body = b'{"data": {"event_type": "number_order.complete"}}'
    assert unwrap(body) == WebhookEvent(
        event_type="number_order.complete", payload={}, raw=json.loads(body)
    )


@pytest.mark.parametrize(
    ("payload", "status"),
    [({"id": "1"}, None), ({"id": "1", "status": None}, None), ({"id": "1", "status": "x"}, "x")],
)
def test_an_order_may_lack_fields(payload: dict[str, object], status: str | None) -> None:
    """An order without a status, or with an unknown one, is an order."""
    event = unwrap(event_body(payload=payload))
    assert event.payload == NumberOrder(id="1", status=status and OrderStatus(status))


@pytest.mark.parametrize(
    "payload", [{}, {"id": None}, {"id": 5}, {"id": "1", "created_at": "yesterday"}]
)
def test_a_payload_that_is_no_order_is_kept_as_it_came(payload: dict[str, object]) -> None:
    """Nothing is lost when the payload has another shape than an order."""
    event = unwrap(event_body(payload=payload))
    assert type(event) is WebhookEvent
    assert event.payload == payload


@pytest.mark.parametrize("payload", [None, [], "text", 5])
def test_a_payload_that_is_no_object_is_only_in_the_raw_body(payload: object) -> None:
    """`payload` is a mapping or an order, whatever comes; `raw` has what came."""
    event = unwrap(event_body(payload=payload))
    assert event.payload == {}
    assert event.raw["data"]["payload"] == payload


def test_an_unknown_event_is_kept_raw() -> None:
    """An event of another type has its payload as it came, though it looks like an order."""
    event = unwrap(event_body(event_type="sub_number_order.complete", payload={"id": "1"}))
    assert type(event) is WebhookEvent
    assert event.event_type == "sub_number_order.complete"
    assert event.payload == {"id": "1"}


@pytest.mark.parametrize(
    ("key", "value"),
    [("id", 5), ("occurred_at", "yesterday"), ("occurred_at", 5), ("record_type", ["event"])],
)
def test_an_odd_field_is_none(key: str, value: object) -> None:
    """A field of another kind than documented does not cost the event."""
    event = unwrap(event_body(**{key: value}))
    assert getattr(event, key) is None
    assert isinstance(event, NumberOrderEvent)
    assert event.raw["data"][key] == value


@pytest.mark.parametrize("meta", [None, [], {"attempt": "1", "delivered_to": 5}, {"attempt": True}])
def test_odd_words_about_the_delivery_do_not_matter(meta: object) -> None:
    """`attempt` and `delivered_to` are there if they can be read."""
    body = json.dumps({"data": {"event_type": "x"}, "meta": meta}).encode()
    assert (unwrap(body).attempt, unwrap(body).delivered_to) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\x00", b"no JSON", b"\xff\xfe{\x00}\x00", b'{"data":', b"[" * 100_000, b"9" * 5000,
        b"null", b"5", b"[]", b"{}", b'"data"', b'{"data": null}', b'{"data": []}',
        b'{"data": {}}', b'{"data": {"event_type": null}}', b'{"data": {"event_type": 5}}',
        b'{"data": {"event_type": ""}}', b'{"event_type": "number_order.complete"}',
    ],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_an_error_of_its_own(body: bytes) -> None:
    """It is genuine, so its error is another than that of a forgery, and shows none of it."""
    with pytest.raises(WebhookPayloadError, match="the signed body") as caught:
        unwrap(body)
    assert isinstance(caught.value, TelnyxError)
    assert caught.value.__cause__ is None


def test_events_can_be_matched() -> None:
    """`match` tells an order's event from any other, for people and for type checkers."""

    def described(event: WebhookEvent) -> str:
        match event:
            case NumberOrderEvent(payload=order):
                return order.id
            case WebhookEvent(event_type=event_type):
                return event_type
            case _:
                assert_never(event)

    assert described(unwrap(event_body())) == "order-1"
    assert described(unwrap(event_body(event_type="x"))) == "x"


def test_events_can_be_kept_and_sent_on() -> None:
    """An event is frozen, hashable, and pickles and copies; its repr leaves the raw body out."""
    event = unwrap(event_body())
    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event
    assert len({event, copy.copy(event)}) == 1
    assert hash(unwrap(event_body(event_type="x")))
    assert "raw" not in repr(event)
    with pytest.raises(AttributeError):
        event.id = "other"  # type: ignore[misc]
