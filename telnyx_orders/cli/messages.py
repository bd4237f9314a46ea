"""What is told on standard error."""

import sys
from collections.abc import Sequence
from contextlib import suppress

from telnyx_orders import IncompleteFetchError, TelnyxError
from telnyx_orders.cli.wording import KEY, SERVER, in_options
from telnyx_orders.error_details import printable

__all__ = ["counted", "error_text", "tally", "tell"]


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: `1 order`, `2,000 orders`."""
    plural = "retries" if noun == "retry" else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def tally(numbers: Sequence[str]) -> str:
    """Say how many numbers there are, and give the first: `12 numbers (+1..., ...)`."""
    first = ", ".join(numbers[:3]) + (", ..." if numbers[3:] else "")
    return f"{counted(len(numbers), 'number')} ({first})"


def tell(text: str) -> None:
    """Write one line to standard error; if nobody listens there, nothing else is to be done."""
    # Python has no `sys.stderr` when the process was started with it closed.
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{printable(text)}\n")
            sys.stderr.flush()


def error_text(
    error: TelnyxError, *, concurrency: bool = False, key: str = KEY, server: str = SERVER
) -> str:
    """Give an error in a line, in terms of the command line.

    Args:
        error: The error, which speaks of the client's arguments.
        concurrency: Whether the command has that option.
        key: What the API key comes from.
        server: What the base URL comes from.
    """
    # The whole message of the one speaks of an attribute.
    text = error.reason if isinstance(error, IncompleteFetchError) else str(error)
    text = " ".join(text.split())
    return in_options(text, concurrency=concurrency, key=key, server=server)
