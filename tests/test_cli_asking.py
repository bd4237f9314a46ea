"""The commands for orders on a terminal: the question before money is spent, and the progress."""

import json
import subprocess
from collections.abc import AsyncIterator

import pytest

from telnyx_orders.sandbox import Sandbox
from tests.terminals import Start, terminals
from tests.test_cli_terminal import ESCAPES

NUMBER = "+19705555000"


@pytest.fixture
async def on_terminal(sandbox: Sandbox) -> AsyncIterator[Start]:
    async with terminals(sandbox) as start:
        yield start


async def test_an_order_is_asked_for_and_shown(on_terminal: Start, sandbox: Sandbox):
    """What is bought, with which key and where, is told before; the key itself is not."""
    terminal = await on_terminal("place", NUMBER, "+19705555001", "--reference", "job-17", "--wait")
    asked = await terminal.until("Buy 2 numbers? [y/N] ")
    assert f"This buys 2 numbers ({NUMBER}, +19705555001) with the key " in asked
    assert f"...{sandbox.api_key[-4:]} at {sandbox.base_url}." in asked.replace("\n", "")
    assert sandbox.api_key not in asked
    assert sandbox.counters.requests == 0
    terminal.press(b"y\n")
    code, screen = await terminal.end()
    assert code == 0
    (placed,) = sandbox.counters.placed
    assert f"The order {placed} of 2 numbers" in screen
    assert "0 of 1 ended" in screen
    lines = [ESCAPES.sub("", line).split("\r")[-1].split() for line in screen.splitlines()]
    assert ["order", placed] in lines
    assert ["status", "success"] in lines
    assert ["reference", "job-17"] in lines
    assert "\x1b[32msuccess\x1b[0m" in screen
    assert [NUMBER, "success", "US", "local", "approved"] in lines


@pytest.mark.parametrize("answer", [b"\n", b"n\n", b"yes please\n", b"\x04"])
async def test_anything_but_yes_buys_nothing(answer: bytes, on_terminal: Start, sandbox: Sandbox):
    """Enter and Ctrl-D are a no."""
    terminal = await on_terminal("place", NUMBER)
    await terminal.until("[y/N] ")
    terminal.press(answer)
    code, screen = await terminal.end()
    assert (code, sandbox.counters.requests) == (1, 0)
    assert screen.endswith("\nerror: nothing was bought: the answer was not yes\n")


async def test_control_c_at_the_question_buys_nothing(on_terminal: Start, sandbox: Sandbox):
    """It exits with 130, though a thread waits for the answer."""
    terminal = await on_terminal("place", NUMBER)
    await terminal.until("[y/N] ")
    terminal.press(b"\x03")
    code, screen = await terminal.end()
    assert (code, sandbox.counters.requests) == (130, 0)
    assert "Traceback" not in screen
    assert "Fatal" not in screen


async def test_the_question_does_not_run_into_the_output(on_terminal: Start, sandbox: Sandbox):
    """Where output is a pipe the question is on the terminal, and the pipe gets JSON only."""
    terminal = await on_terminal("place", NUMBER, stdout=subprocess.PIPE)
    await terminal.until("Buy 1 number? [y/N] ")
    terminal.press(b"Y\n")
    assert terminal.process.stdout is not None
    out = await terminal.process.stdout.read()
    assert (await terminal.end())[0] == 0
    assert [json.loads(out)["id"]] == sandbox.counters.placed


async def test_cancelling_is_asked_for(on_terminal: Start, sandbox: Sandbox):
    """How many parts and numbers are cancelled is told before."""
    order_id = sandbox.order_ids({"status": "pending", "phone_numbers_count": 1})[0]
    terminal = await on_terminal("cancel", order_id)
    await terminal.until("Cancel 1 sub number order, with 1 number? [y/N] ")
    terminal.press(b"no\n")
    assert (await terminal.end())[0] == 1
    assert sandbox.get(order_id)["status"] == "pending"
    terminal = await on_terminal("cancel", order_id)
    await terminal.until("[y/N] ")
    terminal.press(b"yes\n")
    code, screen = await terminal.end()
    assert (code, sandbox.get(order_id)["status"]) == (0, "cancelled")
    assert "cancelled" in screen


async def test_orders_are_shown_as_they_end_beside_a_bar(on_terminal: Start, sandbox: Sandbox):
    """The bar counts those that have ended, makes way for their lines, and is gone at the end."""
    ids = sandbox.order_ids({"status": "pending", "requirements_met": True})[:3]
    terminal = await on_terminal("wait", *ids)
    await terminal.until("0 of 3 ended")
    sandbox.settle(ids[0])
    await terminal.until("1 of 3 ended")
    sandbox.settle(ids[1])
    sandbox.settle(ids[2])
    code, screen = await terminal.end()
    assert code == 0
    lines = [ESCAPES.sub("", line).split("\r")[-1] for line in screen.splitlines()]
    assert sorted(line.split()[0] for line in lines if "success" in line) == sorted(ids)
    assert not any("success" in line and "ended" in line for line in lines)
    assert screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l")
