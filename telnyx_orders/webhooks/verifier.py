"""`WebhookVerifier`: tells Telnyx's deliveries from anybody else's."""

from collections.abc import Sequence

from telnyx_orders.clock import Clock
from telnyx_orders.configuration import check_seconds
from telnyx_orders.webhooks.errors import SignatureFault, WebhookSignatureError
from telnyx_orders.webhooks.events import WebhookEvent, read_event
from telnyx_orders.webhooks.keys import load_keys, public_keys
from telnyx_orders.webhooks.signature import (
    SIGNATURE_HEADER,
    ClaimedSignature,
    Headers,
    read_signature,
    signed_text,
)

__all__ = ["WebhookVerifier"]


class WebhookVerifier:
    """Verifies the signatures of deliveries. Needs the extra `webhooks`.

    Args:
        public_key: The account's public key, base64 of 32 bytes. Several while one replaces
            another: what any of them has signed is accepted. `TELNYX_PUBLIC_KEY` if left out, where
            several are parted by commas.
        tolerance: How many seconds a delivery's timestamp may be away from now, into the past or
            the future. Telnyx advises 300.
        clock: Where to take the time from.

    Raises:
        ConfigurationError: There is no key, one is not the base64 of 32 bytes, `tolerance` is no
            time, or cryptography is not installed.

    Example:
        >>> verifier = WebhookVerifier()
        >>> event = verifier.unwrap(await request.read(), request.headers)
        >>> match event:
        ...     case NumberOrderEvent(payload=order):
        ...         print(order.id)
    """

    def __init__(
        self,
        public_key: str | Sequence[str] | None = None,
        *,
        tolerance: float = 300,
        clock: Clock | None = None,
    ) -> None:
        check_seconds("tolerance", tolerance)
        self._keys = load_keys(public_keys(public_key))
        self._tolerance = tolerance
        self._clock = clock or Clock()

    def __repr__(self) -> str:
        return f"<WebhookVerifier, {len(self._keys)} keys, tolerance {self._tolerance:g} s>"

    def unwrap(self, body: bytes, headers: Headers) -> WebhookEvent:
        """Give the event of a delivery, if Telnyx has sent it just now.

        Args:
            body: The body as it was received. JSON that was parsed and written again has other
                bytes, and another signature.
            headers: The headers of the request, names in any case: a mapping or multi-mapping, or
                pairs as ASGI has them.

        Raises:
            WebhookSignatureError: It is not signed by one of the keys, or not just now.
            WebhookPayloadError: It is genuine, but no event.
            TypeError: `body` is not `bytes`, or `headers` are no headers.
        """
        if not isinstance(body, bytes):
            raise TypeError(
                "body: expected the bytes as they were received, such as `await request.read()` or "
                f"`await request.body()`, got a {type(body).__name__}"
            )
        claimed = read_signature(headers, now=self._clock.now(), tolerance=self._tolerance)
        if not self._signed(body, claimed):
            raise WebhookSignatureError(
                SignatureFault.MISMATCH,
                f"{SIGNATURE_HEADER}: the delivery is not signed with the account's key, or was "
                "changed on its way; check the public key, and that `body` is the raw body",
            )
        return read_event(body)

    def _signed(self, body: bytes, claimed: ClaimedSignature) -> bool:
        from cryptography.exceptions import InvalidSignature

        message = signed_text(claimed.timestamp, body)
        for key in self._keys:
            try:
                key.verify(claimed.signature, message)
            except InvalidSignature:
                continue
            return True
        return False
