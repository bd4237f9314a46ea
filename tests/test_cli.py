"""The program as a whole: what it exits with, and what it says when something is wrong.

The tests of the command line run it as a user does, as a process; `run` and `Result` are theirs.
"""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from attrs import frozen

from telnyx_orders import __version__
from telnyx_orders.cli import app
from telnyx_orders.cli.wording import in_options
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import until
from tests.servers import KEY, asked_page, order, page, serve

PROGRAM = (sys.executable, "-W", "error", "-m", "telnyx_orders.cli")

_NOT_INHERITED = ("TELNYX_", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_")


@frozen
class Result:
    """What a process left behind."""

    code: int
    out: str
    err: str


def environment(server: Sandbox | None = None, **variables: str) -> dict[str, str]:
    """The environment of a process: what surrounds the tests must not change what it prints."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_NOT_INHERITED) and not name.lower().endswith("_proxy")
    }
    if server is not None:
        kept |= {"TELNYX_BASE_URL": server.base_url, "TELNYX_API_KEY": server.api_key}
    return {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **variables}


async def run(
    *arguments: str,
    server: Sandbox | None = None,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
) -> Result:
    """Run the program to its end, with pipes around it."""
    process = await asyncio.create_subprocess_exec(
        *program,
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(server, **(env or {})),
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Result(process.returncode, out.decode(), err.decode())


def error_line(result: Result) -> str:
    """The one line that a failed run says, which is no traceback."""
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("error: ")
    return lines[0]


async def test_version_is_the_packages_version():
    """`--version` prints the name and the version on standard output."""
    assert await run("--version") == Result(0, f"telnyx-orders {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "example"),
    [
        ((), "$ telnyx-orders list --sandbox"),
        (("--help",), "$ telnyx-orders sandbox --orders 5000"),
        (("list", "--help"), "$ telnyx-orders list --format csv > orders.csv"),
        (("show", "--help"), "$ telnyx-orders show 12ade33a-21c0-473b-b055-b3c836e1c292 | jq"),
        (("place", "--help"), "$ telnyx-orders place --sandbox --yes +19705555000 --wait"),
        (("wait", "--help"), "| xargs telnyx-orders wait --stop-on-requirements"),
        (("cancel", "--help"), "$ telnyx-orders cancel 12ade33a-21c0-473b-b055-b3c836e1c292 --dry"),
        (("sandbox", "--help"), "$ telnyx-orders sandbox --orders 5000 --port 8080"),
    ],
)
def test_help_has_examples(
    arguments: tuple[str, ...], example: str, capsys: pytest.CaptureFixture[str]
):
    """Every help shows commands that can be copied; without a command there is help, too."""
    result = Result(app.run(arguments), *capsys.readouterr())
    assert (result.code, result.err) == (0, "")
    assert example in result.out


@pytest.mark.parametrize(
    "command",
    [
        "webhook verify" if name == "webhook" else name
        for name in app.app
        if not name.startswith("-")
    ],
)
def test_each_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    """A new command cannot be forgotten."""
    assert app.run([*command.split(), "--help"]) == 0
    assert f"telnyx-orders {command}" in capsys.readouterr().out.split("\n\n", 1)[1]


async def test_the_help_says_how_dates_without_a_zone_are_taken():
    """That a date is in UTC cannot be guessed, so the help says it."""
    assert "Without a zone they are in UTC" in (await run("list", "--help")).out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--bogus", ["--bogus"]),
        ("--api-key KEY", ["--api-key"]),
        ("--format xml", ["xml", "--format", "table", "json", "ndjson", "csv"]),
        ("--limit 0", ["--limit", ">= 1", '"0"']),
        ("--limit many", ["--limit", '"many"', "whole number"]),
        ("--limit 2.9", ["--limit", '"2.9"', "whole number"]),
        ("--phone-numbers-count 1_0", ["--phone-numbers-count", '"1_0"']),
        ("--page-size 251", ["--page-size", "<= 250", '"251"']),
        ("--concurrency 0", ["--concurrency", ">= 1"]),
        ("--phone-numbers-count -1", ["--phone-numbers-count", ">= 0"]),
        ("--created-after yesterday", ["--created-after", '"yesterday"', "2026-01-31", "UTC"]),
        ("--created-before 2026-02-30", ["--created-before", '"2026-02-30"', "2026-01-31"]),
        ("--created-after 0001-01-01T00:00+14:00", ["--created-after", "0001-01-01"]),
        ("--status", ["--status"]),
        ("pending", ["pending"]),
    ],
)
def test_a_usage_error_is_named(
    arguments: str, named: list[str], capsys: pytest.CaptureFixture[str]
):
    """What cannot be understood exits with 2 and a line with the option, the value, the choice."""
    result = Result(app.run(["list", *arguments.split()]), *capsys.readouterr())
    assert (result.code, result.out) == (2, "")
    line = error_line(result)
    assert [word for word in named if word not in line] == []


async def test_a_usage_error_is_the_exit_code_of_the_process():
    """What `run` gives is what a shell sees."""
    result = await run("list", "--bogus", env={"TELNYX_API_KEY": KEY})
    assert (result.code, result.out) == (2, "")
    assert "--bogus" in error_line(result)


async def test_a_missing_key_is_a_usage_error():
    """Without a key nothing is sent, and the line says where a key comes from."""
    result = await run("list")
    assert (result.code, result.out) == (2, "")
    assert "TELNYX_API_KEY" in error_line(result)


async def test_a_base_url_that_cannot_be_used_is_a_usage_error():
    """A wrong `TELNYX_BASE_URL` is told as such, without trying it."""
    result = await run("list", env={"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": "ftp://example.com"})
    assert (result.code, result.out) == (2, "")
    assert "TELNYX_BASE_URL" in error_line(result)


@pytest.mark.parametrize("form", ["table", "json"])
async def test_a_wrong_key_is_one_line_without_the_key(form: str, sandbox: Sandbox):
    """A refused key exits with 1, shows no part of it, and writes nothing that looks like data."""
    secret = "KEYwrongwrongwrong"
    result = await run("list", "--format", form, server=sandbox, env={"TELNYX_API_KEY": secret})
    assert (result.code, result.out) == (1, "")
    assert "401" in error_line(result)
    assert secret not in result.err


async def test_a_connection_that_fails_is_one_line():
    """A server with a certificate of its own is not trusted: exit code 1 and a line."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        env = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": f"https://127.0.0.1:{port}/v2"}
        result = await run("list", env=env)
    assert (result.code, result.out) == (1, "")
    assert "certificate" in error_line(result)
    assert "Check TELNYX_BASE_URL, " in error_line(result)


