"""A store of deliveries asked in such a way that no claim is left behind by a cancellation.

A task may be cancelled while the store is asked: a sender has gone, a time is up, the server shuts
down. If that ended the question, nobody would know that the event is claimed, and it would be
refused until the store forgets. So the store is always heard out, by a task of its own.
"""

import asyncio
import logging
from typing import Any

from telnyx_orders.webhooks.deliveries import Claim, DeliveryStore

__all__ = ["claimed", "noted_as_done", "released"]

logger: logging.Logger = logging.getLogger("telnyx_orders")

PATIENCE = 5.0
"""Seconds for a store after a cancellation: one that hangs must not hold up a shutdown."""


async def claimed(store: DeliveryStore, event_id: str) -> Claim:
    """Claim an event; whoever is cancelled meanwhile has not claimed it."""
    asked: asyncio.Future[Claim] = asyncio.ensure_future(store.claim(event_id))
    try:
        await _heard_out(asked)
    except asyncio.CancelledError:
        if _is_new(asked):
            await released(store, event_id)
        raise
    return asked.result()


async def noted_as_done(store: DeliveryStore, event_id: str) -> None:
    """Note that an event was acted on."""
    asked = asyncio.ensure_future(store.done(event_id))
    await _heard_out(asked)
    asked.result()


async def released(store: DeliveryStore, event_id: str) -> None:
    """Give a claim back, on the way out; a failure to do so is logged."""
    asked = asyncio.ensure_future(_release(store, event_id))
    try:
        await _heard_out(asked)
    finally:
        if asked.cancelled():
            # `asyncio.run` cancels every task as it ends, that of the store too, but none that is
            # begun after that.
            await _heard_out(asyncio.ensure_future(_release(store, event_id)))


async def _release(store: DeliveryStore, event_id: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await store.release(event_id)
    except Exception:
        # What the application raised is the news, and the claim ends by itself.
        logger.exception("a store of deliveries could not give back the claim of %s", event_id)


def _is_new(asked: asyncio.Future[Claim]) -> bool:
    # If the question itself was cancelled, whose the claim is cannot be known: another's must stay.
    if asked.cancelled() or asked.exception() is not None:
        return False
    return asked.result() == Claim.NEW


async def _heard_out(asked: asyncio.Future[Any]) -> None:
    """Wait for an answer of the store, also when cancelled, and be cancelled only then."""
    cancelled: asyncio.CancelledError | None = None
    patience: asyncio.TimerHandle | None = None
    while not asked.done():
        try:
            await asyncio.wait([asked])  # leaves it alone when cancelled
        except asyncio.CancelledError as error:  # of which anyio sends one at every await
            cancelled = error
            if patience is None:
                patience = asyncio.get_running_loop().call_later(PATIENCE, asked.cancel)
    if patience is not None:
        patience.cancel()
    if cancelled is not None:
        raise cancelled
