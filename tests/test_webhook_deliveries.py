"""`MemoryDeliveryStore`: who may act on an event, and what is forgotten."""

import asyncio

import pytest

from telnyx_orders import ConfigurationError
from telnyx_orders.webhooks import Claim, DeliveryStore, MemoryDeliveryStore
from tests.conftest import FakeTime


async def test_an_event_is_claimed_once() -> None:
    """The first claim is new, another while it lasts is in progress, and after it done."""
    store: DeliveryStore = MemoryDeliveryStore()
    assert await store.claim("a") == Claim.NEW
    assert await store.claim("a") == Claim.IN_PROGRESS
    assert await store.claim("b") == Claim.NEW
    await store.done("a")
    assert await store.claim("a") == Claim.DONE
    assert await store.claim("b") == Claim.IN_PROGRESS


async def test_of_many_claims_at_once_one_is_new() -> None:
    """However many tasks claim an event, one gets it."""
    store = MemoryDeliveryStore()
    claims = await asyncio.gather(*(store.claim("a") for _ in range(100)))
    assert sorted(claims) == [Claim.IN_PROGRESS] * 99 + [Claim.NEW]


async def test_what_was_released_can_be_claimed_again() -> None:
    """An event that nobody has acted on is new again."""
    store = MemoryDeliveryStore()
    await store.claim("a")
    await store.release("a")
    assert await store.claim("a") == Claim.NEW


async def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    """No more than `max_ids` events that were acted on are kept: the newest."""
    store = MemoryDeliveryStore(max_ids=3)
    for event_id in "abcde":
        await store.claim(event_id)
        await store.done(event_id)
    assert len(store) == 3
    assert [await store.claim(one) for one in "cde"] == [Claim.DONE] * 3
    assert [await store.claim(one) for one in "ab"] == [Claim.NEW] * 2


async def test_events_are_forgotten_when_they_are_old(fake_time: FakeTime) -> None:
    """An event is known for `max_age` seconds since it was done, and no longer."""
    store = MemoryDeliveryStore(max_age=60, clock=fake_time.clock())
    await store.claim("a")
    fake_time.now += 50
    await store.done("a")
    fake_time.now += 60
    assert await store.claim("a") == Claim.DONE
    fake_time.now += 0.5
    assert await store.claim("a") == Claim.NEW
    assert len(store) == 1


async def test_what_is_in_progress_is_never_forgotten(fake_time: FakeTime) -> None:
    """Neither age nor number takes a claim away from whoever has it."""
    store = MemoryDeliveryStore(max_ids=1, max_age=60, clock=fake_time.clock())
    await store.claim("slow")
    for number in range(10):
        await store.claim(f"{number}")
        await store.done(f"{number}")
        fake_time.now += 100
    assert await store.claim("slow") == Claim.IN_PROGRESS


@pytest.mark.timeout(20)
async def test_many_are_forgotten_at_once(fake_time: FakeTime) -> None:
    """What a whole day has left is forgotten at the next claim, in a time that grows with it.

    If each one took longer than the one before, it would be minutes.
    """
    store = MemoryDeliveryStore(max_ids=500_000, max_age=60, clock=fake_time.clock())
    for number in range(500_000):
        await store.done(f"{number}")
    fake_time.now += 61
    assert await store.claim("a") == Claim.NEW
    assert len(store) == 1


@pytest.mark.parametrize("bound", [0, -1, None, "5", float("nan"), float("inf"), True])
def test_a_store_needs_bounds(bound: object) -> None:
    """Without a bound on number and age it would grow for ever."""
    with pytest.raises(ConfigurationError, match="max_ids: expected an integer from 1"):
        MemoryDeliveryStore(max_ids=bound)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="max_age: expected seconds above 0"):
        MemoryDeliveryStore(max_age=bound)  # type: ignore[arg-type]
