"""`telnyx-orders sync`: its lines, its summary, and how watching ends."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from telnyx_orders.mirror import Mirror
from telnyx_orders.sandbox import Sandbox
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
