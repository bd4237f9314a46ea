"""The mirror: what a sync finds, what it asks for, and what is in the file."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from telnyx_orders import (
    ChangeKind,
    Mirror,
    MirrorError,
    NumberOrder,
    OrderChange,
    OrdersClient,
    PermissionDeniedError,
    RetryPolicy,
    TelnyxError,
    make_converter,
    sync,
)
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import FakeTime, no_task_left, until

MANY = 5_000
"""So many that the pending ones are more than a page."""


@pytest.fixture
async def large() -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=MANY, seed=3) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


def client_of(sandbox: Sandbox) -> OrdersClient:
    retry = RetryPolicy(max_attempts=1)
    return OrdersClient(sandbox.api_key, base_url=sandbox.base_url, retry=retry)


def there(file: Path) -> dict[str, Any]:
    """What other programs find in the file: each order that is not gone, by its id."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT id, data FROM orders WHERE gone_at IS NULL").fetchall()
    connection.close()
    converter = make_converter()
    return {order_id: converter.structure(json.loads(data), NumberOrder) for order_id, data in rows}


def expected(sandbox: Sandbox) -> dict[str, NumberOrder]:
    orders = make_converter().structure(list(sandbox.rows()), list[NumberOrder])
    return {order.id: order for order in orders}


async def changes_of(client: OrdersClient, file: Path) -> list[OrderChange]:
    return [change async for change in sync(client, file)]


def old_pending(sandbox: Sandbox) -> list[str]:
    return [row["id"] for row in sandbox.rows() if row["status"] == "pending"][100:]


async def test_the_first_sync_reads_all(large: Sandbox, file: Path) -> None:
    """It gives each order as new, and the file holds the account."""
    async with client_of(large) as client:
        syncing = sync(client, file)
        assert syncing.report is None
        found = [change async for change in syncing]
    assert {change.kind for change in found} == {ChangeKind.NEW}
    assert [change.order.id for change in found] == large.order_ids()
    assert there(file) == expected(large)
    report = syncing.report
    assert report is not None
    assert (report.full, report.new, report.orders, report.requests) == (True, MANY, MANY, 20)


async def test_nothing_new_takes_few_requests(file: Path) -> None:
    """In an account of 50,000 a sync that finds nothing takes at most five requests."""
    async with Sandbox(orders=50_000) as sandbox, client_of(sandbox) as client:
        await sync(client, file)
        sandbox.reset_counters()
        report = await sync(client, file)
        assert (report.full, report.new, report.changed, report.gone) == (False, 0, 0, 0)
        assert report.requests == sandbox.counters.requests <= 5


Happening = Callable[[Sandbox], object]

HAPPENINGS: dict[str, Happening] = {
    "an old one settles": lambda box: box.settle(old_pending(box)[-1]),
    "old ones settle": lambda box: [box.settle(one, "failure") for one in old_pending(box)[::40]],
    "one comes": lambda box: box.insert(),
    "an old one is gone": lambda box: box.remove(box.order_ids()[4000]),
    "one comes as another goes": lambda box: (box.insert(), box.remove(box.order_ids()[3000])),
    "one comes as another settles": lambda box: (box.insert(), box.settle(old_pending(box)[-3])),
    "one becomes another thing": lambda box: box.settle(old_pending(box)[7], "cancelled"),
    "all at once": lambda box: (
        [box.insert() for _ in range(300)],
        [box.remove(one) for one in box.order_ids()[1000:1020]],
        [box.settle(one) for one in old_pending(box)[::100]],
    ),
}


@pytest.mark.parametrize("orders", [500, MANY], ids=["small", "large"])
@pytest.mark.parametrize("name", HAPPENINGS)
async def test_what_happened_is_noticed_by_the_next_sync(
    name: str, orders: int, file: Path
) -> None:
    """Each change comes once, with what was before, and the file is as the account is."""
    async with Sandbox(orders=orders, seed=3) as sandbox, client_of(sandbox) as client:
        if orders == 500:
            for row in list(sandbox.rows())[::3]:
                sandbox.settle(row["id"], "pending")
        await sync(client, file)
        before = there(file)
        try:
            HAPPENINGS[name](sandbox)
        except IndexError:
            pytest.skip("so few orders do not have that")
        found = await changes_of(client, file)
        after = expected(sandbox)
        assert there(file) == after
        assert len({change.order.id for change in found}) == len(found)
        for change in found:
            order_id = change.order.id
            assert change.before == before.get(order_id)
            match change.kind:
                case ChangeKind.NEW:
                    assert change.order == after[order_id]
                    assert order_id not in before
                case ChangeKind.CHANGED:
                    assert change.order == after[order_id] != before[order_id]
                case ChangeKind.GONE:
                    assert order_id not in after
        changed = {one for one in before if after.get(one) != before[one]}
        assert {change.order.id for change in found} == changed | (after.keys() - before.keys())
        assert await changes_of(client, file) == []


async def test_one_that_settles_costs_few_requests(large: Sandbox, file: Path) -> None:
    """What is found by halving costs as many requests as the account can be halved."""
    async with client_of(large) as client:
        await sync(client, file)
        large.settle(old_pending(large)[-1])
        report = await sync(client, file)
    assert (report.full, report.changed) == (False, 1)
    assert report.requests <= 5 + 7


