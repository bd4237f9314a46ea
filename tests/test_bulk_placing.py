"""`create_many`: many orders, each with an outcome of its own."""

import asyncio
import pickle
from pathlib import Path
from typing import Any

import pytest

from telnyx_orders import (
    NewOrder,
    OrderJournal,
    OrderOutcomeUnknownError,
    OrdersClient,
    PlacingCancelledError,
    UnprocessableEntityError,
)
from tests.conftest import FakeTime, no_task_left
from tests.orders_server import orders_server
from tests.servers import KEY
from tests.test_placing import client_of

NUMBERS = [f"+1970555{number:04}" for number in range(30)]


async def test_every_batch_has_an_outcome(fake_time: FakeTime) -> None:
    """Orders that fail hide no other; the outcomes come in the order of the batches."""
    async with (
        orders_server("commit ok", "422", "commit 500") as server,
        client_of(server, fake_time) as client,
    ):
        outcomes = await client.number_orders.create_many(
            [[NUMBERS[0]], NewOrder([NUMBERS[1]], customer_reference="b"), NUMBERS[2:5]],
            concurrency=1,
        )
    placed, refused, unknown = outcomes
    assert placed.order is not None
    assert placed.error is None
    assert refused.order is None
    assert isinstance(refused.error, UnprocessableEntityError)
    assert refused.requested.customer_reference == "b"
    assert isinstance(unknown.error, OrderOutcomeUnknownError)
    assert unknown.error.phone_numbers == tuple(NUMBERS[2:5])
    assert len(server.bodies) == 3


async def test_confirm_counts_for_each(fake_time: FakeTime) -> None:
    """With `confirm` each order whose outcome is unknown is looked for."""
    fates = ["commit 500"] * 5
    async with orders_server(*fates) as server, client_of(server, fake_time) as client:
        outcomes = await client.number_orders.create_many(
            [[number] for number in NUMBERS[:5]], confirm=True
        )
    assert [one.order and one.order.phone_numbers[0].phone_number for one in outcomes] == (
        NUMBERS[:5]
    )
    assert len(server.placed) == 5


@pytest.mark.parametrize(
    ("batches", "error", "named"),
    [
        ([[NUMBERS[0]], ["12"]], ValueError, r"batches\[1\].*E\.164"),
        ([[NUMBERS[0]], [NUMBERS[1], NUMBERS[0]]], ValueError, r"batches\[1\].*in batches\[0\]"),
        ([NUMBERS[0]], TypeError, r"batches\[0\].*a list"),
        ([[]], ValueError, r"batches\[0\].*at least one"),
    ],
)
async def test_all_batches_are_checked_before_the_first_is_sent(
    batches: Any, error: type[Exception], named: str, fake_time: FakeTime
) -> None:
    """A mistake in the last batch keeps the first from being bought."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        with pytest.raises(error, match=named):
            await client.number_orders.create_many(batches)
    assert server.requests == []


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5])
async def test_concurrency_is_checked(concurrency: Any, client: OrdersClient) -> None:
    """How many at a time is a number from 1."""
    with pytest.raises(ValueError, match="concurrency"):
        await client.number_orders.create_many([[NUMBERS[0]]], concurrency=concurrency)


async def test_no_batches_are_no_orders(client: OrdersClient) -> None:
    """Nothing to order is nothing to send."""
    assert await client.number_orders.create_many([]) == ()
    assert client.stats.requests == 0


@pytest.mark.parametrize(("concurrency", "most"), [(3, 3), (None, 8)])
async def test_so_many_at_a_time(concurrency: int | None, most: int) -> None:
    """As many orders are under way at once as was asked for, or as the client allows."""
    async with orders_server(*["silence"] * 30) as server, no_task_left():
        async with OrdersClient(KEY, base_url=server.url, trust_env=False) as client:
            placing = asyncio.ensure_future(
                client.number_orders.create_many(
                    [[number] for number in NUMBERS], concurrency=concurrency
                )
            )
            while len(server.bodies) < most:
                await asyncio.sleep(0.001)
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(server.bodies) == most
            placing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await placing


async def test_cancelled_it_says_what_became_of_those_that_were_begun() -> None:
    """What was placed before a task is cancelled is not lost, nor what may have been."""
    async with orders_server("commit ok", "422", "commit silence") as server, no_task_left():
        async with OrdersClient(KEY, base_url=server.url, trust_env=False) as client:
            placing = asyncio.ensure_future(
                client.number_orders.create_many([[number] for number in NUMBERS], concurrency=1)
            )
            while len(server.bodies) < 3:
                await asyncio.sleep(0.001)
            placing.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await placing
    error = raised.value.__cause__
    assert isinstance(error, PlacingCancelledError)
    assert [one.order is not None for one in error.outcomes] == [True, False, False]
    assert isinstance(error.outcomes[1].error, UnprocessableEntityError)
    assert isinstance(error.outcomes[2].error, OrderOutcomeUnknownError)
    again = pickle.loads(pickle.dumps(error))
    assert [one.requested for one in again.outcomes] == [one.requested for one in error.outcomes]


async def test_a_reference_twice_with_a_journal(fake_time: FakeTime, tmp_path: Path) -> None:
    """The journal knows an order by it, so it is refused before the first is bought."""
    twice = [NewOrder([number], customer_reference="job-17") for number in NUMBERS[:2]]
    async with orders_server() as server, OrderJournal(tmp_path / "orders.db") as journal:
        async with client_of(server, fake_time, journal=journal) as client:
            with pytest.raises(ValueError, match=r"batches\[1\]: its customer_reference"):
                await client.number_orders.create_many(twice)
        async with client_of(server, fake_time) as client:
            assert len(await client.number_orders.create_many(twice)) == 2
    assert len(server.bodies) == 2
