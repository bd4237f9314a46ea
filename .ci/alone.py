"""Use an installed package that has no extra: import it, fetch an account, ask for the command."""

import asyncio
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import telnyx_orders
from telnyx_orders import OrdersClient, export, sync
from telnyx_orders.sandbox import Sandbox


async def fetch() -> int:
    """Fetch, export and mirror a whole account from a sandbox."""
    async with (
        Sandbox(orders=500) as sandbox,
        OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        with tempfile.TemporaryDirectory() as folder:
            report = await export(client.number_orders.list(), f"{folder}/orders.csv.gz")
            mirrored = await sync(client, f"{folder}/orders.db")
        assert report.orders == mirrored.orders == 500
        return len(await client.number_orders.list().collect())


for extra in ("msgspec", "orjson", "cyclopts", "rich", "pyarrow", "distributed", "pytest"):
    assert importlib.util.find_spec(extra) is None, f"{extra} is installed"
package = Path(telnyx_orders.__file__).parent
assert "site-packages" in package.parts
assert (package / "py.typed").is_file()
assert asyncio.run(fetch()) == 500
command = subprocess.run(
    [Path(sys.executable).parent / "telnyx-orders", "list"], capture_output=True, text=True
)
assert command.returncode == 2, command
assert "telnyx-orders[cli]" in command.stderr, command
print(f"{package} works without any extra")
