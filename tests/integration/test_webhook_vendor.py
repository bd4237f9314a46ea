"""The vendor's SDK, which verifies with libsodium, and this package agree about signatures."""

import base64
import time
from random import Random

import pytest
from nacl.signing import SigningKey as Libsodium
from telnyx import Telnyx

from telnyx_orders.sandbox.signing import SigningKey
from telnyx_orders.sandbox.webhooks import (
    DeliveryKind,
    Postbag,
    Webhooks,
    event_body,
    signed_delivery,
)
from telnyx_orders.webhooks import WebhookSignatureError, WebhookVerifier

KEY = SigningKey(7)
URL = "https://example.com/webhooks"


def delivery(kind: DeliveryKind) -> tuple[bytes, dict[str, str]]:
    """What the sandbox posts of an order that has ended, with a name beyond ASCII in it."""
    bag = Postbag(Webhooks(url=URL), Random(1))
    order = {"id": "order-1", "status": "success", "customer_reference": "Zoë"}
    event = bag.add(order, time.time())
    return signed_delivery(kind, event_body(event, attempt=1, url=URL), KEY, time.time())


@pytest.mark.parametrize("kind", list(DeliveryKind))
def test_the_vendors_verifier_judges_deliveries_as_ours_does(kind: DeliveryKind) -> None:
    """What the sandbox signs is genuine to both, what it forges or delays to neither."""
    body, headers = delivery(kind)
    theirs = Telnyx(api_key="KEY", public_key=KEY.public_key)
    ours = WebhookVerifier(KEY.public_key)
    if kind in (DeliveryKind.PLAIN, DeliveryKind.REPEATED):
        event = theirs.webhooks.unwrap(body.decode(), headers=headers)
        assert event.data.event_type == ours.unwrap(body, headers).event_type  # type: ignore[union-attr]
        return
    with pytest.raises(ValueError, match=r"(?i)webhook|signature"):
        theirs.webhooks.unwrap(body.decode(), headers=headers)
    with pytest.raises(WebhookSignatureError):
        ours.unwrap(body, headers)


def test_what_libsodium_signs_is_accepted() -> None:
    """A signature of the library that the vendor uses is genuine here."""
    key = Libsodium.generate()
    timestamp = str(int(time.time()))
    body = '{"data": {"event_type": "x", "payload": {"name": "Zoë"}}}'.encode()
    signature = key.sign(timestamp.encode() + b"|" + body).signature
    verifier = WebhookVerifier(base64.b64encode(bytes(key.verify_key)).decode())
    headers = {
        "Telnyx-Timestamp": timestamp,
        "Telnyx-Signature-Ed25519": base64.b64encode(signature).decode(),
    }
    assert verifier.unwrap(body, headers).event_type == "x"


def test_the_sandboxs_public_key_is_libsodiums() -> None:
    """Both derive the same public key from a secret."""
    secret = KEY._key.private_bytes_raw()
    assert base64.b64encode(bytes(Libsodium(secret).verify_key)).decode() == KEY.public_key
