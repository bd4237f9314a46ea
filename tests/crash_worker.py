"""A job that places orders and is killed: run as a program by `tests/integration/test_crashes.py`.

    python -m tests.crash_worker JOURNAL URL [STEP]

It places the same orders under the same references each time. With STEP it kills itself, as
`kill -9` does, when that many lines of the package have run since the first order was begun.
"""

import asyncio
import sys

from telnyx_orders import NewOrder, OrderJournal, OrdersClient
from telnyx_orders.sandbox import DEFAULT_API_KEY
from tests.killing import kill_at

SETTLE = 0.5
"""Seconds; the server that is asked commits sooner, or not at all."""

ORDERS = [
    NewOrder([f"+1970555000{number}"], customer_reference=f"job-{number}") for number in range(3)
]


async def main(journal_path: str, url: str, step: int | None) -> None:
    lines = None if step is None else kill_at(step)
    async with (
        OrderJournal(journal_path, settle=SETTLE) as journal,
        OrdersClient(DEFAULT_API_KEY, base_url=url, trust_env=False, journal=journal) as client,
    ):
        outcomes = await client.number_orders.create_many(ORDERS, concurrency=2, confirm=True)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
            assert outcome.order is not None
            print(outcome.requested.customer_reference, outcome.order.id, flush=True)
    sys.settrace(None)
    if lines is not None:
        print("lines", lines(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else None))
