"""`telnyx-orders show`: an order as JSON, and as a page for people."""

import json
import re

import pytest

from telnyx_orders import NumberOrder, OrderPhoneNumber, OrdersClient, OrderStatus, make_converter
from telnyx_orders.cli.detail_formats import output_console
from telnyx_orders.cli.order_details import order_details
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.commands import Command, commands_at
from tests.test_cli import error_line, run


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


def rows(text: str) -> list[list[str]]:
    """The cells of each line."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


async def test_a_pipe_gets_the_whole_order(sandbox: Sandbox, client: OrdersClient):
    """It is what the API gives, as one indented object."""
    order_id = sandbox.order_ids()[0]
    result = await run("show", order_id, server=sandbox)
    assert (result.code, result.err) == (0, "")
    read = json.loads(result.out)
    order = await client.number_orders.retrieve(order_id)
    assert make_converter().structure(read, NumberOrder) == order
    assert result.out == json.dumps(read, indent=2, ensure_ascii=False) + "\n"


async def test_text_has_the_numbers_and_what_they_wait_for(command: Command, sandbox: Sandbox):
    """What is missing is told once for all numbers of a kind, with the deadline."""
    numbers = ["+19705555000", "+4930123456", "+4930123457", "+33140000000"]
    await command("place", *numbers, "--yes", "--reference", "job-17")
    (placed,) = sandbox.counters.placed
    sandbox.reset_counters()
    result = await command("show", placed, "--format", "text")
    assert (result.code, result.err) == (0, "")
    facts, numbers_shown, missing = re.split(r"\n *\n", result.out)
    assert ["order", placed] in rows(facts)
    assert ["status", "pending"] in rows(facts)
    assert ["reference", "job-17"] in rows(facts)
    assert ["requirements", "not met"] in rows(facts)
    assert ["numbers", "4"] in rows(facts)
    shown = rows(numbers_shown)
    assert shown[0] == ["NUMBER", "STATUS", "COUNTRY", "TYPE", "REQUIREMENTS"]
    assert [row[0] for row in shown[1:]] == numbers
    assert shown[1][1:] == ["pending", "US", "local", "approved"]
    waiting = rows(missing)
    assert waiting[0] == ["MISSING REQUIREMENT", "FIELD", "FOR", "UNTIL (UTC)"]
    assert [row[1:3] for row in waiting[1:]] == [
        ["textual", "2 numbers DE local"],
        ["address", "2 numbers DE local"],
        ["textual", "1 number FR local"],
        ["address", "1 number FR local"],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[3]) for row in waiting[1:])
    # A request for the order, and one for each kind of number that waits.
    assert sandbox.counters.requests == 3


async def test_a_deadline_that_cannot_be_had_hides_no_order(command: Command, sandbox: Sandbox):
    """The order is shown without it."""
    await command("place", "+4930123456", "--yes")
    sandbox.faults = Faults(script=[None], rate=1.0, kinds=(Fault.CUT_BODY,))
    result = await command("show", sandbox.counters.placed[0], "--format", "text")
    assert (result.code, result.err) == (0, "")
    assert "1 number DE local" in result.out
    assert "UNTIL" not in result.out


@pytest.mark.parametrize("form", ["text", "json"])
async def test_an_id_that_is_none_of_the_accounts(form: str, command: Command):
    """An unknown one exits with 1, an empty one with 2, and nothing looks like data."""
    result = await command("show", "00000000-nowhere", "--format", form)
    assert (result.code, result.out) == (1, "")
    assert "404" in error_line(result)
    empty = await command("show", " ", "--format", form)
    assert (empty.code, empty.out) == (2, "")
    assert "ID: expected an id" in error_line(empty)


async def test_an_order_of_the_built_in_sandbox_can_be_shown():
    """The ids that `list --sandbox` shows are those of the next command, too."""
    listed = await run("list", "--sandbox", "--limit", "1")
    (order,) = (json.loads(line) for line in listed.out.splitlines())
    shown = await run("show", "--sandbox", order["id"])
    assert shown.code == 0
    assert json.loads(shown.out)["created_at"] == order["created_at"]


def test_what_others_wrote_cannot_act():
    """Neither escape sequences nor markup of a reference, a number or a status get through."""
    hostile = "[red]\x1b[2J\n"
    order = NumberOrder(
        id=hostile,
        status=OrderStatus(hostile),
        customer_reference=hostile,
        phone_numbers=(OrderPhoneNumber(phone_number=hostile, country_code=hostile),),
    )
    text = order_details(order, output_console())
    assert "\x1b" not in text
    assert text.count(r"[red]\x1b[2J\n") == 5


def test_an_order_of_which_hardly_anything_is_known():
    """Every field but the id may be missing."""
    assert rows(order_details(NumberOrder(id="a"), output_console())) == [
        ["order", "a"],
        ["status", "?"],
        ["numbers", "0"],
    ]
