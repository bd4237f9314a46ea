"""What cyclopts writes to standard output by itself: the help, the version, how to complete."""

import os
import sys
from collections.abc import Callable

from telnyx_orders.cli.failures import CommandFailedError
from telnyx_orders.cli.standard_output import check_open, unwritable

__all__ = ["is_own", "run_own"]


def is_own(command: Callable[..., object]) -> bool:
    """Whether a command is one of cyclopts', and no function of this package."""
    return command.__module__.partition(".")[0] == "cyclopts"


def run_own(command: Callable[[], object]) -> int:
    """Run it, until all that it writes has left the process, and give the exit code.

    Raises:
        BrokenPipeError: The reader has gone away.
        OutputError: It cannot be written to standard output.
        CommandFailedError: A file cannot be written.
    """
    check_open()
    try:
        command()
        sys.stdout.flush()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # that is how rich takes it
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else 1
    except OSError as error:
        if error.filename is not None:
            reason = error.strerror or str(error)
            raise CommandFailedError(f"cannot write {error.filename}: {reason}") from error
        _drop_the_rest()
        if isinstance(error, BrokenPipeError):
            raise
        raise unwritable(error) from error
    return 0


def _drop_the_rest() -> None:
    # Python writes what is left as it ends, and would complain once more.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
