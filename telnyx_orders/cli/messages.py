"""What is told on standard error, and how foreign text is made fit for a terminal."""

import sys
from contextlib import suppress

__all__ = ["counted", "printable", "tell"]


def printable(text: str) -> str:
    r"""Write what is not printable as an escape such as `\x1b`, so that it cannot act.

    Servers and customers write references and error messages; a terminal would obey the control
    sequences in them, and reorder what stands behind a Unicode override.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: `1 order`, `2,000 orders`."""
    plural = "retries" if noun == "retry" else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def tell(text: str) -> None:
    """Write one line to standard error; if nobody listens there, nothing else is to be done."""
    # Python has no `sys.stderr` when the process was started with it closed.
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{printable(text)}\n")
            sys.stderr.flush()
