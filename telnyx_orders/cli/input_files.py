"""Files that a command reads, standard input among them."""

import sys
from pathlib import Path

from telnyx_orders.cli.failures import InputError

__all__ = ["STANDARD_INPUT", "read_input", "shown_name"]

STANDARD_INPUT = "-"


def shown_name(name: str) -> str:
    """Give what a file is called in a message."""
    return "standard input" if name == STANDARD_INPUT else name


def read_input(name: str) -> bytes:
    """Read a whole file; `-` is standard input.

    Raises:
        InputError: It cannot be read.
    """
    try:
        if name != STANDARD_INPUT:
            return Path(name).read_bytes()
        if sys.stdin is None:
            raise InputError("standard input is closed")
        return sys.stdin.buffer.read()
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {shown_name(name)}: {reason}") from error
