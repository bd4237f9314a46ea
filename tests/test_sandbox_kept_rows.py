"""Rows that a sandbox has written are kept, and never shown once they are out of date."""

import asyncio

import aiohttp
import pytest

from telnyx_orders.sandbox import Drift, Sandbox
from telnyx_orders.sandbox.kept_rows import KeptRows
from tests.conftest import until

EVERY_ROW = {"page[size]": "250"}


async def listed(
    session: aiohttp.ClientSession, sandbox: Sandbox, **filters: str
) -> list[dict[str, object]]:
    query = {**EVERY_ROW, **filters}
    async with session.get(f"{sandbox.base_url}/number_orders", params=query) as answer:
        assert answer.status == 200
        return (await answer.json())["data"]


async def test_a_page_asked_for_again_is_the_same(
    session: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """The second answer, of kept rows, is the first one; so are the rows on a page of 7."""
    first = await listed(session, sandbox)
    assert await listed(session, sandbox) == first
    assert await listed(session, sandbox, **{"page[size]": "7"}) == first[:7]
    assert list(sandbox.rows())[:250] == first


async def test_an_order_that_settles_is_listed_as_it_is_now(
    session: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """A row that was listed is written anew when its order settles, and no other changes."""
    before = await listed(session, sandbox)
    settled = next(row for row in before if row["status"] == "pending")
    sandbox.settle(str(settled["id"]))
    after = await listed(session, sandbox)
    assert [
        (old["id"], new["status"]) for old, new in zip(before, after, strict=True) if old != new
    ] == [(settled["id"], "success")]
    assert after == list(sandbox.rows())[:250]


async def test_an_order_with_fields_of_its_own_settles_too(
    session: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """What was given to `insert` stays in the row, but for what settling changes."""
    order_id = sandbox.insert(status="pending", colour="blue")
    assert (await listed(session, sandbox))[0]["status"] == "pending"
    sandbox.settle(order_id, "failure")
    row = (await listed(session, sandbox))[0]
    assert (row["id"], row["status"], row["colour"]) == (order_id, "failure", "blue")


async def test_an_id_that_is_used_again_names_the_new_order(
    session: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """The row of an order that is gone is not the row of a later one with its id."""
    for reference in ("one", "two"):
        sandbox.insert(id="again", customer_reference=reference)
        assert (await listed(session, sandbox))[0]["customer_reference"] == reference
        sandbox.remove("again")


async def test_drift_is_seen_in_pages_of_kept_rows(session: aiohttp.ClientSession) -> None:
    """With every request orders come, go and settle, and each answer shows the account of then."""
    async with Sandbox(120, api_key="KEY0", drift=Drift(insert=2, remove=1, settle=1)) as sandbox:
        headers = {"Authorization": "Bearer KEY0"}
        async with aiohttp.ClientSession(headers=headers) as session:
            for _ in range(20):
                assert await listed(session, sandbox) == list(sandbox.rows())


@pytest.mark.parametrize("filters", [{}, {"filter[status]": "pending"}])
async def test_what_changes_while_an_answer_waits_is_in_it(
    session: aiohttp.ClientSession, sandbox: Sandbox, filters: dict[str, str]
) -> None:
    """Rows are written during the latency, and the answer is decided at its end."""
    sandbox.latency = 1.0
    pending = [str(row["id"]) for row in sandbox.rows() if row["status"] == "pending"]
    answer = asyncio.ensure_future(listed(session, sandbox, **filters))
    await until(lambda: sandbox.counters.in_flight)
    for _ in range(30):  # rows are written 25 at a turn of the loop
        await asyncio.sleep(0)
    for order_id in pending:
        sandbox.settle(order_id)
    assert not sandbox.counters.pages
    assert not [row for row in await answer if row["status"] == "pending"]


async def test_a_wrong_parameter_is_refused_after_the_latency_too(
    session: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """What is read in advance of the answer does not refuse in its place."""
    sandbox.latency = 0.001
    url = f"{sandbox.base_url}/number_orders"
    async with session.get(url, params={"page[size]": "251"}) as answer:
        assert answer.status == 422


def test_there_is_a_most_that_is_kept():
    """Once the bytes are used up no row is kept, until one that is kept is forgotten."""
    kept = KeptRows(most_bytes=10)
    kept.keep(1, b"x" * 6)
    kept.keep(2, b"y" * 6)
    assert kept.full
    kept.keep(3, b"z")
    assert [kept.get(serial) for serial in (1, 2, 3)] == [b"x" * 6, b"y" * 6, None]
    kept.forget(1)
    kept.forget(3)
    assert not kept.full
    kept.keep(3, b"z")
    assert [kept.get(serial) for serial in (1, 2, 3)] == [None, b"y" * 6, b"z"]
