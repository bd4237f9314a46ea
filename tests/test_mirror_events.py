"""Webhook events that are fed into a mirror, and what a listing makes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import web
from attrs import evolve

from telnyx_orders import (
    ChangeKind,
    Mirror,
    NumberOrder,
    OrderChange,
    OrdersClient,
    OrderStatus,
    RetryPolicy,
)
from telnyx_orders.sandbox import Sandbox
from telnyx_orders.webhooks import NumberOrderEvent, WebhookEvent
from tests.servers import KEY, page, serve
from tests.test_mirror import client_of, expected, there

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def event(order: NumberOrder, occurred_at: datetime) -> NumberOrderEvent:
    return NumberOrderEvent(
        event_type="number_order.complete", occurred_at=occurred_at, payload=order
    )


@asynccontextmanager
async def in_sync(sandbox: Sandbox, file: Path) -> AsyncIterator[tuple[OrdersClient, Mirror, str]]:
    """A client, a mirror that it has brought up to date, and the id of a pending order in both."""
    async with client_of(sandbox) as client, Mirror(file) as mirror:
        await mirror.sync(client)
        yield client, mirror, sandbox.order_ids({"status": "pending"})[0]


async def test_events_are_taken_in_once_and_never_backwards(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """What an event says is taken in; repeated, or older than what is known, it changes nothing."""
    async with in_sync(sandbox, tmp_path / "orders.db") as (_, mirror, order_id):
        known = await mirror.get(order_id)
        assert known is not None
        later = datetime.now(UTC)
        payload = NumberOrder(id=order_id, status=OrderStatus.SUCCESS, updated_at=later)
        change = await mirror.apply(event(payload, later))
        assert change is not None
        assert (change.kind, change.before) == (ChangeKind.CHANGED, known)
        assert change.order == evolve(known, status=OrderStatus.SUCCESS, updated_at=later)
        for old in (later, later - timedelta(hours=1)):
            stale = evolve(payload, status=OrderStatus.FAILURE, updated_at=old)
            assert await mirror.apply(event(stale, old)) is None
        assert await mirror.get(order_id) == change.order


async def test_an_event_of_an_order_that_is_not_known(sandbox: Sandbox, tmp_path: Path) -> None:
    """It is taken in with what the event says, and the next sync adds the rest."""
    async with client_of(sandbox) as client, Mirror(tmp_path / "orders.db") as mirror:
        await mirror.sync(client)
        order_id = sandbox.insert(status="success")
        change = await mirror.apply(event(NumberOrder(id=order_id), NOON))
        assert change is not None
        assert change.kind is ChangeKind.NEW
        assert await mirror.apply(WebhookEvent(event_type="other", payload={})) is None
        await mirror.sync(client)
    assert there(tmp_path / "orders.db") == expected(sandbox)


async def test_events_without_updated_at_keep_their_order(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is older, or repeated, changes nothing, also where only `occurred_at` tells."""
    async with in_sync(sandbox, tmp_path / "orders.db") as (client, mirror, order_id):
        now = datetime.now(UTC)
        success = event(NumberOrder(id=order_id, status=OrderStatus.SUCCESS), now)
        failure = event(
            NumberOrder(id=order_id, status=OrderStatus.FAILURE), now - timedelta(minutes=30)
        )
        assert await mirror.apply(success) is not None
        assert await mirror.apply(failure) is None
        assert await mirror.apply(success) is None
        order = await mirror.get(order_id)
        assert order is not None
        assert order.status is OrderStatus.SUCCESS
        # The account says `pending` still, as of before the event.
        await mirror.sync(client)
        assert await mirror.get(order_id) == order


async def test_an_event_that_says_when_the_order_was_updated_is_older_than_a_later_listing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """It may have occurred later than what the listing says; what it says is older."""
    async with in_sync(sandbox, tmp_path / "orders.db") as (_, mirror, order_id):
        known = await mirror.get(order_id)
        assert known is not None
        assert known.updated_at is not None
        stale = NumberOrder(
            id=order_id,
            status=OrderStatus.FAILURE,
            updated_at=known.updated_at - timedelta(seconds=1),
        )
        assert await mirror.apply(event(stale, datetime.now(UTC))) is None


