"""An export that is killed: run as a program by `tests/integration/test_export_crashes.py`.

    python -m tests.export_worker FILE URL [STEP]

With STEP it kills itself, as `kill -9` does, when that many lines of the package have run.
"""

import asyncio
import sys

from telnyx_orders import OrdersClient
from telnyx_orders.exports import export
from telnyx_orders.sandbox import DEFAULT_API_KEY
from tests.killing import kill_at


async def main(path: str, url: str, step: int | None) -> None:
    lines = None if step is None else kill_at(step)
    async with OrdersClient(DEFAULT_API_KEY, base_url=url, trust_env=False) as client:
        report = await export(client.number_orders.list(), path, resume=True)
    sys.settrace(None)
    print(report.orders, report.requests, 0 if lines is None else lines(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else None))
