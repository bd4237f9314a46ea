"""Every Python block of the README and the docs is run, against a sandbox."""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from aiohttp import web

import telnyx_orders
from telnyx_orders import errors, order_errors, webhooks
from telnyx_orders.cli import app
from telnyx_orders.exports import errors as export_errors
from telnyx_orders.mirror import errors as mirror_errors
from telnyx_orders.sandbox import Sandbox, SigningKey
from tests.servers import serve_application, serve_asgi

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks() -> Iterator[object]:
    for path in PAGES:
        text = path.read_text()
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start(1)) + 1
            name = f"{path.relative_to(ROOT)}:{line}"
            yield pytest.param(found[1], name, id=name)


@pytest.fixture
async def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox that the blocks find in their environment, as a user's account."""
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", SigningKey().public_key)
    return sandbox


@pytest.mark.parametrize(("source", "name"), list(_blocks()))
async def test_a_block_runs(
    source: str, name: str, account: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block runs as it stands; an application in it serves its orders."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType("block")
    monkeypatch.setitem(sys.modules, "block", module)  # Django looks there for its URLs
    await asyncio.to_thread(exec, compile(source, name, "exec"), vars(module))
    app = vars(module).get("app")
    if app is None or name.startswith("docs/webhooks.md"):  # these apps have a test of their own
        return
    pending = [row["id"] for row in account.rows() if row["status"] == "pending"]
    serving = serve_application(app) if isinstance(app, web.Application) else serve_asgi(app)
    async with serving as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/pending") as response:
            assert response.status == 200
            answered = await response.json()
    assert answered
    assert answered == pending[: len(answered)]


def _commands() -> Iterator[object]:
    for path in PAGES:
        for line in path.read_text().splitlines():
            found = re.fullmatch(r"(?:\$ )?(?:\S+/)?telnyx-orders (.*)", line)
            if found:
                words = shlex.split(re.split(r" [|>&]", found[1])[0])
                yield pytest.param(words, id=f"{path.name}: {' '.join(words)}")


@pytest.mark.parametrize("words", list(_commands()))
async def test_a_command(
    words: list[str],
    account: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It can be understood, and does its work where that needs no file and no id of an order."""
    monkeypatch.chdir(tmp_path)
    if words[0] in ("list", "count", "doctor", "export") and words != ["export", "-"]:
        assert await asyncio.to_thread(app.run, words) == 0, capfd.readouterr().err
    else:
        app.app.parse_args(words, exit_on_error=False, print_error=False)


def test_the_test_suite_of_the_guide(tmp_path: Path) -> None:
    """The files of an application and its tests, put side by side, pass."""
    text = (ROOT / "docs" / "testing.md").read_text()
    files = re.findall(
        r"^```{code-block} python\n:caption: (\S+)\n\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    for name, source in files:
        (tmp_path / name).write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^1[0-9] passed", done.stdout, re.MULTILINE), done.stdout


def test_the_commands_of_the_readme_stand_alone() -> None:
    """The two commands that start from a fresh clone are the only lines of their kind."""
    lines = [
        line
        for line in (ROOT / "README.md").read_text().splitlines()
        if line.startswith("python3 -m venv")
    ]
    assert [line.rsplit(" && ", 1)[1] for line in lines] == [
        ".venv/bin/telnyx-orders list --sandbox",
        ".venv/bin/python -m pytest -q",
    ]


def test_the_reference_lists_every_public_name() -> None:
    """What can be imported can be looked up, the errors among their modules."""
    reference = (ROOT / "docs" / "reference.md").read_text()
    entry = r"^\.\. auto\w+:: telnyx_orders\.(?:webhooks\.)?(\w+)$"
    listed = set(re.findall(entry, reference, re.MULTILINE))
    listed |= {
        *errors.__all__,
        *order_errors.__all__,
        *webhooks.errors.__all__,
        *export_errors.__all__,
        *mirror_errors.__all__,
    }
    public = {*telnyx_orders.__all__, *webhooks.__all__}
    assert public - {"__version__"} <= listed


def test_the_changelog_has_the_version() -> None:
    """What is released is described."""
    assert f"## [{telnyx_orders.__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text()
