"""A job with a journal that is killed at any moment, and run again, buys nothing twice."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from telnyx_orders.sandbox import Fault, Faults, Sandbox
from telnyx_orders.together import run_together
from tests.conftest import until
from tests.crash_worker import ORDERS

STEPS = int(os.environ.get("CRASH_STEPS", "4"))
"""At how many of the lines that run a job is killed, spread evenly over them."""


def account(*fates: Fault) -> Sandbox:
    """An empty account, and how the requests to place an order end in it."""
    return Sandbox(orders=0, placing_faults=Faults(script=fates, commit_delay=0.1))


async def run_worker(
    journal: Path, sandbox: Sandbox, step: int | None = None
) -> asyncio.subprocess.Process:
    arguments = [str(journal), sandbox.base_url, *([] if step is None else [str(step)])]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.crash_worker", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    out, err = await process.communicate()
    return process.returncode, (out + err).decode()


def requests_to_place(sandbox: Sandbox) -> int:
    return sandbox.counters.by_endpoint["POST /number_orders"]


def check(sandbox: Sandbox, said: str) -> None:
    """Each order was placed exactly once, and the job knows which it is."""
    rows = list(sandbox.rows())
    assert Counter(sandbox.counters.placed) == {row["id"]: 1 for row in rows}
    references = Counter(row["customer_reference"] for row in rows)
    assert references == {order.customer_reference: 1 for order in ORDERS}
    by_reference = {row["customer_reference"]: row["id"] for row in rows}
    assert dict(line.split() for line in said.splitlines()) == by_reference


async def lines_of_a_job(tmp_path: Path) -> int:
    """How many lines run until a job is done."""
    async with account() as sandbox:
        _, said = await ended(await run_worker(tmp_path / "whole", sandbox, 10**9))
    return int(said.splitlines()[-1].removeprefix("lines "))


async def kill_and_run_again(journal: Path, fate: Fault | None, step: int) -> bool:
    """Kill a job at a line, run it until it is done, and check what was bought."""
    async with account(*([] if fate is None else [fate] * len(ORDERS))) as sandbox:
        code, said = await ended(await run_worker(journal, sandbox, step))
        killed = code == -signal.SIGKILL
        code, said = await ended(await run_worker(journal, sandbox))
        while "It can be sent again" in said:
            code, said = await ended(await run_worker(journal, sandbox))
        assert code == 0, said
        check(sandbox, said)
    return killed


@pytest.mark.parametrize(
    "fate",
    [
        None,
        Fault.INTERNAL_ERROR,
        Fault.COMMIT_THEN_ERROR,
        Fault.COMMIT_THEN_RESET,
        Fault.COMMIT_LATER,
    ],
)
async def test_killed_at_any_line(fate: Fault | None, tmp_path: Path) -> None:
    """Whichever line of the package is the last to run, the next run finishes the job."""
    lines = await lines_of_a_job(tmp_path)
    chosen = random.Random(str(fate))
    steps = [max(1, int(lines * (n + chosen.random()) / STEPS)) for n in range(STEPS)]
    killed = 0
    for two in range(0, STEPS, 2):
        killed += sum(
            await run_together(
                kill_and_run_again(tmp_path / f"journal-{step}", fate, step)
                for step in steps[two : two + 2]
            )
        )
    # The lines that waiting takes differ from run to run.
    assert killed >= 0.5 * STEPS


@pytest.mark.parametrize("fate", [Fault.SILENCE, Fault.COMMIT_THEN_SILENCE])
async def test_killed_while_the_request_is_under_way(fate: Fault, tmp_path: Path) -> None:
    """Killed between the request and its answer, whether the server acts upon it or not."""
    async with account(fate, fate) as sandbox:
        process = await run_worker(tmp_path / "journal", sandbox)
        await until(lambda: requests_to_place(sandbox) == 2)
        process.kill()
        await ended(process)
        code, said = await ended(await run_worker(tmp_path / "journal", sandbox))
        assert code == 0, said
        check(sandbox, said)


async def test_two_jobs_at_once(tmp_path: Path) -> None:
    """A job that is started while another one still runs buys nothing a second time."""
    async with account(Fault.COMMIT_THEN_SILENCE, Fault.COMMIT_THEN_SILENCE) as sandbox:
        first = await run_worker(tmp_path / "journal", sandbox)
        await until(lambda: requests_to_place(sandbox) == 2)
        os.kill(first.pid, signal.SIGSTOP)
        code, said = await ended(await run_worker(tmp_path / "journal", sandbox))
        assert code == 1
        assert "another process is placing the order" in said
        first.kill()
        await ended(first)
        code, said = await ended(await run_worker(tmp_path / "journal", sandbox))
        assert code == 0, said
        check(sandbox, said)
