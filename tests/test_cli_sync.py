"""`telnyx-orders sync`: its lines, its summary, and how watching ends."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from telnyx_orders.mirror import Mirror
from telnyx_orders.sandbox import Sandbox
from tests.conftest import until
from tests.test_cli import PROGRAM, environment, error_line, run
from tests.test_mirror import expected, there


async def test_a_line_for_each_change(sandbox: Sandbox, tmp_path: Path):
    """In a pipe each change is a line of JSON; the summary says what was found and what it took."""
    file = tmp_path / "orders.db"
    first = await run("sync", str(file), server=sandbox)
    assert first.code == 0
    assert len(first.out.splitlines()) == 1000
    assert first.err.startswith("1,000 orders, read in full: 1,000 new, 0 changed, 0 gone; 4 req")
    gone, pending = sandbox.order_ids()[7], sandbox.order_ids({"status": "pending"})[-1]
    sandbox.remove(gone)
    sandbox.settle(pending)
    new = sandbox.insert()
    second = await run("sync", str(file), server=sandbox)
    told = [json.loads(line) for line in second.out.splitlines()]
    assert {one["change"]: one["order"]["id"] for one in told} == {
        "new": new,
        "changed": pending,
        "gone": gone,
    }
    assert second.err.startswith("1,000 orders, brought up to date: 1 new, 1 changed, 1 gone; ")
    assert there(file) == expected(sandbox)
    text = await run("sync", str(file), "--full", "--format", "text", "--quiet", server=sandbox)
    assert (text.code, text.out, text.err) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_watching_ends_when_it_is_told_to(
    number: signal.Signals, sandbox: Sandbox, tmp_path: Path
):
    """It writes each change as it comes, and SIGINT or SIGTERM end it with 0."""
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "sync", str(tmp_path / "orders.db"), "--watch", "0.05", "--format", "text"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        for _ in range(1000):
            await process.stdout.readline()
        order_id = sandbox.insert(customer_reference="job\x1b[2J")
        line = (await process.stdout.readline()).decode()
    assert line == f"new     {order_id} pending job\\x1b[2J\n"
    process.send_signal(number)
    out, err = await process.communicate()
    assert (process.returncode, out) == (0, b"")
    assert len(err.splitlines()) == 1
    assert there(tmp_path / "orders.db") == expected(sandbox)


async def test_a_mirror_that_is_in_use(sandbox: Sandbox, tmp_path: Path):
    """The second process says so in a line, and exits with 1."""
    file = tmp_path / "orders.db"
    async with Mirror(file):
        result = await run("sync", str(file), server=sandbox)
    assert result.code == 1
    assert "is in use by another process" in error_line(result)


async def test_a_wrong_key(sandbox: Sandbox, tmp_path: Path):
    """It is an error that says what to check."""
    result = await run(
        "sync", str(tmp_path / "orders.db"), server=sandbox, env={"TELNYX_API_KEY": "KEYwrong"}
    )
    assert result.code == 1
    assert "401" in error_line(result)


async def watching(
    file: Path, sandbox: Sandbox, seconds: str, stdout: int = subprocess.PIPE
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*PROGRAM, "sync", str(file), "--watch", seconds),
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )


def ids_in(out: bytes) -> set[str]:
    """The orders of the whole lines."""
    whole = out[: out.rfind(b"\n") + 1].splitlines()
    return {json.loads(line)["order"]["id"] for line in whole}


async def test_watching_ends_with_its_reader(sandbox: Sandbox, tmp_path: Path):
    """It notices in the pause, though there is nothing to write, and makes one sync before it."""
    reading, writing = os.pipe()
    process = await watching(tmp_path / "orders.db", sandbox, "3600", stdout=writing)
    os.close(writing)
    assert process.stderr is not None
    async with asyncio.timeout(30):
        with os.fdopen(reading, "rb") as lines:
            for _ in range(1000):
                await asyncio.to_thread(lines.readline)
            summary = await process.stderr.readline()
            assert summary.startswith(b"1,000 orders, read in full")
        assert await process.wait() == 0
    assert sandbox.counters.requests == 4


async def test_watching_ends_in_its_first_sync(sandbox: Sandbox, tmp_path: Path):
    """SIGTERM ends it with 0 then, too."""
    sandbox.latency = 0.5
    process = await watching(tmp_path / "orders.db", sandbox, "3600")
    await until(lambda: sandbox.counters.requests)
    process.send_signal(signal.SIGTERM)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


async def test_what_a_slow_reader_was_not_told_is_told_by_the_next(
    sandbox: Sandbox, tmp_path: Path
):
    """SIGTERM loses no change: the file has what nobody has read, and the next run tells it."""
    file = tmp_path / "orders.db"
    process = await watching(file, sandbox, "3600")
    assert process.stdout is not None
    first = await process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, _ = await process.communicate()
    assert process.returncode == 0
    second = await run("sync", str(file), server=sandbox)
    told = ids_in(first + out) | ids_in(second.out.encode())
    assert told == set(sandbox.order_ids())


async def test_what_could_not_be_written_is_told_by_the_next(sandbox: Sandbox, tmp_path: Path):
    """A full disk is an error, and loses no change."""
    file = tmp_path / "orders.db"
    full = await run("sync", str(file), server=sandbox, program=shell('exec "$@" >/dev/full'))
    assert full.code == 1
    assert "No space left" in error_line(full)
    second = await run("sync", str(file), server=sandbox)
    assert ids_in(second.out.encode()) == set(sandbox.order_ids())


async def test_standard_output_that_is_closed(sandbox: Sandbox, tmp_path: Path):
    """It is an error that says so, before anything is asked for."""
    file = tmp_path / "orders.db"
    result = await run("sync", str(file), server=sandbox, program=shell('exec "$@" >&-'))
    assert result.code == 1
    assert error_line(result) == "error: standard output is closed"
    assert sandbox.counters.requests == 0


async def test_watching_a_server_that_is_not_there_yet(sandbox: Sandbox, tmp_path: Path):
    """It says so in terms of the command line, and tries again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v2"
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "sync", str(tmp_path / "orders.db"), "--watch", "0.05"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(sandbox, TELNYX_BASE_URL=url),
        )
        assert process.stderr is not None
        async with asyncio.timeout(60):
            line = (await process.stderr.readline()).decode()
        assert line.startswith("not synced, trying again: ")
        assert "TELNYX_BASE_URL" in line
        assert " base_url" not in line
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0


async def test_the_built_in_sandbox_and_a_file_that_is_there(tmp_path: Path):
    """Each time it is another account, and the file is of the one before."""
    file = tmp_path / "orders.db"
    await asyncio.to_thread(file.touch)
    result = await run("sync", str(file), "--sandbox")
    assert result.code == 1
    assert "give a FILE that is not there yet" in error_line(result)


def shell(command: str) -> tuple[str, ...]:
    """The program, started by a shell."""
    return ("/bin/sh", "-c", command, "sh", *PROGRAM)
