"""Processes that share a journal, and that die or stop while they use it."""

import asyncio
import os
import signal
import sqlite3
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telnyx_orders import Clock, IntentState, JournalError, OrderInProgressError, OrderJournal
from tests.journal_worker import SENT, new_order

KILLS = int(os.environ.get("JOURNAL_KILLS", "200"))
"""How often a process is killed that writes to a journal."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it uses signals and fork")


@asynccontextmanager
async def worker(path: Path, what: str) -> AsyncIterator[Process]:
    """A process that uses a journal; ended with the block."""
    arguments = ("-m", "tests.journal_worker", str(path), what)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode().strip()


async def started(process: Process) -> None:
    assert await line(process) == "ready"


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def rest(process: Process) -> list[str]:
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return out.decode().splitlines()


async def test_killed_at_any_moment(tmp_path: Path) -> None:
    """What a killed process had recorded is there, whenever it was killed."""
    path = tmp_path / "orders.db"
    async with worker(path, str(KILLS)) as process:
        recorded = dict(reversed(line.split()) for line in await rest(process))
    assert process.returncode == 0
    assert len(recorded) > KILLS
    async with OrderJournal(path) as journal:
        open_now = {intent.reference for intent in await journal.open_intents()}
        for reference, state in recorded.items():
            intent = await journal.recall(new_order(reference))
            assert intent is not None
            # It may have been recorded as placed without a word of it.
            assert intent.state is IntentState.PLACED or (state == "open" and reference in open_now)
    assert owners(path) == 0
    check_integrity(path)


def owners(path: Path) -> int:
    return len(list(path.parent.glob("*-owner-*")))


def check_integrity(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_a_process_that_died_just_now(tmp_path: Path) -> None:
    """Its request may have been under way until this moment, and no longer."""
    path = tmp_path / "orders.db"
    async with worker(path, "hold_open") as other:
        await started(other)
        go(other)
        assert await line(other) == "sending"
        other.kill()
        await other.wait()
    now = SENT.timestamp() + 3
    async with OrderJournal(path, clock=Clock(now=lambda: now)) as journal:
        [intent] = await journal.open_intents()
    assert intent.given_up_at == datetime.fromtimestamp(now, UTC)


@pytest.mark.parametrize("attempt", range(5))
async def test_a_race_for_a_reference(tmp_path: Path, attempt: int) -> None:
    """Of several processes that place the order of a reference, exactly one sends it."""
    path = tmp_path / "orders.db"
    async with (
        worker(path, "race") as one,
        worker(path, "race") as two,
        worker(path, "race") as tri,
    ):
        racers = (one, two, tri)
        await asyncio.gather(*map(started, racers))
        for process in racers:
            go(process)
        said = [await line(process) for process in racers]
    assert said.count("sends") == 1
    assert set(said) <= {"sends", "placed", "OrderInProgressError", "JournalError"}


async def test_opened_at_once_by_many(tmp_path: Path) -> None:
    """Processes that make the same new journal at once all get to use it."""
    path = tmp_path / "orders.db"
    workers = [worker(path, "race") for _ in range(6)]
    opened = await asyncio.gather(*(one.__aenter__() for one in workers))
    try:
        await asyncio.gather(*map(started, opened))
        assert owners(path) == 6
    finally:
        await asyncio.gather(*(one.__aexit__(None, None, None) for one in workers))


async def test_a_stopped_process_is_alive(tmp_path: Path) -> None:
    """What a stopped process sends is in progress: it may go on. Once it is killed, it is open."""
    path = tmp_path / "orders.db"
    async with OrderJournal(path) as journal, worker(path, "hold_open") as other:
        await started(other)
        go(other)
        assert await line(other) == "sending"
        other.send_signal(signal.SIGSTOP)
        with pytest.raises(OrderInProgressError):
            await journal.recall(new_order("job-17"))
        assert await journal.open_intents() == []
        other.send_signal(signal.SIGCONT)
        with pytest.raises(OrderInProgressError):
            await journal.recall(new_order("job-17"))
        other.kill()
        await other.wait()
        intent = await journal.recall(new_order("job-17"))
        assert intent is not None
        assert intent.sent_at == SENT
        assert intent.given_up_at == SENT + timedelta(seconds=100)  # it may have taken so long
        assert await journal.open_intents() == [intent]


async def test_found_dead_by_who_opens(tmp_path: Path) -> None:
    """What a killed process was sending is open to the next, and counts as sent when it was."""
    path = tmp_path / "orders.db"
    async with worker(path, "hold_open") as other:
        await started(other)
        go(other)
        await line(other)
        other.kill()
        await other.wait()
        assert owners(path) == 1
    async with OrderJournal(path) as journal:
        [intent] = await journal.open_intents()
        assert owners(path) == 1  # its own
    async with OrderJournal(path) as journal:
        assert await journal.open_intents() == [intent]


async def test_no_space(tmp_path: Path) -> None:
    """Where a file can grow no more nothing may be sent; once it can, all goes on."""
    async with worker(tmp_path / "orders.db", "fill") as process:
        await started(process)
        go(process)
        said = await rest(process)
    assert "cannot be used" in said[0]
    assert "disk" in said[0]
    assert said[1:] == ["recorded"]


async def test_a_fork_is_another_process(tmp_path: Path) -> None:
    """A forked process may use neither its parent's journal nor its file; the parent goes on."""
    path = tmp_path / "orders.db"
    async with worker(path, "fork") as process:
        await started(process)
        go(process)
        said = await rest(process)
    assert "opened before this process was forked" in said[0]
    assert "was open when this process was forked" in said[1]
    assert said[2:] == ["child 0"]
    async with OrderJournal(path) as journal:
        intent = await journal.recall(new_order("job-17"))
    assert intent is not None
    assert intent.placed is not None


@pytest.mark.parametrize("readable", ["folder", "file"])
async def test_not_writable(readable: str) -> None:
    """What cannot be written is an error that says what must be allowed."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "orders.db"
        if readable == "file":
            async with OrderJournal(path):
                pass
            path.chmod(0o444)
        path.parent.chmod(0o555)
        async with worker(path, "as_nobody") as process:
            said = await rest(process)
        path.parent.chmod(0o755)
    assert len(said) == 1
    assert "must be able to read and write the file" in said[0]


async def test_a_stopped_writer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another that holds the file for too long is an error that says to look for it."""
    monkeypatch.setattr("telnyx_orders.journal.database.BUSY_SECONDS", 0.1)
    path = tmp_path / "orders.db"
    async with OrderJournal(path) as journal:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="Another process has held it"):
            await journal.sending(new_order("job-17"), SENT)
        holder.execute("ROLLBACK")
        holder.close()
        await journal.sending(new_order("job-17"), SENT)
