"""`telnyx-orders sandbox`: a local server in the foreground."""

import asyncio
import errno
import json
import shlex
from typing import Literal

from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.termination import called_to_end
from telnyx_orders.sandbox import Sandbox

__all__ = ["ListenError", "SandboxFormat", "serve_sandbox"]

SandboxFormat = Literal["shell", "json"]


class ListenError(Exception):
    """The sandbox cannot listen where it should; the message says why."""


async def serve_sandbox(
    sandbox: Sandbox, *, orders: int, host: str, port: int, form: SandboxFormat
) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and say how to reach it.

    Raises:
        ListenError: The port is in use, for example.
        BrokenPipeError: Nobody reads how to reach it.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    ended = asyncio.Event()
    with called_to_end(ended.set):
        try:
            await sandbox.start()
        except OSError as error:
            raise ListenError(_why_not(error, host, port)) from error
        try:
            await output.write(_as_json(sandbox) if form == "json" else _as_shell(sandbox))
            paste = "Paste the lines above into another shell; " if form == "shell" else ""
            tell(f"Serving {counted(orders, 'order')}. {paste}Ctrl-C ends this.")
            await ended.wait()
        finally:
            await sandbox.stop()


def _settings(sandbox: Sandbox) -> dict[str, str]:
    settings = {"base_url": sandbox.base_url, "api_key": sandbox.api_key}
    if sandbox.webhook_sender is not None:
        settings["public_key"] = sandbox.public_key
    return settings


def _as_json(sandbox: Sandbox) -> str:
    return f"{json.dumps(_settings(sandbox))}\n"


def _as_shell(sandbox: Sandbox) -> str:
    return "".join(
        f"export TELNYX_{name.upper()}={shlex.quote(value)}\n"
        for name, value in _settings(sandbox).items()
    )


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; choose another with --port, or 0 for a free one"
    return f"cannot listen on port {port} of {host}: {error.strerror or error}"
