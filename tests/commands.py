"""Commands run in this process, which is as good as a program where no signal or stream matters."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from telnyx_orders.cli import app
from tests.test_cli import Result

Command = Callable[..., Coroutine[Any, Any, Result]]


def commands_at(
    base_url: str, api_key: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """Give what runs a command on an account, with no terminal around it."""
    monkeypatch.setenv("TELNYX_BASE_URL", base_url)
    monkeypatch.setenv("TELNYX_API_KEY", api_key)

    async def command(*arguments: str) -> Result:
        # It has an event loop of its own, which must not be that of the server.
        code = await asyncio.to_thread(app.run, arguments)
        return Result(code, *capfd.readouterr())

    return command
