"""Orders of a sandbox come, go and settle while it is read, and all of it is counted."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from telnyx_orders.sandbox import Drift, ListingOrder, Sandbox
from tests.conftest import until


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=100, seed=3) as sandbox:
        yield sandbox


async def ask(sandbox: Sandbox, session: aiohttp.ClientSession, **page: int):
    query = {f"page[{name}]": str(value) for name, value in page.items()}
    async with session.get(f"{sandbox.base_url}/number_orders", params=query) as answer:
        return await answer.json()


async def test_without_drift_nothing_changes(sandbox, session):
    """Reading alone leaves the account as it is."""
    before = list(sandbox.rows())
    for _ in range(5):
        await ask(sandbox, session)
    assert list(sandbox.rows()) == before


async def test_an_insert_shifts_the_pages_that_follow(sandbox, session):
    """Newest first, an order created between two pages brings a row of the first one again."""
    first = await ask(sandbox, session, number=1, size=10)
    sandbox.drift = Drift(insert=1)
    second = await ask(sandbox, session, number=2, size=10)
    assert second["data"][0] == first["data"][-1]
    assert second["meta"]["total_results"] == 101
    assert sandbox.order_ids()[0] == sandbox.counters.inserted[0]


async def test_a_removal_hides_a_row(sandbox, session):
    """An order removed from the first page pulls an unseen row out of the second."""
    await ask(sandbox, session, number=1, size=10)
    unseen = sandbox.order_ids()[10]
    sandbox.remove(sandbox.order_ids()[0])
    second = await ask(sandbox, session, number=2, size=10)
    assert unseen not in [row["id"] for row in second["data"]]


@pytest.mark.parametrize("order_by", ListingOrder)
async def test_inserts_land_where_the_order_puts_them(order_by):
    """New orders are first, last, or anywhere, as the listing's order has it."""
    sandbox = Sandbox(100, order_by=order_by)
    new = [sandbox.insert() for _ in range(5)]
    ids = sandbox.order_ids()
    if order_by == "newest":
        assert ids[:5] == new[::-1]
    elif order_by == "oldest":
        assert ids[-5:] == new
    else:
        assert ids == sorted(ids)


async def test_drift_comes_with_every_nth_request(sandbox, session):
    """`every` counts listing requests since the drift was set."""
    sandbox.drift = Drift(every=3, insert=2, remove=1, settle=1)
    sizes = []
    for _ in range(7):
        page = await ask(sandbox, session)
        sizes.append(page["meta"]["total_results"])
    assert sizes == [100, 100, 101, 101, 101, 102, 102]
    counters = sandbox.counters
    assert (len(counters.inserted), len(counters.removed), len(counters.settled)) == (4, 2, 2)
    sandbox.drift = None
    assert (await ask(sandbox, session))["meta"]["total_results"] == 102
    sandbox.drift = Drift(every=2, insert=1)
    assert (await ask(sandbox, session))["meta"]["total_results"] == 102
    assert (await ask(sandbox, session))["meta"]["total_results"] == 103


async def test_settling_takes_pending_orders(sandbox, session):
    """Orders that settle were pending and are `success`, until none is left."""
    pending = {row["id"] for row in sandbox.rows() if row["status"] == "pending"}
    assert pending
    sandbox.drift = Drift(settle=2)
    for _ in range(len(pending)):
        await ask(sandbox, session)
    assert set(sandbox.counters.settled) == pending
    assert len(sandbox.counters.settled) == len(pending)
    assert {sandbox.get(str(order_id))["status"] for order_id in pending} == {"success"}


async def test_removing_ends_at_an_empty_account(sandbox, session):
    """Drift that removes more than there is leaves nothing, and is no error."""
    sandbox.drift = Drift(remove=60)
    totals = [(await ask(sandbox, session))["meta"]["total_results"] for _ in range(3)]
    assert totals == [40, 0, 0]
    assert sandbox.survivors() == set()


async def test_drift_is_drawn_by_the_seed():
    """Two sandboxes of one seed change in the same way."""

    async def changed() -> list[str]:
        async with (
            Sandbox(50, 9, drift=Drift(insert=1, remove=2, settle=1), clock=lambda: 1.8e9) as one,
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {one.api_key}"}) as session,
        ):
            for _ in range(10):
                await ask(one, session)
            return [*one.order_ids(), *one.counters.removed, *one.counters.settled]

    assert await changed() == await changed()


async def test_survivors_were_there_all_the_time(sandbox):
    """What came, or went, since the baseline is no survivor, even if it came back."""
    ids = sandbox.order_ids()
    new = sandbox.insert()
    sandbox.remove(ids[0])
    sandbox.remove(ids[1])
    sandbox.insert(id=ids[1])
    assert sandbox.survivors() == set(ids[2:])
    sandbox.reset_counters()
    assert sandbox.survivors() == {*ids[1:], new}
    assert sandbox.counters.inserted == sandbox.counters.removed == []


async def test_changes_are_counted_by_id(sandbox):
    """The counters list the orders inserted, removed and settled, in turn."""
    first, second = sandbox.insert(), sandbox.insert()
    sandbox.settle(second, "failure")
    sandbox.remove(first)
    assert sandbox.counters.inserted == [first, second]
    assert sandbox.counters.settled == [second]
    assert sandbox.counters.removed == [first]


async def test_requests_and_answers_are_counted(sandbox, session):
    """Requests count by arrival, answers by status, listing requests by page."""
    await ask(sandbox, session)
    await ask(sandbox, session, number=4, size=30)
    await ask(sandbox, session, size=0)
    async with session.get(f"{sandbox.base_url}/nowhere"):
        pass
    async with session.get(
        f"{sandbox.base_url}/number_orders", headers={"Authorization": "Bearer no"}
    ):
        pass
    counters = sandbox.counters
    assert counters.requests == 5
    assert counters.by_status == {200: 2, 422: 1, 404: 1, 401: 1}
    assert counters.pages == [(1, 20), (4, 30)]
    assert counters.connections == 1
    assert counters.in_flight == 0
    assert counters.most_in_flight == 1
    sandbox.reset_counters()
    assert sandbox.counters.requests == 0
    assert sandbox.counters.pages == []
    await ask(sandbox, session)
    assert sandbox.counters.connections == 1


async def test_requests_at_the_same_time_are_counted(sandbox, session):
    """`most_in_flight` is how many listing requests were handled at once."""
    sandbox.latency = 0.05
    await asyncio.gather(*(ask(sandbox, session) for _ in range(7)))
    assert sandbox.counters.most_in_flight == 7
    assert sandbox.counters.connections == 7
    assert sandbox.counters.in_flight == 0


async def test_a_reset_keeps_requests_in_flight(sandbox, session):
    """Counting anew in the middle of a request leaves `in_flight` right."""
    sandbox.latency = 0.05
    request = asyncio.create_task(ask(sandbox, session))
    await until(lambda: sandbox.counters.in_flight == 1)
    sandbox.reset_counters()
    assert sandbox.counters.in_flight == 1
    await request
    assert sandbox.counters.in_flight == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "Drift.every must be a whole number of 1 or more, not 0"),
        ({"insert": -1}, "Drift.insert must be a whole number of 0 or more, not -1"),
        ({"remove": 0.5}, "Drift.remove must be a whole number"),
        ({"settle": None}, "Drift.settle must be a whole number"),
    ],
)
def test_bad_drift_is_refused(arguments, message):
    """The error names the setting and what it allows."""
    with pytest.raises(ValueError, match=message):
        Drift(**arguments)
