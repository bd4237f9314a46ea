"""What importing the package loads: a program that only lists a page does not pay for the rest."""

import asyncio
import subprocess
import sys

import pytest

from telnyx_orders.sandbox import Sandbox
from tests.benchmarks import child

DEPENDENCIES = "import aiohttp, attrs, cattrs, tenacity"
CLIENT = f"{DEPENDENCIES}\nfrom telnyx_orders import OrdersClient"

ONE_PAGE = """
import asyncio, sys
from telnyx_orders import OrdersClient

async def main(url, key):
    async with OrdersClient(key, base_url=url) as client:
        assert (await client.number_orders.list()).data

asyncio.run(main(*sys.argv[1:]))
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The names of the modules that a fresh interpreter has loaded after some code."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=child.environment()
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def by_client() -> set[str]:
    return loaded_by(CLIENT)


def test_a_client_loads_little_beyond_the_dependencies(by_client: set[str]) -> None:
    """Importing the client brings in its own modules, and what orjson does if there is one.

    Whatever else comes in makes the import slower, so it should be known why.
    """
    try_orjson = "try: import orjson\nexcept ImportError: pass"
    more = by_client - loaded_by(f"{DEPENDENCIES}\n{try_orjson}")
    assert {name.partition(".")[0] for name in more} == {"telnyx_orders"}


def test_each_module_can_be_the_first() -> None:
    """As where another process unpickles something of it, and loads nothing else before."""
    program = """
import importlib, pkgutil, sys, traceback
import telnyx_orders
names = [one.name for one in pkgutil.walk_packages(telnyx_orders.__path__, "telnyx_orders.")]
for name in names:
    for loaded in [one for one in sys.modules if one.partition(".")[0] == "telnyx_orders"]:
        del sys.modules[loaded]
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150


@pytest.mark.parametrize(
    "name",
    [
        "telnyx_orders.chain",
        "telnyx_orders.cli",
        "telnyx_orders.completeness",
        "telnyx_orders.fetch",
        "telnyx_orders.sandbox",
        "aiohttp.web",
        "cyclopts",
        "rich",
        "sqlite3",
        "xml",
    ],
)
def test_a_client_does_not_load(by_client: set[str], name: str) -> None:
    """What only some programs need is loaded when they need it."""
    assert not [one for one in by_client if one == name or one.startswith(f"{name}.")]


async def test_one_page_needs_no_fetch_of_all(sandbox: Sandbox) -> None:
    """A program that awaits one page never loads what reads all of them and proves it complete."""
    program = (ONE_PAGE, sandbox.base_url, sandbox.api_key)
    loaded = await asyncio.to_thread(loaded_by, *program)
    assert "telnyx_orders.pagination" in loaded
    assert not loaded & {f"telnyx_orders.{name}" for name in ("chain", "completeness", "fetch")}
