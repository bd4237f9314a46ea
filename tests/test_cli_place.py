"""`telnyx-orders place` without a terminal: what it buys, how often, and what it says of it."""

import asyncio
import json
import shlex
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.commands import Command, commands_at
from tests.conftest import until
from tests.test_cli import PROGRAM, environment, error_line, run

NUMBER = "+19705555000"


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


async def test_an_order_is_placed_with_all_that_was_given(sandbox: Sandbox):
    """The whole order comes as JSON, and its id also on standard error, in case that is lost."""
    result = await run(
        *("place", NUMBER, "+19705555001", "--yes", "--reference=-job 17"),
        *("--connection-id", "c", "--messaging-profile-id", "m", "--billing-group-id", "b"),
        server=sandbox,
    )
    assert result.code == 0
    order = json.loads(result.out)
    assert sandbox.counters.placed == [order["id"]]
    assert [one["phone_number"] for one in order["phone_numbers"]] == [NUMBER, "+19705555001"]
    kept = sandbox.get(order["id"])
    names = ("connection_id", "messaging_profile_id", "billing_group_id", "customer_reference")
    assert [kept[name] for name in names] == ["c", "m", "b", "-job 17"]
    assert result.err == (
        f"The order {order['id']} of 2 numbers ({NUMBER}, +19705555001) is placed.\n"
    )


async def test_numbers_come_from_a_file_too(command: Command, sandbox: Sandbox, tmp_path: Path):
    """One a line, behind those of the arguments."""
    file = tmp_path / "numbers.txt"
    file.write_bytes(b"\xef\xbb\xbf# office\r\n+19705555001\r\n\r\n+19705555002 # fax\r\n")
    result = await command("place", NUMBER, "--from", str(file), "--yes")
    assert result.code == 0
    (placed,) = sandbox.counters.placed
    assert sandbox.orders_with("+19705555002") == [placed]
    assert sandbox.get(placed)["phone_numbers_count"] == 3


async def test_numbers_come_from_standard_input(sandbox: Sandbox):
    """`--from -` reads it; a mistake there is named, and nothing is sent."""

    async def fed(data: bytes) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "place", "--from", "-", "--yes"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(sandbox),
        )
        _, err = await process.communicate(data)
        return process.returncode, err.decode()

    code, err = await fed(b"+19705555000\n\nnot a number\xff\n")
    assert (code, sandbox.counters.requests) == (2, 0)
    assert err.startswith("error: standard input, line 3: 'not a number\ufffd' is not in E.164")
    code, _ = await fed(b"+19705555000\n")
    assert (code, len(sandbox.counters.placed)) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("", ["no number", "--from"]),
        ("9705555000 --yes", ["'9705555000'", "E.164", "nothing was sent"]),
        (f"{NUMBER} {NUMBER} --yes", [NUMBER, "twice"]),
        (f"{NUMBER}", ["no terminal", "nothing was sent", "--yes", "buy 1 number", "--dry-run"]),
        (f"{NUMBER} --yes --timeout 5", ["--timeout", "--wait"]),
        (f"{NUMBER} --yes --wait --timeout inf", ["--timeout", '"inf"', "seconds"]),
        (f"{NUMBER} --yes --settle -1", ["--settle", '"-1"']),
        (f"{NUMBER} --yes --journal orders.journal", ["--journal", "--customer-reference"]),
        (f"{NUMBER} --yes --sandbox --journal j --reference r", ["--journal", "--sandbox"]),
        (f"{NUMBER} --yes --reference=", ["customer_reference", "empty"]),
        (f"{NUMBER} --yes --format csv", ["--format", "csv", "json"]),
    ],
)
async def test_what_cannot_be_ordered_sends_nothing(
    arguments: str, named: list[str], command: Command, sandbox: Sandbox
):
    """It exits with 2 and one line; there is no way to buy by mistake."""
    result = await command("place", *arguments.split())
    assert (result.code, result.out, sandbox.counters.requests) == (2, "", 0)
    line = error_line(result)
    assert [word for word in named if word not in line] == []


async def test_a_file_that_cannot_be_read_sends_nothing(command: Command, sandbox: Sandbox):
    """It is an error of the disk."""
    result = await command("place", "--from", "/nowhere/numbers.txt", "--yes")
    assert (result.code, sandbox.counters.requests) == (1, 0)
    assert "cannot read /nowhere/numbers.txt: No such file" in error_line(result)


async def test_without_a_key_nothing_is_asked(command: Command, monkeypatch: pytest.MonkeyPatch):
    """What is missing is told before the question, and in a dry run too."""
    monkeypatch.delenv("TELNYX_API_KEY")
    for option in ("--yes", "--dry-run"):
        result = await command("place", NUMBER, option)
        assert (result.code, result.out) == (2, "")
        assert "TELNYX_API_KEY" in error_line(result)