@pytest.mark.parametrize(
    ("form", "end"), [("json", '"requirements_met": null\n  }'), ("csv", "\n")]
)
async def test_an_error_in_the_middle_leaves_no_complete_array(form: str, end: str):
    """What arrived before the error is written, the array stays open, the exit code is 1."""

    async def handler(request: web.Request) -> web.Response:
        if asked_page(request) > 1:
            return web.json_response({"errors": [{"title": "Cursor\x1b[2J lost"}]}, status=400)
        return page([order(number) for number in range(250)], pages=3, results=750)

    async with serve(handler) as base_url:
        env = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url}
        result = await run("list", "--format", form, env=env)
    assert result.code == 1
    assert r"Cursor\x1b[2J lost" in error_line(result)
    assert "`orders`" not in result.err
    assert all(f"order-{number}" in result.out for number in range(250))
    assert result.out.endswith(end)


async def test_control_c_is_quiet(sandbox: Sandbox):
    """SIGINT in the middle of a fetch exits with 130 and says nothing."""
    sandbox.faults = Faults(script=[None, *[Fault.SILENCE] * 100])
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "list",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
        limit=2**20,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")


async def test_control_c_ends_a_write_that_nobody_reads(sandbox: Sandbox):
    """A reader that has stopped reading, like `less` without a key press, does not hold it up."""
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "list",
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )
    os.close(writing)
    await asyncio.to_thread(os.read, reading, 1)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    os.close(reading)
    assert (process.returncode, err) == (130, b"")


@pytest.mark.parametrize("form", ["ndjson", "json"])
async def test_a_closed_pipe_ends_it_quietly(form: str, sandbox: Sandbox):
    """`| head -1` gets its line; the rest is not fetched in vain, and is no error."""
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("list", "--page-size", "10", "--concurrency", "1", "--format", form),
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )
    os.close(writing)
    assert await asyncio.to_thread(os.read, reading, 1)
    os.close(reading)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert len(sandbox.counters.pages) < 100


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
async def test_a_full_disk_is_one_line(sandbox: Sandbox):
    """A write that fails exits with 1 and the reason, without a second complaint at the end."""
    shell = ("sh", "-c", 'exec "$@" > /dev/full', "sh", *PROGRAM)
    result = await run("list", server=sandbox, program=shell)
    assert result.code == 1
    assert "No space left" in error_line(result)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the stream")
async def test_a_closed_standard_output_is_one_line(sandbox: Sandbox):
    """Started with standard output closed, it must not write orders into some socket."""
    shell = ("sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM)
    result = await run("list", server=sandbox, program=shell)
    assert result.code == 1
    assert "standard output is closed" in error_line(result)


OWN = ["--help", "--version", "list --help", "--install-completion --shell bash", ""]
"""What the program answers before any command runs."""


def in_shell(redirected: str) -> tuple[str, ...]:
    """The program, with its standard output as a shell is told."""
    return ("sh", "-c", f'"$@" {redirected}', "sh", *PROGRAM)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell redirects the stream")
@pytest.mark.parametrize("arguments", OWN)
async def test_help_that_nobody_reads_is_no_error(arguments: str, tmp_path: Path):
    """`--help | true` exits with 0, as every other command does there."""
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *arguments.split(),
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(HOME=str(tmp_path)),
    )
    os.close(writing)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", OWN)
