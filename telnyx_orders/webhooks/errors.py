"""What is wrong with a delivery. `telnyx_orders.errors` draws the whole tree."""

from enum import StrEnum

from telnyx_orders.errors import TelnyxError

__all__ = ["SignatureFault", "WebhookError", "WebhookPayloadError", "WebhookSignatureError"]


class SignatureFault(StrEnum):
    """Why a delivery is not accepted as Telnyx's."""

    MISSING_HEADER = "missing_header"
    """The timestamp or the signature is not there."""
    REPEATED_HEADER = "repeated_header"
    """One of them is there more than once, so that two readers may see different ones."""
    MALFORMED_TIMESTAMP = "malformed_timestamp"
    """The timestamp is no number of Unix seconds, written in digits."""
    TOO_OLD = "too_old"
    """It was signed longer ago than is tolerated: it is late, or somebody sends it again."""
    FROM_THE_FUTURE = "from_the_future"
    """It was signed later than now, by more than is tolerated."""
    MALFORMED_SIGNATURE = "malformed_signature"
    """The signature is not the base64 of 64 bytes."""
    MISMATCH = "mismatch"
    """The signature is of another body, of another timestamp, or made with another key."""


class WebhookError(TelnyxError):
    """A delivery must not be acted on."""


class WebhookSignatureError(WebhookError):
    """Nothing shows that Telnyx sent this delivery just now.

    Attributes:
        fault: What is wrong with its signature.
    """

    def __init__(self, fault: SignatureFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class WebhookPayloadError(WebhookError):
    """The delivery is genuine, but its body is no event: no JSON, or without an `event_type`."""