async def test_the_whole_account_is_read_again_by_age(
    large: Sandbox, file: Path, fake_time: FakeTime
) -> None:
    """What no count tells is seen by a full sync: when it is asked for, or after a day."""
    clock = fake_time.clock()
    async with client_of(large) as client:
        await sync(client, file, clock=clock)
        assert (await sync(client, file, clock=clock)).full is False
        assert (await sync(client, file, full=True, clock=clock)).full is True
        fake_time.now += 86_399
        assert (await sync(client, file, clock=clock)).full is False
        fake_time.now += 1
        assert (await sync(client, file, clock=clock)).full is True
        assert (await sync(client, file, full_after=0.0, clock=clock)).full is True


async def test_a_sync_that_fails_keeps_what_came(large: Sandbox, file: Path) -> None:
    """The next one reads all again, and gives all of it: nobody was given the first half."""
    async with client_of(large) as client:
        large.faults = Faults(script=[*[None] * 10, Fault.INTERNAL_ERROR])
        with pytest.raises(TelnyxError):
            await sync(client, file)
        kept = len(there(file))
        assert 0 < kept < MANY
        found = await changes_of(client, file)
    assert len(found) == MANY
    assert there(file) == expected(large)


async def test_one_that_is_left_early_can_be_gone_on_with(large: Sandbox, file: Path) -> None:
    """Breaking out of it ends its requests, leaves no task, and lets the file go."""
    async with client_of(large) as client, no_task_left():
        async with aclosing(sync(client, file).changes()) as found:
            async for _ in found:
                break
        assert (await sync(client, file)).full is True
    assert there(file) == expected(large)


async def test_two_at_one_file(large: Sandbox, file: Path) -> None:
    """The second says so, and so does a mirror that is opened or synced twice."""
    async with client_of(large) as client, Mirror(file) as mirror:
        with pytest.raises(MirrorError, match="in use by another process"):
            await sync(client, file)
        with pytest.raises(MirrorError, match="open already"):
            await mirror.__aenter__()
        async with aclosing(mirror.sync(client).changes()) as found:
            async for _ in found:
                with pytest.raises(MirrorError, match="being synced already"):
                    await mirror.sync(client)
                break
        await mirror.sync(client)
    with pytest.raises(MirrorError, match="is not open"):
        await mirror.get("order")


async def test_another_account_is_refused(sandbox: Sandbox, file: Path) -> None:
    """A mirror is of one key; nothing of the key is in the file."""
    async with client_of(sandbox) as client:
        await sync(client, file)
    async with OrdersClient("KEYof-another", base_url=sandbox.base_url) as client:
        with pytest.raises(MirrorError, match="of another account"):
            await sync(client, file)
    content = await asyncio.to_thread(file.read_bytes)
    assert sandbox.api_key.encode() not in content


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ("CREATE TABLE mine (a)", "a database of something else"),
        ("PRAGMA user_version = 9", "has version 9"),
    ],
)
async def test_a_file_that_is_no_mirror(
    statements: str, said: str, sandbox: Sandbox, file: Path
) -> None:
    """It is left as it is, and the error says what it is."""
    if "version" in statements:
        async with Mirror(file):
            pass
    connection = sqlite3.connect(file)
    connection.execute(statements)
    connection.commit()
    connection.close()
    async with client_of(sandbox) as client:
        with pytest.raises(MirrorError, match=said):
            await sync(client, file)
    text = "no database at all, but some text of more than a hundred bytes " * 3
    await asyncio.to_thread(file.write_text, text)
    async with client_of(sandbox) as client:
        with pytest.raises(MirrorError, match="cannot be used"):
            await sync(client, file)


async def test_watching(sandbox: Sandbox, file: Path, fake_time: FakeTime) -> None:
    """It goes on after errors that pass, and ends with those that do not."""
    errors: list[TelnyxError] = []
    clock = fake_time.clock()
    async with client_of(sandbox) as client, Mirror(file, clock=clock) as mirror:
        found: list[OrderChange] = []

        async def watch() -> None:
            async with aclosing(mirror.watch(client, 30, on_error=errors.append)) as changes:
                async for change in changes:
                    found.append(change)

        task = asyncio.create_task(watch())
        await until(lambda: len(found) == 1000)
        order_id = sandbox.insert()
        await until(lambda: len(found) == 1001)
        assert found[-1].order.id == order_id
        sandbox.faults = Faults(script=[Fault.UNAVAILABLE])
        await until(lambda: errors)
        assert 30 in fake_time.slept
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with OrdersClient("KEYwrong", base_url=sandbox.base_url) as client:
        async with Mirror(file.with_name("other.db"), clock=clock) as mirror:
            with pytest.raises((PermissionDeniedError, TelnyxError)):
                async for _ in mirror.watch(client, 30, on_error=errors.append):
                    pass


async def test_what_others_can_ask_of_the_file(sandbox: Sandbox, file: Path) -> None:
    """The tables are there for SQL: orders by status, and orders by their numbers."""
    async with client_of(sandbox) as client:
        await sync(client, file)
    connection = sqlite3.connect(file)
    by_status = dict(connection.execute("SELECT status, count(*) FROM orders GROUP BY 1"))
    row = next(sandbox.rows())
    number = row["phone_numbers"][0]["phone_number"]
    found = connection.execute(
        "SELECT o.id, o.created_at FROM orders o JOIN phone_numbers n ON n.order_id = o.id "
        "WHERE n.phone_number = ?",
        (number,),
    ).fetchall()
    connection.close()
    assert sum(by_status.values()) == 1000
    assert by_status["pending"] == len(sandbox.order_ids({"status": "pending"}))
    assert (row["id"], row["created_at"].replace("+00:00", "Z")) in found
