"""`telnyx-orders list` on a terminal: the table, the bar, colours, Ctrl-C."""

import json
import re
import subprocess
from collections.abc import AsyncIterator

import pytest
from rich.cells import cell_len

from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.terminals import Start, terminals

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
async def on_terminal(sandbox: Sandbox) -> AsyncIterator[Start]:
    async with terminals(sandbox) as start:
        yield start


def table_lines(screen: str) -> list[str]:
    """The lines from the table's header on, without escapes and what the bar overwrote."""
    lines = [ESCAPES.sub("", line).split("\r")[-1].rstrip() for line in screen.splitlines()]
    header = next(index for index, line in enumerate(lines) if line.startswith("ID "))
    return lines[header:]


async def test_a_terminal_gets_a_table(on_terminal: Start, sandbox: Sandbox):
    """The first 25 orders are shown in full ids, and one line counts all that were fetched."""
    code, screen = await (await on_terminal("list")).end()
    lines = table_lines(screen)
    assert code == 0
    assert lines[0].split() == [
        *("ID", "STATUS", "NUMBERS", "REFERENCE", "CREATED", "(UTC)", "REQS", "MET")
    ]
    assert [line.split()[0] for line in lines[1:26]] == sandbox.order_ids()[:25]
    assert re.fullmatch(
        r"1,000 orders on 4 pages in \d+\.\d\d s, 0 retries \(the first 25 are shown\)", lines[26]
    )
    assert len(lines) == 27


async def test_a_limit_sets_the_rows_of_the_table(on_terminal: Start, sandbox: Sandbox):
    """`--limit 40` shows 40 rows, and nothing is left unshown."""
    _, screen = await (await on_terminal("list", "--limit", "40")).end()
    lines = table_lines(screen)
    assert [line.split()[0] for line in lines[1:41]] == sandbox.order_ids()[:40]
    assert lines[41].startswith("40 of 1,000 orders on 1 page")
    assert lines[41].endswith("0 retries")


@pytest.mark.parametrize("columns", [20, 60, 80, 120])
async def test_no_row_is_wider_than_the_terminal(columns: int, on_terminal: Start):
    """At every width an order is one line, which begins with its id or the start of it."""
    _, screen = await (await on_terminal("list", "--quiet", columns=columns)).end()
    lines = table_lines(screen)
    assert len(lines) == 26
    assert max(map(cell_len, lines)) <= columns
    ids = [line.split()[0] for line in lines[1:]]
    assert {len(shown) for shown in ids} == {36 if columns >= 120 else 9}


async def test_statuses_have_colours(on_terminal: Start):
    """Success is green, pending yellow, failure red."""
    _, screen = await (await on_terminal("list", "--limit", "200")).end()
    for status, colour in {"success": 32, "pending": 33, "failure": 31}.items():
        assert f"\x1b[{colour}m{status}\x1b[0m" in screen


async def test_text_of_others_cannot_act(on_terminal: Start, sandbox: Sandbox):
    """Neither escape sequences nor rich's markup in a reference reach the terminal as such."""
    sandbox.insert(customer_reference="[red]\x1b]0;owned\x07\n\u202eabc")
    _, screen = await (await on_terminal("list", "--limit", "1", columns=160)).end()
    assert r"[red]\x1b]0;owned\x07\n\u202eabc" in screen
    _, screen = await (await on_terminal("list", "--limit", "1", "--format", "csv")).end()
    assert r"[red]\x1b]0;owned\x07\n\u202eabc" in screen


@pytest.mark.parametrize("form", ["ndjson", "json"])
async def test_json_on_a_terminal_cannot_act(form: str, on_terminal: Start, sandbox: Sandbox):
    """It means the same: what is not printable is escaped, which JSON has for it."""
    reference = "a\u202eb\u200bc\u2028d\x9be\U000e0041\u00fc"
    sandbox.insert(customer_reference=reference)
    terminal = await on_terminal("list", "--limit", "1", "--format", form, "--quiet")
    _, screen = await terminal.end()
    assert r"a\u202eb\u200bc\u2028d\u009be\udb40\udc41ü" in screen
    read = json.loads(screen)
    assert (read[0] if form == "json" else read)["customer_reference"] == reference


