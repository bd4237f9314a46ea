"""The key with which a sandbox signs its webhooks."""

import base64
from hashlib import shake_128

from telnyx_orders.webhooks.keys import missing_extra
from telnyx_orders.webhooks.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, signed_text


class SigningKey:
    """An Ed25519 key that is made from a seed: the same seed gives the same key, to anybody.

    Args:
        seed: What it is made from.

    Raises:
        ConfigurationError: cryptography, of the extra `webhooks`, is not installed.
    """

    def __init__(self, seed: int | str = 0) -> None:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError as error:
            raise missing_extra(error) from error
        secret = shake_128(f"{seed}/signing key".encode()).digest(32)
        self._key = Ed25519PrivateKey.from_private_bytes(secret)

    @property
    def public_key(self) -> str:
        """What a `WebhookVerifier` takes, as the account's public key."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def signed(self, body: bytes, timestamp: int) -> dict[str, str]:
        """Give the headers with which a body is delivered.

        Args:
            body: The bytes to sign.
            timestamp: When it is signed, in Unix seconds.
        """
        signature = self._key.sign(signed_text(str(timestamp), body))
        return {
            TIMESTAMP_HEADER: str(timestamp),
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        }
