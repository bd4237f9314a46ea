"""The question before something is bought or cancelled."""

import asyncio
import os
import sys
import threading
from concurrent.futures import Future

from telnyx_orders.cli.failures import UsageError
from telnyx_orders.cli.messages import tell

__all__ = ["check_can_ask", "confirmed"]

LONGEST_ANSWER = 1024


def check_can_ask(deed: str) -> None:
    """Refuse to go on where nobody can be asked.

    Args:
        deed: What would be done, such as `buy 2 numbers`.

    Raises:
        UsageError: Standard input or standard error is no terminal.
    """
    for stream in (sys.stdin, sys.stderr):
        # Python has no such stream when the process was started with it closed.
        if stream is None or not stream.isatty():
            raise UsageError(
                f"there is no terminal to ask on, and nothing was sent: say --yes to {deed}, or "
                "--dry-run to see what would be done"
            )


async def confirmed(question: str) -> bool:
    """Ask a question on the terminal; anything but yes is a no.

    The question goes to standard error, so that standard output has nothing but the answer of the
    API.
    """
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = await _line()
    if not answer.endswith("\n"):  # Ctrl-D leaves the cursor behind the question
        tell("")
    return answer.strip().lower() in ("y", "yes")


async def _line() -> str:
    outcome: Future[bytes] = Future()
    outcome.set_running_or_notify_cancel()

    def work() -> None:
        try:
            outcome.set_result(os.read(sys.stdin.fileno(), LONGEST_ANSWER))
        except OSError as error:
            outcome.set_exception(error)

    # A daemon thread, which need not be waited for on Ctrl-C; and the number of the file, as
    # Python cannot end while a thread holds the lock of `sys.stdin`.
    threading.Thread(target=work, name="standard input", daemon=True).start()
    try:
        return (await asyncio.wrap_future(outcome)).decode(errors="replace")
    except OSError:
        return ""  # the terminal is gone: nobody has said yes
