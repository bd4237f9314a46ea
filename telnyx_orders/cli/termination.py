"""SIGTERM, which ends a command as Ctrl-C does: with its terminal and its files left in order."""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType

from attrs import define

__all__ = ["Termination", "called_to_end", "sigterm_as_sigint"]


@define
class Termination:
    """Whether SIGTERM has come."""

    came: bool = False


@contextmanager
def sigterm_as_sigint() -> Generator[Termination]:
    """Have SIGTERM interrupt the block as SIGINT would, and note that it came."""
    seen = Termination()
    # Only the main thread is told of signals. Whoever started us may want it to be ignored.
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield seen
        return

    def interrupt(_: int, frame: FrameType | None) -> None:
        seen.came = True
        # That of the event loop while there is one. A shell has SIGINT ignored by what it runs in
        # the background, so there may be none; and raising the signal would do nothing.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        else:
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def called_to_end(end: Callable[[], object]) -> Generator[None]:
    """Call a function of the event loop at SIGINT and SIGTERM, for what would go on for ever."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        # Windows has no such handlers; there Ctrl-C arrives as KeyboardInterrupt.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in numbers:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
