"""`telnyx-orders doctor`: what it finds, and whether it is right about what is wrong."""

import time

import pytest

from telnyx_orders import __version__
from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox
from tests.commands import Command, commands_at
from tests.test_cli import Result


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


def findings(result: Result) -> dict[str, str]:
    """What was found, by what was looked at; no name is wider than the widest."""
    width = len("not installed")
    lines = result.out.splitlines()
    return {line[:width].strip(): line[width:].strip() for line in lines}


async def test_all_is_well(command: Command, sandbox: Sandbox) -> None:
    sandbox.rate_limit = RateLimit(100)
    result = await command("doctor")
    assert (result.code, result.err) == (0, "")
    found = findings(result)
    assert f"telnyx-orders {__version__}, Python 3." in found["versions"]
    assert "speedups (msgspec " in found["extras"]
    assert found["server"] == sandbox.base_url
    assert found["key"] == f"...{sandbox.api_key[-4:]}, accepted"
    assert sandbox.api_key not in result.out
    assert " ms" in found["reached"]
    assert found["clock"] == "agrees with the server's to 1 s"
    assert found["rate limit"] == "99 of 100 requests are left for the next 60 s"
    assert found["orders"] == "1,000"
    assert sandbox.counters.requests == 1


async def test_a_wrong_key(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEYof-another-account")
    result = await command("doctor")
    assert (result.code, result.err) == (1, "error: to be mended: key\n")
    assert "...ount, refused: take one of https://" in findings(result)["key"]
    assert "KEYof" not in result.out
    assert " ms" in findings(result)["reached"]


async def test_no_key(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the server can be reached shows all the same."""
    monkeypatch.delenv("TELNYX_API_KEY")
    result = await command("doctor")
    assert (result.code, result.err) == (1, "error: to be mended: key\n")
    assert findings(result)["key"].startswith("none: set TELNYX_API_KEY")
    assert " ms" in findings(result)["reached"]


@pytest.mark.parametrize("around", ["\n", " "])
async def test_a_key_that_the_client_refuses(
    around: str, command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read as every other command reads it, and the refusal is said in the same words."""
    monkeypatch.setenv("TELNYX_API_KEY", f"{sandbox.api_key}{around}")
    assert (await command("count")).code == 2
    result = await command("doctor")
    assert (result.code, result.err) == (1, "error: to be mended: key\n")
    assert findings(result)["key"].startswith("TELNYX_API_KEY holds a space, a line break")
    assert " ms" in findings(result)["reached"]
    assert sandbox.api_key[-4:] not in result.out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3600, "3,600 s ahead of the server's: set it"), (90, "90 s behind the server's: set it")],
)
async def test_a_clock_that_is_wrong(
    seconds: float, said: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sandbox(clock=lambda: time.time() + seconds) as elsewhere:
        monkeypatch.setenv("TELNYX_BASE_URL", elsewhere.base_url)
        result = await command("doctor")
    assert (result.code, result.err) == (1, "error: to be mended: clock\n")
    found = findings(result)["clock"]
    assert found.partition(" ")[2] == said.partition(" ")[2] + ", by NTP for example"


async def test_a_server_that_fails(command: Command, sandbox: Sandbox) -> None:
    sandbox.faults = Faults(script=(Fault.UNAVAILABLE,))
    result = await command("doctor")
    assert (result.code, result.err) == (1, "error: to be mended: reached\n")
    assert findings(result)["reached"].startswith("answers 503: ")
    assert sandbox.counters.requests == 1


async def test_no_server(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:9/v2")
    result = await command("doctor")
    assert (result.code, result.err) == (1, "error: to be mended: reached\n")
    assert "no connection" in findings(result)["reached"]
    assert "clock" not in findings(result)


async def test_the_built_in_sandbox(command: Command, sandbox: Sandbox) -> None:
    result = await command("doctor", "--sandbox")
    assert result.code == 0
    assert findings(result)["orders"] == "2,000"
    assert sandbox.counters.requests == 0
