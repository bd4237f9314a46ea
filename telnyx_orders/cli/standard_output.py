"""Standard output for orders, which may be many and whose reader may be slow, or gone."""

import asyncio
import os
import select
import stat
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress

__all__ = ["OutputError", "StandardOutput", "check_open", "unwritable"]


class OutputError(Exception):
    """Standard output cannot be written to; the message says why."""


def check_open() -> None:
    """Refuse a standard output that the process was started without.

    Raises:
        OutputError: It was closed.
    """
    if sys.stdout is None:
        # Its number may by now be that of a socket.
        raise OutputError("standard output is closed")


def unwritable(error: OSError) -> OutputError:
    """Make the error for what the system says of a write."""
    return OutputError(f"cannot write to standard output: {error.strerror or str(error)}")


class StandardOutput:
    """Writes text in UTF-8, whatever the locale, without holding up the event loop.

    Nothing is buffered: when a write has returned, the text has left the process.

    Raises:
        OutputError: The process was started with standard output closed.
    """

    def __init__(self) -> None:
        check_open()
        sys.stdout.flush()
        self._file = open(  # noqa: SIM115  # a number is no path, and is not ours to close
            sys.stdout.fileno(), "wb", buffering=0, closefd=False
        )

    async def write(self, text: str) -> None:
        """Write a text, waiting until its reader has taken it.

        Raises:
            BrokenPipeError: The reader has gone away.
            OutputError: It cannot be written for another reason, such as a full disk.
        """
        # A lone surrogate becomes the very escape that JSON has for it.
        data = text.encode(errors="backslashreplace")
        if not data:
            return
        outcome: Future[None] = Future()
        outcome.set_running_or_notify_cancel()

        def work() -> None:
            try:
                self._write_all(data)
            except OSError as error:
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        # A pager such as `less` may take nothing for minutes. In the event loop that would stop the
        # requests in flight, and the threads of `asyncio.to_thread` would have to be waited for on
        # Ctrl-C; a daemon thread need not.
        threading.Thread(target=work, name="standard output", daemon=True).start()
        try:
            await asyncio.wrap_future(outcome)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritable(error) from error

    async def reader_gone(self) -> None:
        """Wait until the reader of a pipe has gone away; of anything else, for ever."""
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        number = self._file.fileno()
        watched = False
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            # The end of a pipe that is written to becomes readable only as the other is closed.
            with suppress(NotImplementedError):
                loop.add_reader(number, gone.set)
                watched = True
        try:
            await gone.wait()
        finally:
            if watched:
                loop.remove_reader(number)

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written: int | None = self._file.write(rest)
            if written is None:  # another process has made the pipe non-blocking
                select.select([], [self._file], [])
            else:
                rest = rest[written:]