async def test_a_dry_run_shows_what_would_be_sent(
    command: Command, sandbox: Sandbox, tmp_path: Path
):
    """It is the body of the request; nothing is sent, and no journal is made."""
    journal = tmp_path / "orders.journal"
    arguments = ("place", NUMBER, "--reference", "job-17", "--journal", str(journal), "--dry-run")
    result = await command(*arguments)
    assert (result.code, sandbox.counters.requests) == (0, 0)
    body = {"phone_numbers": [{"phone_number": NUMBER}], "customer_reference": "job-17"}
    assert json.loads(result.out) == body
    assert result.err == (
        f"Nothing was sent. Without --dry-run this would buy 1 number ({NUMBER}) with the key "
        f"...{sandbox.api_key[-4:]} at {sandbox.base_url}.\n"
    )
    assert not journal.exists()
    text = await command(*arguments, "--format", "text")
    assert text.out == f"POST /number_orders\n{result.out}"


@pytest.mark.parametrize(
    "fault",
    [Fault.COMMIT_THEN_ERROR, Fault.COMMIT_THEN_RESET, Fault.COMMIT_THEN_CUT_BODY],
)
async def test_a_lost_answer_is_found_out(fault: Fault, command: Command, sandbox: Sandbox):
    """The order was placed though no good answer came: it is found, and bought once."""
    sandbox.placing_faults = Faults(script=[fault])
    result = await command("place", NUMBER, "--yes", "--reference", "job-17")
    assert result.code == 0
    assert sandbox.counters.placed == [json.loads(result.out)["id"]]
    assert sandbox.counters.by_endpoint["POST /number_orders"] == 1


async def test_an_order_that_was_not_placed_is_told_as_such(command: Command, sandbox: Sandbox):
    """Where it is shown not to be there, the message says so, and what happened."""
    sandbox.placing_faults = Faults(script=[Fault.INTERNAL_ERROR])
    result = await command("place", NUMBER, "--yes", "--settle", "0")
    assert (result.code, result.out, sandbox.counters.placed) == (1, "", [])
    line = error_line(result)
    assert f"the order of 1 number ({NUMBER}), sent at 2" in line
    assert "was not placed: no such order was there at" in line
    assert "POST /number_orders answered 500" in line


async def test_an_order_that_comes_late_is_waited_for(command: Command, sandbox: Sandbox):
    """While it may still be under way it is looked for again, and somebody who waits is told."""
    sandbox.placing_faults = Faults(script=[Fault.COMMIT_LATER], commit_delay=1.5)
    result = await command("place", NUMBER, "--yes")
    assert (result.code, len(sandbox.counters.placed)) == (0, 1)
    assert result.err.startswith("There is no good answer yet. Do not order again meanwhile")
    assert result.err.count("good answer") == 1


async def test_when_it_cannot_be_told_the_message_says_how_to_look(
    command: Command, sandbox: Sandbox
):
    """No word of Python, and a command that can be copied."""
    other = sandbox.insert(
        phone_numbers=[{"phone_number": NUMBER, "id": "n"}],
        customer_reference="other",
        created_at=datetime.now(UTC) - timedelta(seconds=30),  # clocks may differ as much
    )
    sandbox.placing_faults = Faults(script=[Fault.INTERNAL_ERROR] * 2)
    for reference in ([], ["--reference", "it's -17"]):
        result = await command("place", NUMBER, "--yes", "--settle", "0", *reference)
        assert (result.code, result.out, sandbox.counters.placed) == (1, "", [])
        line = error_line(result)
        assert "may have been placed. It was looked for, but there is an order of the same" in line
        assert other in line
        assert "await" not in line
        assert "Do not order again before this shows whether it is there: " in line
        advised = shlex.split(line.rpartition("is there: ")[2])
        assert advised[:2] == ["telnyx-orders", "list"]
        listed = await command(*advised[1:])
        assert listed.code == 0
        assert [json.loads(one)["id"] for one in listed.out.splitlines()] == (
            [] if reference else [other]
        )


