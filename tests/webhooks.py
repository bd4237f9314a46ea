"""One delivery as libsodium signed it, which knows nothing of this package, and ways to make more.

Its key is that of the seed 00 01 02 ... 1f.
"""

import json

from telnyx_orders.sandbox.signing import SigningKey

NOW = 1_700_000_000
PUBLIC_KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
OTHER_KEY = "ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ="
BODY = (
    b'{"data": {"event_type": "number_order.complete", '
    b'"id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", '
    b'"occurred_at": "2023-11-14T22:13:19.500000Z", '
    b'"payload": {"id": "12ade33a-21c0-473b-b055-b3c836e1c292", '
    b'"phone_numbers": [{"phone_number": "+19705555000"}], "record_type": "number_order"}, '
    b'"record_type": "event"}, '
    b'"meta": {"attempt": 1, "delivered_to": "https://example.com/webhooks"}}'
)
SIGNATURE = (
    "GQiOZ9ZT/2LGbIc0EjX2cKoCBnOUSFQSN4aLexV8ClEKWwiQDY+MP6UNoWIAW7ne2W/ftl4AOntHzaZM3TZWCQ=="
)
HEADERS = {"telnyx-timestamp": str(NOW), "telnyx-signature-ed25519": SIGNATURE}

KEY = SigningKey("tests")


def event_body(event_id: str = "event-1", **data: object) -> bytes:
    """The body of a delivery."""
    event = {"event_type": "number_order.complete", "id": event_id, "payload": {"id": "order-1"}}
    return json.dumps({"data": {**event, **data}, "meta": {"attempt": 1}}).encode()
