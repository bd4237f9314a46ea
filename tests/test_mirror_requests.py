"""What a sync asks for: no more than a full read takes, and enough to see what has ended."""

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from telnyx_orders import sync
from telnyx_orders.sandbox import Sandbox
from tests.conftest import FakeTime
from tests.test_mirror import client_of, expected, there

ORDERS = 20_000
PAGES = 80


def keep_pending(sandbox: Sandbox, count: int) -> list[str]:
    """Let all but so many pending orders succeed; give those that stay."""
    pending = sandbox.order_ids({"status": "pending"})
    random.Random(1).shuffle(pending)
    for order_id in pending[count:]:
        sandbox.settle(order_id)
    return pending[:count]


HAPPENINGS: dict[str, tuple[Callable[[Sandbox, list[str]], object], int, bool]] = {
    "some of the pending settle": (
        lambda box, pending: [box.settle(one) for one in pending[:60]],
        5 + 60,
        False,
    ),
    "most of the pending settle": (
        lambda box, pending: [box.settle(one) for one in pending[:150]],
        5 + PAGES,
        True,
    ),
    "many are removed": (
        lambda box, _: [box.remove(one) for one in box.order_ids()[100::80]],
        5 + PAGES,
        True,
    ),
}


@pytest.mark.parametrize("name", HAPPENINGS)
async def test_much_has_happened(name: str, tmp_path: Path) -> None:
    """What differs is looked for as long as that takes less than reading all."""
    happen, most, full = HAPPENINGS[name]
    async with Sandbox(orders=ORDERS, seed=3) as sandbox, client_of(sandbox) as client:
        pending = keep_pending(sandbox, 200)
        await sync(client, tmp_path / "orders.db")
        happen(sandbox, pending)
        report = await sync(client, tmp_path / "orders.db")
        assert (report.full, report.requests <= most) == (full, True)
        assert there(tmp_path / "orders.db") == expected(sandbox)


LATE: dict[str, tuple[dict[str, object], str]] = {
    "without a date, and removed": ({"created_at": None, "status": "success"}, ""),
    "without a status, and fails": ({"status": None}, "failure"),
    "with an unlisted status, and fails": ({"status": "processing"}, "failure"),
    "failed, and becomes pending": ({"status": "failure"}, "pending"),
}


@pytest.mark.parametrize("orders", [0, 5000])
@pytest.mark.parametrize("name", LATE)
async def test_an_old_order(name: str, orders: int, tmp_path: Path, fake_time: FakeTime) -> None:
    """What becomes of it is seen by the next sync, and the one after that finds nothing."""
    fields, becomes = LATE[name]
    fields = {"created_at": "2024-01-01T00:00:00Z", **fields}
    file = tmp_path / "orders.db"
    async with Sandbox(orders=orders, seed=3) as sandbox, client_of(sandbox) as client:
        for order_id in sandbox.order_ids({"status": "pending"})[100:]:
            sandbox.settle(order_id)
        order_id = sandbox.insert(**fields)
        await sync(client, file)
        if becomes:
            sandbox.settle(order_id, becomes)
        else:
            sandbox.remove(order_id)
        report = await sync(client, file)
        assert (report.full, report.changed + report.gone) == (False, 1)
        assert there(file) == expected(sandbox)
        report = await sync(client, file)
        assert (report.full, report.changed, report.requests <= 5) == (False, 0, True)


async def test_one_that_is_gone_is_looked_for_alone(tmp_path: Path) -> None:
    """It does not take the memory of the whole mirror."""
    async with Sandbox(orders=ORDERS, seed=3) as sandbox, client_of(sandbox) as client:
        pending = keep_pending(sandbox, 200)
        await sync(client, tmp_path / "orders.db")
        sandbox.remove(pending[-1])
        # So that there are as many as before, and only the list of the pending ones tells.
        sandbox.insert(status="failure", created_at="2024-01-01T00:00:00Z")
        tracemalloc.start()
        report = await sync(client, tmp_path / "orders.db")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert report.gone == 1
    assert peak < 10 * 2**20


async def test_many_orders_without_a_date(tmp_path: Path) -> None:
    """Where they are too many to be asked for one by one, the whole account is read."""
    async with Sandbox(orders=5000, seed=3) as sandbox, client_of(sandbox) as client:
        undated = [sandbox.insert(created_at=None, status="failure") for _ in range(25)]
        await sync(client, tmp_path / "orders.db")
        sandbox.remove(undated[7])
        report = await sync(client, tmp_path / "orders.db")
        assert (report.full, report.gone) == (True, 1)
        assert there(tmp_path / "orders.db") == expected(sandbox)