async def test_a_bar_shows_how_far_it_is(on_terminal: Start, sandbox: Sandbox):
    """While pages are missing the bar counts the orders; it is gone when the table comes."""
    sandbox.faults = Faults(script=[None, *[Fault.SILENCE] * 20])
    terminal = await on_terminal("list")
    await terminal.until("250 of 1,000 orders")
    sandbox.faults = None
    terminal.press(b"\x03")
    assert (await terminal.end())[0] == 130


@pytest.mark.parametrize("code", [130, 143])
async def test_a_terminal_is_left_usable(code: int, on_terminal: Start, sandbox: Sandbox):
    """Ctrl-C and SIGTERM take the bar away, and show the cursor again."""
    sandbox.faults = Faults(script=[Fault.SILENCE] * 20)
    terminal = await on_terminal("list")
    await terminal.until("Fetching")
    if code == 130:
        terminal.press(b"\x03")
    else:
        terminal.process.terminate()
    ended, screen = await terminal.end()
    assert ended == code
    assert "Traceback" not in screen
    assert screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l")


async def test_quiet_shows_no_bar_and_no_summary(on_terminal: Start):
    """`--quiet` on a terminal leaves the table alone."""
    _, screen = await (await on_terminal("list", "--quiet")).end()
    assert "Fetching" not in screen
    assert "orders on" not in screen


async def test_the_bar_does_not_run_into_the_orders(on_terminal: Start):
    """Where standard error is a terminal and output a pipe, the bar goes to the terminal only."""
    terminal = await on_terminal("list", stdout=subprocess.PIPE)
    assert terminal.process.stdout is not None
    out = await terminal.process.stdout.read()
    code, screen = await terminal.end()
    assert code == 0
    assert out.count(b"\n") == 1000
    assert b"\x1b" not in out
    assert "Fetching" in screen


async def test_orders_on_a_terminal_are_not_torn_by_a_bar(on_terminal: Start):
    """`--format ndjson` on a terminal shows lines only: they are the progress."""
    _, screen = await (await on_terminal("list", "--format", "ndjson")).end()
    assert "Fetching" not in screen
    assert screen.count("\n") == 1001


async def test_without_a_terminal_for_errors_there_is_no_bar(on_terminal: Start):
    """`2> log` gets the summary alone."""
    terminal = await on_terminal("list", stderr=subprocess.PIPE)
    assert terminal.process.stderr is not None
    err = await terminal.process.stderr.read()
    assert (await terminal.end())[0] == 0
    assert err.startswith(b"1,000 orders on 4 pages")


async def test_no_color(on_terminal: Start):
    """`NO_COLOR` (https://no-color.org) takes the colours out of tables, help and errors."""
    for arguments in (["list", "--limit", "200"], ["list", "--help"], ["doctor"]):
        _, screen = await (await on_terminal(*arguments, env={"NO_COLOR": "1"})).end()
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]", screen), arguments


@pytest.mark.parametrize("columns", [30, 60, 120])
async def test_columns_that_were_asked_for_are_all_there(columns: int, on_terminal: Start):
    chosen = ("list", "--quiet", "--columns", "id,created_at,status")
    _, screen = await (await on_terminal(*chosen, columns=columns)).end()
    lines = table_lines(screen)
    assert max(map(cell_len, lines)) <= columns
    assert all(len(line.split()) >= 3 for line in lines[1:])


async def test_the_help_fits_a_narrow_terminal(on_terminal: Start):
    _, screen = await (await on_terminal("--help", columns=50)).end()
    assert max(cell_len(ESCAPES.sub("", line).rstrip()) for line in screen.splitlines()) <= 50
