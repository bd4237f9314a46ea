"""`telnyx-orders wait`: each order as it ends, and what became of the others."""

import asyncio
import json

import pytest

from telnyx_orders.sandbox import Sandbox
from tests.commands import Command, commands_at
from tests.conftest import until
from tests.test_cli import error_line, run

NUMBERS = ("+19705555000", "+19705555001", "+19705555002")


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


async def placed(command: Command, sandbox: Sandbox, *numbers: str) -> list[str]:
    """Place an order of each number, none of which ends by itself; gives their ids."""
    sandbox.settle_after = None
    for number in numbers:
        assert (await command("place", number, "--yes")).code == 0
    return list(sandbox.counters.placed)


async def test_orders_are_written_as_they_end(command: Command, sandbox: Sandbox):
    """A pipe gets a line of JSON for each, before the others have ended; 0 if all went well."""
    ids = await placed(command, sandbox, *NUMBERS)
    sandbox.settle(ids[1])
    waiting = asyncio.create_task(command("wait", *ids, ids[0]))
    sandbox.reset_counters()
    await until(lambda: sandbox.counters.pages)
    sandbox.settle(ids[0])
    sandbox.settle(ids[2])
    result = await waiting
    assert (result.code, result.err) == (0, "")
    read = [json.loads(line) for line in result.out.splitlines()]
    assert read[0]["id"] == ids[1]
    assert sorted(one["id"] for one in read) == sorted(ids)
    assert {one["status"] for one in read} == {"success"}


async def test_an_order_that_failed_is_no_success(command: Command, sandbox: Sandbox):
    """All have ended, so the array is whole; the exit code says that one did not go well."""
    ids = await placed(command, sandbox, *NUMBERS[:2])
    sandbox.settle(ids[0])
    sandbox.settle(ids[1], "failure")
    result = await command("wait", *ids, "--format", "json")
    assert result.code == 1
    assert {one["id"]: one["status"] for one in json.loads(result.out)} == {
        ids[0]: "success",
        ids[1]: "failure",
    }
    assert error_line(result) == "error: 1 of 2 orders ended without success"
    text = await command("wait", *ids, "--format", "text")
    assert f"{ids[1]}  failure  {NUMBERS[1]}" in text.out


async def test_what_has_not_ended_is_told_with_the_reason(command: Command, sandbox: Sandbox):
    """In work, waiting for somebody until a deadline, or unknown: each has a line."""
    ids = await placed(command, sandbox, "+19705555000", "+4930123456", "+19705555001")
    sandbox.settle(ids[2], "failure")
    result = await command("wait", *ids, "nobody", ids[0], "--timeout", "0")
    assert result.code == 1
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == [ids[2]]
    in_work, waits, missing, error = result.err.splitlines()
    assert in_work == f"{ids[0]}  in work"
    assert waits.startswith(f"{ids[1]}  waits for regulatory requirements, until 2")
    assert missing == "nobody  not in this account"
    one = await command("wait", *ids, "--timeout", "0", "--format", "json")
    assert [order["id"] for order in json.loads(one.out)] == [ids[2]]
    assert error == "error: 1 of 4 orders ended without success, 3 of 4 orders had not ended"


async def test_it_can_end_when_somebody_has_to_act(command: Command, sandbox: Sandbox):
    """`--stop-on-requirements` does not wait for the time to be over."""
    ids = await placed(command, sandbox, "+4930123456")
    result = await command("wait", *ids, "--stop-on-requirements", "--timeout", "1000")
    assert (result.code, result.out) == (1, "")
    assert "waits for regulatory requirements, until 2" in result.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("",), ["ID: expected an id"]),
        ((), ["ID"]),
        (("a", "--timeout", "soon"), ["--timeout", '"soon"']),
        (("a", "--timeout", "1e300"), ["--timeout", '"1e300"']),
        (("a", "--format", "csv"), ["--format", "ndjson"]),
    ],
)
async def test_what_cannot_be_understood_sends_nothing(
    arguments: tuple[str, ...], named: list[str], command: Command, sandbox: Sandbox
):
    """It exits with 2 and one line."""
    result = await command("wait", *arguments)
    assert (result.code, result.out, sandbox.counters.requests) == (2, "", 0)
    line = error_line(result)
    assert [word for word in named if word not in line] == []


async def test_orders_of_the_built_in_sandbox_end():
    """What is pending there ends, unless it waits for somebody."""
    listed = await run("list", "--sandbox", "--quiet", "--status", "pending")
    orders = [json.loads(line) for line in listed.out.splitlines()]
    running = [one["id"] for one in orders if one["requirements_met"]][:3]
    waiting = [one["id"] for one in orders if not one["requirements_met"]][:1]
    result = await run("wait", "--sandbox", "--stop-on-requirements", *running, *waiting)
    assert result.code == 1
    assert {json.loads(line)["id"] for line in result.out.splitlines()} == set(running)
    assert result.err.startswith(f"{waiting[0]}  waits for regulatory requirements, until 2")
