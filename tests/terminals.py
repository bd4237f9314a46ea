"""Programs on pseudo-terminals, as a user meets them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import Factory, define

from telnyx_orders.sandbox import Sandbox
from tests.test_cli import environment

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
termios = pytest.importorskip("termios")

# Opening the terminal makes it the one that controls the new session, so that Ctrl-C signals it.
IN_SESSION = (
    sys.executable,
    "-c",
    "import os; os.close(os.open(os.ttyname(0), os.O_RDWR));"
    "from telnyx_orders.cli import main; main()",
)


@define
class Terminal:
    """A process on a pseudo-terminal, and what it has written there."""

    process: asyncio.subprocess.Process
    master: int
    written: bytearray = Factory(bytearray)
    _news: asyncio.Event = Factory(asyncio.Event)
    _ended: bool = False

    def read(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says so when the last writer is gone
            data = b""
        self.written += data
        if not data:
            self._ended = True
            asyncio.get_running_loop().remove_reader(self.master)
        self._news.set()

    async def until(self, text: str | None) -> str:
        """Wait until a text was written, or for the end."""
        while not self._ended and (text is None or text.encode() not in self.written):
            self._news.clear()
            await self._news.wait()
        screen = self.written.decode().replace("\r\n", "\n")
        assert text is None or text in screen
        return screen

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    async def end(self) -> tuple[int, str]:
        """Wait for the end; gives the exit code and all that was written."""
        return await self.process.wait(), await self.until(None)


Start = Callable[..., Coroutine[Any, Any, Terminal]]


@asynccontextmanager
async def terminals(sandbox: Sandbox) -> AsyncIterator[Start]:
    """Runs the program on a pseudo-terminal of so many columns, with the sandbox as its API."""
    loop = asyncio.get_running_loop()
    started: list[Terminal] = []

    async def start(
        *arguments: str,
        columns: int = 120,
        env: Mapping[str, str] | None = None,
        **streams: Any,
    ) -> Terminal:
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, columns))
        process = await asyncio.create_subprocess_exec(
            *IN_SESSION,
            *arguments,
            **{"stdin": slave, "stdout": slave, "stderr": slave, **streams},
            env=environment(sandbox, **(env or {})),
            start_new_session=True,
        )
        os.close(slave)
        terminal = Terminal(process, master)
        loop.add_reader(master, terminal.read)
        started.append(terminal)
        return terminal

    try:
        yield start
    finally:
        for terminal in started:
            if terminal.process.returncode is None:
                terminal.process.kill()
                await terminal.process.wait()
            loop.remove_reader(terminal.master)
            os.close(terminal.master)