@pytest.mark.parametrize(
    ("redirected", "said"),
    [
        (">/dev/full", "error: cannot write to standard output: No space left on device"),
        (">&-", "error: standard output is closed"),
    ],
)
async def test_help_that_cannot_be_written_is_one_line(
    arguments: str, redirected: str, said: str, tmp_path: Path
):
    """It exits with 1 and the reason, as every other command does there."""
    env = {"HOME": str(tmp_path)}
    result = await run(*arguments.split(), env=env, program=in_shell(redirected))
    assert result.code == 1
    assert error_line(result) == said


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no /dev/null")
async def test_completion_that_cannot_be_written_is_one_line():
    """A home that is no folder is named."""
    result = await run("--install-completion", "--shell", "bash", env={"HOME": "/dev/null"})
    assert result.code == 1
    assert error_line(result).startswith("error: cannot write /dev/null/")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
@pytest.mark.parametrize("ignored", [False, True])
async def test_sigterm_ends_it_as_control_c_does(ignored: bool, sandbox: Sandbox):
    """It exits with 143 and says nothing, also where a shell has SIGINT ignored."""
    sandbox.faults = Faults(script=[Fault.SILENCE] * 20)
    trap = "trap '' INT; " if ignored else ""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'{trap}exec "$@"', "sh", *PROGRAM, "list"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(sandbox),
    )
    await until(lambda: sandbox.counters.requests)
    process.terminate()
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (143, b"", b"")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TELNYX_BASE_URL": "http://example.com/v2"}, "in clear text; use https"),
        ({"HTTPS_PROXY": "nonsense"}, "with http or https"),
    ],
)
@pytest.mark.parametrize("command", ["count", "doctor"])
async def test_advice_speaks_of_no_argument(command: str, variables: dict[str, str], said: str):
    """What only a program can say is not advised to whoever types."""
    result = await run(command, env={"TELNYX_API_KEY": KEY, **variables})
    assert result.code == 2
    assert error_line(result).endswith(said)


@pytest.mark.parametrize(
    ("client", "command"),
    [
        (
            "Check api_key or TELNYX_API_KEY against the keys",
            "Check TELNYX_API_KEY against the keys",
        ),
        ("api_key holds a space", "TELNYX_API_KEY holds a space"),
        (
            "Check base_url, the clock of this machine and its certificates, or give ssl_context.",
            "Check TELNYX_BASE_URL, the clock of this machine and its certificates.",
        ),
        (
            "GET /x: no success within RetryPolicy.max_seconds = 9 s and 2 attempts. Allow more "
            "with RetryPolicy(max_seconds=). The last error was: this",
            "GET /x: no success within 9 s and 2 attempts. The last error was: this",
        ),
        (
            "for another 70.00 s, longer than RetryPolicy.max_seconds = 60 s allows.",
            "for another 70.00 s, longer than the 60 s that are waited.",
        ),
        (
            "Wait before you go on, lower `concurrency`, or ask Telnyx for a higher limit.",
            "Wait before you go on, or ask Telnyx for a higher limit.",
        ),
        (
            "Narrow it with filter=, raise `concurrency`, or try again",
            "Narrow it with options such as --status, or try again",
        ),
        (
            "ask for fewer orders at once with `page_size`",
            "ask for fewer orders at once with --page-size",
        ),
        ("database_url and my_api_key", "database_url and my_api_key"),
    ],
)
def test_the_clients_words_in_those_of_the_command_line(client: str, command: str):
    """Each argument that a message names becomes an option, a variable, or nothing."""
    assert in_options(client, concurrency=False) == command


def test_the_key_and_the_server_of_one_account_of_many():
    """They do not come from the environment by the usual names."""
    said = in_options(
        "Check api_key or TELNYX_API_KEY, and base_url.",
        concurrency=True,
        key="A_KEY",
        server="a URL",
    )
    assert said == "Check A_KEY, and a URL."


def test_a_command_that_has_the_option_advises_it():
    """`count`, which sends one request, has none."""
    said = in_options("lower `concurrency`, or ask", concurrency=True)
    assert said == "lower --concurrency, or ask"


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
async def test_without_the_extra_it_says_what_to_install(missing: str):
    """Where only the library is installed, the program exits with 2 and one helpful line."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from telnyx_orders.cli import main; main()"
    )
    result = await run("--help", program=(sys.executable, "-c", code))
    assert (result.code, result.out) == (2, "")
    assert "pip install 'telnyx-orders[cli]'" in error_line(result)
    assert missing in result.err


async def test_importing_the_command_line_needs_no_extra():
    """`telnyx_orders.cli` can be imported without loading cyclopts or rich."""
    code = "import sys, telnyx_orders.cli; print({'cyclopts', 'rich'} & set(sys.modules))"
    assert await run(program=(sys.executable, "-c", code)) == Result(0, "set()\n", "")
