"""The mirror against an account with any history: after a quiet sync they are the same."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_orders import NumberOrder, OrdersClient, make_converter, sync
from telnyx_orders.sandbox import Drift, Sandbox
from tests.test_mirror import there

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "remove", "settle", "end"]), st.floats(0, 1, exclude_max=True)
    ),
    max_size=12,
)


def happen(sandbox: Sandbox, what: str, where: float) -> None:
    ids = sandbox.order_ids()
    pending = sandbox.order_ids({"status": "pending"})
    match what:
        case "insert":
            sandbox.insert()
        case "remove" if ids:
            sandbox.remove(ids[int(where * len(ids))])
        case "settle" if pending:
            sandbox.settle(pending[int(where * len(pending))])
        case "end" if pending:
            sandbox.settle(pending[int(where * len(pending))], "failure")


async def follow(histories: list[list[tuple[str, float]]], drift: Drift | None, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.db"
        async with (
            Sandbox(orders=size, numbers_per_order=1, seed=size) as sandbox,
            OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client,
        ):
            for history in histories:
                sandbox.drift = drift
                await sync(client, file)
                for what, where in history:
                    happen(sandbox, what, where)
            sandbox.drift = None
            await sync(client, file)
            account = make_converter().structure(list(sandbox.rows()), list[NumberOrder])
            assert there(file) == {order.id: order for order in account}
            assert [change async for change in sync(client, file)] == []


@settings(max_examples=8)
@given(
    histories=st.lists(STEPS, min_size=1, max_size=4),
    drift=st.sampled_from(
        [None, Drift(insert=1, every=2), Drift(remove=1, every=3), Drift(settle=1)]
    ),
    size=st.sampled_from([300, 5000]),
)
def test_whatever_happened(
    histories: list[list[tuple[str, float]]], drift: Drift | None, size: int
) -> None:
    """Orders come, go and end between syncs and during them; a quiet sync then finds all of it."""
    asyncio.run(follow(histories, drift, size))
