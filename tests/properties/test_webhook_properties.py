"""Whatever is signed just now is accepted, anything else is refused with one error and no other."""

import base64
import contextlib
import json

from hypothesis import assume, example, given
from hypothesis import strategies as st

from telnyx_orders import Clock
from telnyx_orders.sandbox.signing import SigningKey
from telnyx_orders.webhooks import (
    NumberOrderEvent,
    WebhookError,
    WebhookEvent,
    WebhookPayloadError,
    WebhookSignatureError,
    WebhookVerifier,
)
from telnyx_orders.webhooks.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, decode_base64
from tests.webhooks import BODY, HEADERS, KEY, NOW, PUBLIC_KEY

AGES = st.integers(-300, 300)
CASES = st.sampled_from([str.lower, str.upper, str.title, str.swapcase])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
TYPES = st.sampled_from(["number_order.complete", "number_order.", "message.sent"]) | st.text(
    min_size=1
)
ANY_HEADER = st.text() | st.binary() | st.sampled_from([*HEADERS.values(), str(NOW + 1)])
NAMES = st.text() | st.binary() | st.sampled_from([*HEADERS, *map(str.upper, HEADERS)])


def unwrap(body: bytes, headers: object, key: str = PUBLIC_KEY) -> WebhookEvent:
    verifier = WebhookVerifier(key, clock=Clock(now=lambda: NOW))
    return verifier.unwrap(body, headers)  # type: ignore[arg-type]


def refused(body: bytes, headers: object) -> bool:
    try:
        unwrap(body, headers)
    except WebhookSignatureError:
        return True
    return False


@given(st.binary(), AGES, CASES, st.text())
def test_what_is_signed_is_accepted(body: bytes, age: int, case: object, seed: str) -> None:
    """Any bytes that are signed within the tolerance are genuine; if no event, they are told so."""
    key = SigningKey(seed)
    headers = {case(name): v for name, v in key.signed(body, NOW - age).items()}  # type: ignore[operator]
    with contextlib.suppress(WebhookPayloadError):
        unwrap(body, headers, key.public_key)


@given(TYPES, JSON, JSON, JSON, JSON, JSON)
def test_a_signed_event_is_an_event_whatever_it_holds(
    event_type: str, id_: object, at: object, payload: object, meta: object, more: object
) -> None:
    """Only `event_type` has to be right; all else is read or left, and kept raw."""
    data = {"event_type": event_type, "id": id_, "occurred_at": at, "payload": payload, "x": more}
    body = json.dumps({"data": data, "meta": meta}).encode()
    event = unwrap(body, KEY.signed(body, NOW), KEY.public_key)
    assert event.event_type == event_type
    assert event.id == (id_ if isinstance(id_, str) else None)
    assert json.dumps(event.raw) == json.dumps(json.loads(body))
    is_order = isinstance(payload, dict) and isinstance(payload.get("id"), str)
    if not (is_order and event_type.startswith("number_order.")):
        assert type(event) is WebhookEvent
        assert isinstance(event.payload, dict)


@given(st.fixed_dictionaries({"id": st.text()}, optional={"status": st.none() | st.text()}))
def test_an_order_with_an_id_is_typed(payload: dict[str, object]) -> None:
    """A payload with an id, whatever its status, is an order."""
    body = json.dumps({"data": {"event_type": "number_order.x", "payload": payload}}).encode()
    event = unwrap(body, KEY.signed(body, NOW), KEY.public_key)
    assert isinstance(event, NumberOrderEvent)
    assert (event.payload.id, event.payload.status) == (payload["id"], payload.get("status"))


@given(st.binary())
@example(b"")
@example(BODY + b" ")
def test_another_body_is_refused(body: bytes) -> None:
    """No other body has the signature of this one."""
    assume(body != BODY)
    assert refused(body, HEADERS)


@given(st.sampled_from(list(HEADERS)), st.text() | st.binary())
@example(SIGNATURE_HEADER, HEADERS[SIGNATURE_HEADER].replace("CQ==", "CR=="))
@example(TIMESTAMP_HEADER, f"0{NOW}")
@example(TIMESTAMP_HEADER, f"{NOW} ")
def test_another_header_is_refused(name: str, value: str | bytes) -> None:
    """No other text of a header is as good: not another form of the same number or signature."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    assume(text != HEADERS[name])
    assert refused(BODY, [*((n, v) for n, v in HEADERS.items() if n != name), (name, value)])


@given(st.binary(), st.lists(st.tuples(NAMES, ANY_HEADER), max_size=6))
@example(BODY, [*HEADERS.items(), *HEADERS.items()])
@example(BODY, [(TIMESTAMP_HEADER, "9" * 5000), (SIGNATURE_HEADER, "\udcff")])
def test_hostile_requests_raise_one_error(
    body: bytes, headers: list[tuple[str | bytes, str | bytes]]
) -> None:
    """Whatever a request brings, nothing but a `WebhookError` comes of it."""
    try:
        unwrap(body, headers)
    except WebhookError:
        return
    assert body == BODY


@given(st.binary(min_size=64, max_size=64))
def test_random_signatures_are_refused(signature: bytes) -> None:
    """64 bytes of one's own choice are no signature."""
    text = base64.b64encode(signature).decode()
    assume(text != HEADERS[SIGNATURE_HEADER])
    assert refused(BODY, {**HEADERS, SIGNATURE_HEADER: text})


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
@example("AB==")
@example("A\u0661==")
def test_base64_has_one_form(text: str) -> None:
    """What is decoded is encoded to the same text again."""
    decoded = decode_base64(text)
    assert decoded is None or base64.b64encode(decoded).decode() == text