async def test_an_event_during_a_full_read_outlasts_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """What the pages say that were written before it does not undo it."""
    async with client_of(sandbox) as client, Mirror(tmp_path / "orders.db") as mirror:
        order_id = [row["id"] for row in sandbox.rows() if row["status"] == "pending"][-1]
        news = NumberOrder(id=str(order_id), status=OrderStatus.SUCCESS)
        found = mirror.sync(client)
        async for change in found:
            if change.order.id == sandbox.order_ids()[0]:
                assert await mirror.apply(event(news, datetime.now(UTC))) is not None
        order = await mirror.get(news.id)
        assert order is not None
        assert order.status is OrderStatus.SUCCESS


async def test_a_full_read_repairs_what_an_event_said_before(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """A time in the future does not keep the account's word out for ever."""
    file = tmp_path / "orders.db"
    async with in_sync(sandbox, file) as (client, mirror, order_id):
        ahead = datetime.now(UTC) + timedelta(days=365)
        wrong = NumberOrder(id=order_id, status=OrderStatus.FAILURE, updated_at=ahead)
        assert await mirror.apply(event(wrong, NOON)) is not None
        sandbox.settle(order_id)
        await mirror.sync(client, full=True)
    assert there(file) == expected(sandbox)


async def test_an_order_that_the_listing_does_not_have_yet(tmp_path: Path) -> None:
    """A listing that lags behind an event takes nothing away; a 404 does."""
    now = datetime.now(UTC)
    row = {"id": "order-1", "status": "pending", "created_at": now.isoformat()}
    is_there = True

    async def lagging(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("order-1"):
            return web.json_response({"data": row}, status=200 if is_there else 404)
        return page([])

    retry = RetryPolicy(max_attempts=1)
    async with serve(lagging) as url, OrdersClient(KEY, base_url=url, retry=retry) as client:
        async with Mirror(tmp_path / "orders.db") as mirror:
            await mirror.sync(client)
            order = NumberOrder(id="order-1", status=OrderStatus.PENDING, created_at=now)
            assert await mirror.apply(event(order, now)) is not None
            for full in (False, True):
                assert (await mirror.sync(client, full=full)).gone == 0
            assert await mirror.get("order-1") is not None
            is_there = False
            assert (await mirror.sync(client)).gone == 1


async def test_an_event_whose_taker_was_cancelled(sandbox: Sandbox, tmp_path: Path) -> None:
    """The mirror has it, and the next sync tells what nobody was given."""
    async with in_sync(sandbox, tmp_path / "orders.db") as (client, mirror, order_id):
        known = await mirror.get(order_id)
        now = datetime.now(UTC)
        news = event(NumberOrder(id=order_id, status=OrderStatus.SUCCESS, updated_at=now), now)
        task = asyncio.create_task(mirror.apply(news))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await mirror.apply(news) is None
        told = [change async for change in mirror.sync(client)]
        order = await mirror.get(order_id)
        assert order is not None
        assert order.status is OrderStatus.SUCCESS
        assert told == [OrderChange(kind=ChangeKind.CHANGED, order=order, before=known)]
        assert [change async for change in mirror.sync(client)] == []


ODD: dict[str, Callable[[], NumberOrder]] = {
    "an id of a lone surrogate": lambda: NumberOrder(id="\ud800x"),
    "a count beyond 64 bits": lambda: NumberOrder(id="a", phone_numbers_count=2**63),
    "a time before the year 1": lambda: NumberOrder(
        id="a", created_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    ),
    "a time after the year 9999": lambda: NumberOrder(
        id="a", updated_at=datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=5)))
    ),
}


@pytest.mark.parametrize("name", ODD)
async def test_odd_values_are_kept(name: str, tmp_path: Path) -> None:
    """What a column cannot hold stands in `data`, and is given as it came."""
    order = ODD[name]()
    async with Mirror(tmp_path / "orders.db") as mirror:
        change = await mirror.apply(event(order, NOON))
        assert change is not None
        assert change.order == order
        assert await mirror.get(order.id) == order
