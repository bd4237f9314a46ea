"""`telnyx-orders count`: a number, by one request."""

import pytest

from telnyx_orders.sandbox import Sandbox
from tests.commands import Command, commands_at
from tests.test_cli import Result


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


async def test_all(command: Command, sandbox: Sandbox) -> None:
    assert await command("count") == Result(0, "1000\n", "")
    assert sandbox.counters.requests == 1


async def test_some(command: Command, sandbox: Sandbox) -> None:
    pending = sum(row["status"] == "pending" for row in sandbox.rows())
    assert (await command("count", "--status", "pending")).out == f"{pending}\n"


async def test_the_built_in_sandbox(command: Command) -> None:
    assert (await command("count", "--sandbox")).out == "2000\n"


@pytest.mark.parametrize("name", ["count", "list", "export"])
async def test_a_slip_in_the_status(name: str, command: Command, sandbox: Sandbox) -> None:
    """A slip would match nothing without a word; a status that is not documented may exist."""
    file = ["-"] if name == "export" else []
    result = await command(name, *file, "--status", "pendng")
    assert result.code == 2
    assert result.err == 'error: there is no status "pendng". Did you mean "pending"?\n'
    assert sandbox.counters.requests == 0
    assert (await command("count", "--status", "cancelled")).out == "0\n"
