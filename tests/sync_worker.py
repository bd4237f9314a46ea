"""A sync that is killed: run as a program by `tests/integration/test_sync_crashes.py`.

    python -m tests.sync_worker FILE URL [STEP]

It prints the id of each order that it is told of. With STEP it kills itself, as `kill -9` does,
when that many lines of the package have run.
"""

import asyncio
import sys

from telnyx_orders import OrdersClient, sync
from telnyx_orders.sandbox import DEFAULT_API_KEY
from tests.killing import kill_at


async def main(path: str, url: str, step: int | None) -> None:
    if step is not None:
        kill_at(step)
    async with OrdersClient(DEFAULT_API_KEY, base_url=url, trust_env=False) as client:
        async for change in sync(client, path):
            print(change.order.id, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else None))
