"""`telnyx-orders sandbox`: a local server in the foreground."""

import asyncio
import errno
import shlex
import signal
from contextlib import suppress

from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.sandbox import Sandbox

__all__ = ["ListenError", "serve_sandbox"]


class ListenError(Exception):
    """The sandbox cannot listen where it should; the message says why."""


async def serve_sandbox(sandbox: Sandbox, *, orders: int, host: str, port: int) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and say how to reach it.

    Raises:
        ListenError: The port is in use, for example.
        BrokenPipeError: Nobody reads how to reach it.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl-C arrives as KeyboardInterrupt.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    try:
        await sandbox.start()
    except OSError as error:
        raise ListenError(_why_not(error, host, port)) from error
    try:
        await output.write(
            f"export TELNYX_BASE_URL={shlex.quote(sandbox.base_url)}\n"
            f"export TELNYX_API_KEY={shlex.quote(sandbox.api_key)}\n" + _public_key(sandbox)
        )
        tell(
            f"Serving {counted(orders, 'order')}. Paste the lines above into another shell; "
            "Ctrl-C ends this."
        )
        await ended.wait()
    finally:
        await sandbox.stop()


def _public_key(sandbox: Sandbox) -> str:
    if sandbox.webhook_sender is None:
        return ""
    return f"export TELNYX_PUBLIC_KEY={shlex.quote(sandbox.public_key)}\n"


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; choose another with --port, or 0 for a free one"
    return f"cannot listen on port {port} of {host}: {error.strerror or error}"
