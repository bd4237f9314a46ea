"""What a delivery says of its signature: its two headers, read without trust. Pure.

Telnyx sends `telnyx-timestamp`, in Unix seconds, and `telnyx-signature-ed25519`, the base64 of an
Ed25519 signature over `{timestamp}|{body}`.
"""

import base64
import re
from collections.abc import Iterable
from typing import Protocol, cast

from attrs import frozen

from telnyx_orders.error_details import one_line
from telnyx_orders.webhooks.errors import SignatureFault, WebhookSignatureError

__all__ = [
    "SIGNATURE_HEADER",
    "TIMESTAMP_HEADER",
    "ClaimedSignature",
    "Headers",
    "decode_base64",
    "read_signature",
    "signed_text",
]

TIMESTAMP_HEADER = "telnyx-timestamp"
SIGNATURE_HEADER = "telnyx-signature-ed25519"

SIGNATURE_BYTES = 64

UNIX_SECONDS = re.compile(r"[0-9]{1,12}")
"""Not what `int()` takes, which are blanks, signs, underscores, every script's digits, any size."""


class HasItems(Protocol):
    """A mapping of header names to values, or a multi-mapping, which may repeat a name."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Give the headers, one pair each."""
        ...


Headers = HasItems | Iterable[tuple[str | bytes, str | bytes]]
"""The headers of a request, as web frameworks have them: a mapping, or pairs as in ASGI."""


@frozen
class ClaimedSignature:
    """What a delivery's headers claim. Nothing of it is verified but its form and its age.

    Attributes:
        timestamp: When it was signed, as it stands in the header.
        signature: The 64 bytes.
    """

    timestamp: str
    signature: bytes


def signed_text(timestamp: str, body: bytes) -> bytes:
    """Give the bytes that a signature is made of."""
    return timestamp.encode() + b"|" + body


def decode_base64(text: str) -> bytes | None:
    """Decode base64 in its one canonical form (RFC 4648, 3.5), or give `None`.

    `b64decode` takes any value of the bits that padding leaves over: other texts for one signature.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def read_signature(headers: Headers, *, now: float, tolerance: float) -> ClaimedSignature:
    """Read the two headers of a delivery.

    Args:
        headers: Its headers, names in any case.
        now: Seconds since the Unix epoch.
        tolerance: How many seconds its timestamp may be away from now.

    Raises:
        WebhookSignatureError: A header is missing, repeated or malformed, or the time is not now.
        TypeError: These are no headers.
    """
    timestamp, signature = _two_headers(headers)
    if not UNIX_SECONDS.fullmatch(timestamp):
        raise WebhookSignatureError(
            SignatureFault.MALFORMED_TIMESTAMP,
            f"{TIMESTAMP_HEADER}: expected Unix seconds in digits, got {_shown(timestamp)}",
        )
    age = now - int(timestamp)
    # Written so that an age that is no number is refused, too.
    if not age <= tolerance:
        raise WebhookSignatureError(
            SignatureFault.TOO_OLD,
            f"{TIMESTAMP_HEADER}: the delivery was signed {age:.0f} s ago, and {tolerance:g} s "
            "are tolerated; it is late, or somebody sends an old one again",
        )
    if not age >= -tolerance:
        raise WebhookSignatureError(
            SignatureFault.FROM_THE_FUTURE,
            f"{TIMESTAMP_HEADER}: the delivery was signed {-age:.0f} s in the future, and "
            f"{tolerance:g} s are tolerated; check the clock of this machine",
        )
    decoded = decode_base64(signature)
    if decoded is None or len(decoded) != SIGNATURE_BYTES:
        got = _shown(signature) if decoded is None else f"{len(decoded)} bytes"
        raise WebhookSignatureError(
            SignatureFault.MALFORMED_SIGNATURE,
            f"{SIGNATURE_HEADER}: expected the base64 of {SIGNATURE_BYTES} bytes, got {got}",
        )
    return ClaimedSignature(timestamp, decoded)


def _two_headers(headers: Headers) -> tuple[str, str]:
    found: dict[str, list[str]] = {TIMESTAMP_HEADER: [], SIGNATURE_HEADER: []}
    for name, value in _pairs(headers):
        values = found.get(name.lower())
        # None stands where a program copied a header that was not there.
        if values is not None and value is not None:
            values.append(_text(value))
    for name, values in found.items():
        if not values:
            raise WebhookSignatureError(
                SignatureFault.MISSING_HEADER, f"{name}: the delivery has no such header"
            )
        if len(values) > 1:
            raise WebhookSignatureError(
                SignatureFault.REPEATED_HEADER, f"{name}: the delivery has it {len(values)} times"
            )
    return found[TIMESTAMP_HEADER][0], found[SIGNATURE_HEADER][0]


def _pairs(headers: object) -> list[tuple[str, object]]:
    items = getattr(headers, "items", None)
    pairs: object = items() if callable(items) else headers
    try:
        return [(_text(name), value) for name, value in cast("Iterable[tuple[object, ...]]", pairs)]
    except (TypeError, ValueError):
        raise TypeError(
            "headers: expected a mapping of names to values, or pairs of them, "
            f"got a {type(headers).__name__}"
        ) from None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")  # as ASGI has them; these bytes are characters in HTTP
    if isinstance(value, str):
        return value
    raise TypeError(f"headers: expected names and values as text, got a {type(value).__name__}")


def _shown(text: str) -> str:
    return repr(one_line(text, 40))
