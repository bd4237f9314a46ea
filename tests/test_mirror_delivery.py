"""Each change is told at least once, syncs take turns, and watching outlasts what passes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from telnyx_orders import (
    ChangeKind,
    Mirror,
    MirrorError,
    NumberOrder,
    OrderChange,
    OrderStatus,
    Sync,
    SyncReport,
    TelnyxError,
    sync,
)
from telnyx_orders.sandbox import Sandbox
from tests.conftest import FakeTime, no_task_left, until
from tests.test_mirror import client_of
from tests.test_mirror_events import event, in_sync


async def some(found: AsyncIterator[OrderChange], count: int) -> list[OrderChange]:
    """Take so many, and be about to work on one more."""
    taken: list[OrderChange] = []
    async for change in found:
        if len(taken) == count:
            break
        taken.append(change)
    return taken


async def report_of(syncing: Sync) -> SyncReport:
    return await syncing


async def test_what_was_not_taken_is_told_by_the_next_sync(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The one in hand as the sync was left, all behind it, and none of those before it."""
    file = tmp_path / "orders.db"
    async with client_of(sandbox) as client:
        async with aclosing(sync(client, file).changes()) as found:
            first = await some(found, 300)
        second = [change async for change in sync(client, file)]
        assert {change.kind for change in second} == {ChangeKind.NEW}
        ids = [change.order.id for change in first + second]
        assert len(first) == 300
        assert sorted(ids) == sorted(sandbox.order_ids())
        assert [change async for change in sync(client, file)] == []


async def test_what_happened_to_an_order_since_it_was_told_is_one_change(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """It says what the order was when somebody last heard of it."""
    async with in_sync(sandbox, tmp_path / "orders.db") as (client, mirror, order_id):
        before = await mirror.get(order_id)
        sandbox.settle(order_id)
        async with aclosing(mirror.sync(client).changes()) as found:
            assert await some(found, 0) == []
        failed = NumberOrder(id=order_id, status=OrderStatus.FAILURE, updated_at=datetime.now(UTC))
        change = await mirror.apply(event(failed, datetime.now(UTC)))
        assert change is not None
        assert (change.kind, change.before) == (ChangeKind.CHANGED, before)
        assert change.order == await mirror.get(order_id)
        assert [change async for change in mirror.sync(client)] == []


async def test_the_report_of_a_sync_that_was_cancelled_is_made_up_for(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Whoever awaits a sync takes its changes with its report."""
    async with client_of(sandbox) as client, Mirror(tmp_path / "orders.db") as mirror:
        task = asyncio.create_task(report_of(mirror.sync(client)))
        await until(lambda: sandbox.counters.requests > 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await mirror.sync(client)).new == 1000
        assert (await mirror.sync(client)).new == 0


async def test_syncs_take_turns(sandbox: Sandbox, tmp_path: Path) -> None:
    """One beside another waits for its end; within its own loop it would wait for ever."""
    async with client_of(sandbox) as client, Mirror(tmp_path / "orders.db") as mirror:
        reports = await asyncio.gather(*(mirror.sync(client) for _ in range(3)))
        assert [report.new for report in reports] == [1000, 0, 0]


async def test_a_mirror_that_is_closed_during_a_sync(sandbox: Sandbox, tmp_path: Path) -> None:
    """The sync ends with an error that says so."""
    sandbox.latency = 0.02
    async with client_of(sandbox) as client, no_task_left():
        async with Mirror(tmp_path / "orders.db") as mirror:
            task = asyncio.create_task(report_of(mirror.sync(client)))
            await until(lambda: sandbox.counters.requests)
        with pytest.raises(MirrorError, match="is not open"):
            await task


async def test_watching_outlasts_another_writer(
    sandbox: Sandbox, tmp_path: Path, fake_time: FakeTime
) -> None:
    """Another program may keep the file from being written for longer than SQLite waits."""
    file = tmp_path / "orders.db"
    errors: list[TelnyxError] = []
    found: list[OrderChange] = []
    async with client_of(sandbox) as client, Mirror(file, clock=fake_time.clock()) as mirror:

        async def watch() -> None:
            async with aclosing(mirror.watch(client, 30, on_error=errors.append)) as changes:
                async for change in changes:
                    found.append(change)

        await mirror.sync(client)
        writer = sqlite3.connect(file, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(watch())
        await until(lambda: errors)
        assert "Another program" in str(errors[0])
        writer.execute("ROLLBACK")
        writer.close()
        order_id = sandbox.insert()
        await until(lambda: found)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [change.order.id for change in found] == [order_id]
