"""A whole account through a server that breaks a fifth of its answers."""

import pytest

from telnyx_orders import OrderFilter, OrdersClient, RetryPolicy
from telnyx_orders.sandbox import READING_FAULTS, Faults, Sandbox

PATIENT = RetryPolicy(max_attempts=12, backoff_base=0.001, backoff_cap=0.01)


@pytest.mark.parametrize("seed", range(5))
async def test_five_thousand_orders_through_faults(seed: int) -> None:
    """Every order arrives once, in order, though a fifth of the answers are broken in every way."""
    faults = Faults(script=READING_FAULTS, rate=0.2)
    async with Sandbox(5000, seed, faults=faults, latency=(0.0, 0.002)) as sandbox:
        async with OrdersClient(
            sandbox.api_key, base_url=sandbox.base_url, timeout=0.2, retry=PATIENT
        ) as client:
            orders = await client.number_orders.list(page_size=50).collect()
            assert [one.id for one in orders] == sandbox.order_ids()
            streamed = [one async for one in client.number_orders.list(page_size=50)]
            assert streamed == orders
            pending = client.number_orders.list(filter=OrderFilter(status="pending"), page_size=20)
            assert await pending.collect() == [one for one in orders if one.status == "pending"]
        assert len(sandbox.counters.by_fault) == len(READING_FAULTS)
