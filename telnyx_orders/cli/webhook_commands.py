"""`telnyx-orders webhook ...`: the commands about webhooks, and their options."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from telnyx_orders.cli.verify_webhook import EventFormat, VerifyOptions, verify_webhook

__all__ = ["webhook"]

webhook: App = App(name="webhook", help="Look into the webhooks that Telnyx sends.")


@webhook.command
def verify(
    body: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-",
    /,
    *,
    timestamp: str | None = None,
    signature: str | None = None,
    header_file: Path | None = None,
    public_key: Annotated[list[str] | None, Parameter(negative="")] = None,
    tolerance: float = 300.0,
    any_age: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    format_: Annotated[EventFormat | None, Parameter(name="--format")] = None,
) -> None:
    r"""Verify a delivery that was saved, and show its event.

    It exits with 0 if the delivery is genuine, and with 1, and a line that says why, if it is not.

        $ telnyx-orders webhook verify body.json --header-file headers.txt --any-age
        $ telnyx-orders webhook verify body.json --any-age \
              --timestamp 1700000000 --signature "$SIGNATURE"

    Args:
        body: The file with the body, byte for byte as it was received; `-` is standard input.
        timestamp: The header `telnyx-timestamp`.
        signature: The header `telnyx-signature-ed25519`.
        header_file: A file with the headers instead, one `Name: value` a line.
        public_key: The account's public key, instead of `TELNYX_PUBLIC_KEY`. May be repeated.
        tolerance: How many seconds old the delivery may be.
        any_age: Take one of any age, as a saved one usually is old.
        format_: How to write the event: `text` on a terminal, `json` elsewhere.
    """
    asyncio.run(
        verify_webhook(
            VerifyOptions(
                body=body,
                timestamp=timestamp,
                signature=signature,
                header_file=header_file,
                public_key=public_key,
                tolerance=tolerance,
                any_age=any_age,
                format=format_,
            )
        )
    )
