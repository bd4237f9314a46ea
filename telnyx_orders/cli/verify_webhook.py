"""`telnyx-orders webhook verify`: is a saved delivery genuine, and what does it say?"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from attrs import frozen

from telnyx_orders import Clock, ConfigurationError, NumberOrder, make_converter
from telnyx_orders.cli.formats import to_json
from telnyx_orders.cli.input_files import read_input
from telnyx_orders.cli.messages import counted
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.error_details import printable
from telnyx_orders.webhooks import (
    SignatureFault,
    WebhookEvent,
    WebhookSignatureError,
    WebhookVerifier,
)
from telnyx_orders.webhooks.keys import VARIABLE
from telnyx_orders.webhooks.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER

__all__ = ["EventFormat", "VerifyOptions", "verify_webhook"]

EventFormat = Literal["text", "json"]

ANY_AGE = 1e12
"""Seconds; no timestamp, which has up to twelve digits, is further away."""


@frozen(kw_only=True)
class VerifyOptions:
    """What `telnyx-orders webhook verify` was asked for.

    Attributes:
        body: The file of the body, `-` for standard input.
        timestamp: The timestamp's header, if it was given by itself.
        signature: The signature's header, if it was given by itself.
        header_file: The file of the headers, if they are in one.
        public_key: The account's keys; `None` takes those of the environment.
        tolerance: How many seconds old the delivery may be.
        any_age: Take a delivery of any age.
        format: How to write the event; `None` chooses by where it goes.
    """

    body: str
    timestamp: str | None
    signature: str | None
    header_file: Path | None
    public_key: Sequence[str] | None
    tolerance: float
    any_age: bool
    format: EventFormat | None


async def verify_webhook(options: VerifyOptions, *, clock: Clock | None = None) -> None:
    """Verify a delivery and write its event to standard output.

    Raises:
        ConfigurationError: There is no key, or no signature was given.
        InputError: A file cannot be read.
        WebhookError: The delivery is not genuine, or no event.
        OutputError: The event cannot be written.
    """
    if options.public_key is None and not os.environ.get(VARIABLE):
        # The verifier's own message offers an argument of Python's.
        raise ConfigurationError(f"there is no public key: set {VARIABLE}, or say --public-key")
    verifier = WebhookVerifier(
        options.public_key,
        tolerance=ANY_AGE if options.any_age else options.tolerance,
        clock=clock,
    )
    headers = _headers(options)
    body = read_input(options.body)
    try:
        event = verifier.unwrap(body, headers)
    except WebhookSignatureError as error:
        raise _explained(error, verifier, body, headers) from None
    output = StandardOutput()
    form = options.format or ("text" if sys.stdout.isatty() else "json")
    await output.write(_as_json(event) if form == "json" else _as_text(event))


def _headers(options: VerifyOptions) -> list[tuple[str, str]]:
    if options.header_file is not None:
        if options.timestamp is not None or options.signature is not None:
            raise ConfigurationError("give --header-file, or --timestamp and --signature, not both")
        lines = read_input(str(options.header_file)).decode("latin-1").splitlines()
        parted = [line.partition(":") for line in lines]
        return [(name.strip(), value.strip()) for name, colon, value in parted if colon]
    if options.timestamp is None or options.signature is None:
        raise ConfigurationError(
            f"the signature is missing: give --timestamp and --signature, the {TIMESTAMP_HEADER} "
            f"and {SIGNATURE_HEADER} of the delivery, or --header-file with both"
        )
    return [(TIMESTAMP_HEADER, options.timestamp), (SIGNATURE_HEADER, options.signature)]


def _explained(
    error: WebhookSignatureError,
    verifier: WebhookVerifier,
    body: bytes,
    headers: list[tuple[str, str]],
) -> WebhookSignatureError:
    """Name the two faults that come with saving a delivery, where it is one of them."""
    if error.fault == SignatureFault.TOO_OLD:
        return WebhookSignatureError(
            error.fault, f"{error}. Say --any-age to verify one that was saved"
        )
    if error.fault == SignatureFault.MISMATCH and body.endswith(b"\n"):
        with suppress(WebhookSignatureError):
            verifier.unwrap(body.removesuffix(b"\n").removesuffix(b"\r"), headers)
            return WebhookSignatureError(
                error.fault,
                "the body ends with a line break that was not delivered; without it the signature "
                "is valid. Save the body as it was received",
            )
    return error


def _as_json(event: WebhookEvent) -> str:
    data = event.raw["data"]
    fields = {
        "event_type": event.event_type,
        "id": event.id,
        "occurred_at": make_converter().unstructure(event.occurred_at, datetime | None),
        "record_type": event.record_type,
        "attempt": event.attempt,
        "delivered_to": event.delivered_to,
        "payload": data.get("payload"),
    }
    return to_json(fields, indent=2) + "\n"


def _as_text(event: WebhookEvent) -> str:
    rows = [
        ("event", event.event_type),
        ("id", event.id),
        ("occurred at", event.occurred_at and event.occurred_at.isoformat()),
        ("attempt", event.attempt),
        ("delivered to", event.delivered_to),
    ]
    match event.payload:
        case NumberOrder() as order:
            numbers = [one.phone_number or "?" for one in order.phone_numbers]
            rows += [
                ("order", order.id),
                ("status", order.status and order.status.value),
                ("reference", order.customer_reference),
                ("numbers", ", ".join(numbers[:5]) + (", ..." if numbers[5:] else "")),
            ]
        case payload:
            rows.append(("payload", counted(len(payload), "key")))
    shown = [f"{name:<14}{printable(str(value))}\n" for name, value in rows if value]
    return "The signature is valid.\n" + "".join(shown)