async def test_a_refused_order_is_one_line(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    """A wrong key buys nothing, and is not shown."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEYwrongwrongwrong")
    result = await command("place", NUMBER, "--yes")
    assert (result.code, result.out, sandbox.counters.placed) == (1, "", [])
    assert "401" in error_line(result)
    assert "wrongwrong" not in result.err


async def test_with_a_journal_the_same_order_is_bought_once(
    command: Command, sandbox: Sandbox, tmp_path: Path
):
    """Run again it gives the same order; with other numbers it is refused."""
    journal = ("--journal", str(tmp_path / "orders.journal"), "--reference", "job-17")
    sandbox.placing_faults = Faults(script=[Fault.COMMIT_THEN_ERROR])
    first = await command("place", NUMBER, "--yes", *journal)
    again = await command("place", NUMBER, *journal)  # nothing is bought, so nothing is asked
    assert (first.code, again.code) == (0, 0)
    assert sandbox.counters.placed == [json.loads(again.out)["id"]]
    assert json.loads(first.out)["id"] == json.loads(again.out)["id"]
    dry = await command("place", NUMBER, "--dry-run", *journal)
    assert "The journal knows that this order was placed" in dry.err
    other = await command("place", "+19705555001", "--yes", *journal)
    assert (other.code, other.out) == (1, "")
    assert "job-17" in error_line(other)
    assert len(sandbox.counters.placed) == 1


async def test_a_journal_advises_to_run_it_again(
    command: Command, sandbox: Sandbox, tmp_path: Path
):
    """Where it cannot be told, the same command finds out later: that is its use."""
    sandbox.insert(phone_numbers=[{"phone_number": NUMBER, "id": "n"}], customer_reference="other")
    sandbox.placing_faults = Faults(script=[Fault.INTERNAL_ERROR])
    journal = ("--journal", str(tmp_path / "orders.journal"), "--reference", "job-17")
    result = await command("place", NUMBER, "--yes", "--settle", "0", *journal)
    assert (result.code, sandbox.counters.placed) == (1, [])
    assert "Run the same command again: the journal knows of it" in error_line(result)


async def test_waiting_gives_the_order_that_has_ended(command: Command, sandbox: Sandbox):
    """`--wait` shows how it ended."""
    sandbox.settle_after = 0
    result = await command("place", NUMBER, "--yes", "--wait")
    assert (result.code, json.loads(result.out)["status"]) == (0, "success")


async def test_an_order_that_fails_is_shown_and_is_no_success(command: Command, sandbox: Sandbox):
    """It was placed, so it is written; the exit code says that it did not go well."""
    sandbox.settle_after = None
    placing = asyncio.create_task(command("place", NUMBER, "--yes", "--wait"))
    await until(lambda: sandbox.counters.placed)
    sandbox.settle(sandbox.counters.placed[0], "failure")
    result = await placing
    assert (result.code, json.loads(result.out)["status"]) == (1, "failure")
    assert result.err.endswith(f"error: the order {sandbox.counters.placed[0]} ended as failure\n")


async def test_when_the_time_is_over_the_order_is_still_shown(command: Command, sandbox: Sandbox):
    """It is placed and has an id, whatever became of the waiting."""
    result = await command("place", "+4930123456", "--yes", "--wait", "--timeout", "0.1")
    assert result.code == 1
    placed = json.loads(result.out)["id"]
    assert sandbox.counters.placed == [placed]
    assert f"{placed}  waits for regulatory requirements, until 2" in result.err
    assert f"the order had not ended; it can be waited for with: telnyx-orders wait {placed}" in (
        result.err
    )


async def test_waiting_that_fails_does_not_hide_the_order(command: Command, sandbox: Sandbox):
    """An API that refuses to be asked is an error, after the order was written."""
    sandbox.settle_after = None
    sandbox.faults = Faults(rate=1.0, kinds=(Fault.CUT_BODY,))
    result = await command("place", NUMBER, "--yes", "--wait", "--timeout", "30")
    assert (result.code, [json.loads(result.out)["id"]]) == (1, sandbox.counters.placed)
    assert "the order is placed, but" in result.err


@pytest.mark.parametrize("journal", [False, True])
async def test_control_c_says_that_it_may_have_been_placed(
    journal: bool, sandbox: Sandbox, tmp_path: Path
):
    """Interrupted while the order is under way, it exits with 130 and says how to find out."""
    sandbox.placing_faults = Faults(script=[Fault.COMMIT_THEN_SILENCE])
    options = ("--journal", str(tmp_path / "orders.journal")) if journal else ()
    arguments = ("place", NUMBER, "--yes", "--reference", "job-17", *options)
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )
    await until(lambda: sandbox.counters.placed)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out) == (130, b"")
    said = err.decode()
    assert said.startswith(f"interrupted: the order of 1 number ({NUMBER}) under 'job-17', sent at")
    assert "may have been placed" in said
    assert said.count("\n") == 1
    if journal:
        assert "Run the same command again" in said
        again = await run(*arguments, server=sandbox)
        assert [json.loads(again.out)["id"]] == sandbox.counters.placed
    else:
        assert said.endswith("telnyx-orders list --customer-reference=job-17\n")


async def test_control_c_while_waiting_says_that_it_is_placed(sandbox: Sandbox):
    """Only the waiting has ended."""
    sandbox.settle_after = None
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "place", NUMBER, "--yes", "--wait"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )
    await until(lambda: sandbox.counters.by_endpoint["GET /number_orders/{id}"])
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    (placed,) = sandbox.counters.placed
    assert f"interrupted: the order {placed} is placed; it can be waited for" in err.decode()


async def test_the_built_in_sandbox_shows_how_it_goes():
    """`place --sandbox --yes --wait` goes through to the end, without a key."""
    result = await run("place", "--sandbox", "--yes", NUMBER, "--wait")
    assert (result.code, json.loads(result.out)["status"]) == (0, "success")
