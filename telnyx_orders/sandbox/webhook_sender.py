"""`WebhookSender`: posts the events of a sandbox to an application, one after the other."""

import asyncio
from collections.abc import Mapping
from random import Random
from types import TracebackType
from typing import Self

import aiohttp
from attrs import frozen

from telnyx_orders.clock import Clock
from telnyx_orders.sandbox.signing import SigningKey
from telnyx_orders.sandbox.webhooks import (
    DeliveryKind,
    Event,
    Postbag,
    Webhooks,
    event_body,
    signed_delivery,
)


@frozen(kw_only=True)
class SentDelivery:
    """A delivery that was made.

    Attributes:
        event_id: The event that it is of, or that it forges.
        order_id: The order that has ended.
        kind: What it was like.
        attempt: Which delivery of its event it was, from 1; a forgery says 1, too.
        status: What was answered, `None` if nothing was.
    """

    event_id: str
    order_id: object
    kind: DeliveryKind
    attempt: int
    status: int | None

    @property
    def taken(self) -> bool:
        """Whether it was answered with a 2xx."""
        return self.status is not None and 200 <= self.status < 300


class WebhookSender:
    """Delivers an event for each order that has ended, signed as Telnyx signs.

    An event is delivered until it is taken with a 2xx or its attempts are used up, each attempt
    signed anew. Events wait for each other. Two senders made with the same arguments and given the
    same orders make the same deliveries.

    Args:
        settings: Where to, and how badly.
        seed: What the key, the events' ids and what is odd are drawn from.
        clock: The time of events and signatures, and the waits between attempts.

    Attributes:
        deliveries: What was delivered, in this order.

    Raises:
        ConfigurationError: cryptography, of the extra `webhooks`, is not installed.

    Example:
        >>> async with WebhookSender(Webhooks(url="http://localhost:8000/webhooks")) as sender:
        ...     sender.ended({"id": "12ade33a-21c0-473b-b055-b3c836e1c292", "status": "success"})
        ...     await sender.drained()
    """

    def __init__(self, settings: Webhooks, seed: int = 0, *, clock: Clock | None = None) -> None:
        self.deliveries: list[SentDelivery] = []
        self._settings = settings
        self._key = SigningKey(seed)
        self._clock = clock or Clock()
        self._postbag = Postbag(settings, Random(f"{seed}/webhooks"))
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def public_key(self) -> str:
        """What to give to the application as the account's public key."""
        return self._key.public_key

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def start(self) -> None:
        """Begin to deliver, in a task that `stop` ends.

        Raises:
            RuntimeError: It delivers already.
        """
        if self._task is not None:
            raise RuntimeError("the sender delivers already")
        if self._postbag:
            self._idle.clear()
        self._task = asyncio.create_task(self._deliver_all(), name="webhook sender")

    async def stop(self) -> None:
        """End the delivery that is under way, and keep what waits; may be repeated."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    def ended(self, order: Mapping[str, object]) -> str:
        """Send the event of an order that has ended now; returns at once.

        Args:
            order: The order as `GET /number_orders/{id}` gives it.

        Returns:
            The event's id.
        """
        event = self._postbag.add(order, self._clock.now())
        self._idle.clear()
        self._arrived.set()
        return event.id

    async def drained(self) -> None:
        """Wait until every event was delivered or given up, or the sender was stopped.

        Raises:
            RuntimeError: The sender does not deliver.
        """
        if self._task is None:
            raise RuntimeError("the sender does not deliver: use it as `async with`")
        await self._idle.wait()

    async def _deliver_all(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._settings.timeout)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                while True:
                    while self._postbag:
                        await self._deliver(session, self._postbag.take())
                    self._idle.set()
                    self._arrived.clear()
                    await self._arrived.wait()
        finally:
            self._idle.set()  # whoever waits would wait for ever

    async def _deliver(self, session: aiohttp.ClientSession, event: Event) -> None:
        for kind in sorted(event.oddities):
            if kind.forged:
                await self._post(session, event, kind, 1)
        late = DeliveryKind.LATE in event.oddities
        for attempt in range(1, self._settings.attempts + 1):
            kind = DeliveryKind.LATE if late and attempt == 1 else DeliveryKind.PLAIN
            if attempt > 1:
                await self._clock.sleep(self._settings.retry_after)
            if await self._post(session, event, kind, attempt):
                if DeliveryKind.REPEATED in event.oddities:
                    await self._post(session, event, DeliveryKind.REPEATED, attempt + 1)
                return

    async def _post(
        self, session: aiohttp.ClientSession, event: Event, kind: DeliveryKind, attempt: int
    ) -> bool:
        body = event_body(event, attempt=attempt, url=self._settings.url)
        sent, headers = signed_delivery(kind, body, self._key, self._clock.now())
        headers["Content-Type"] = "application/json"
        status = None
        try:
            async with session.post(
                self._settings.url, data=sent, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            pass  # as Telnyx, which only sees that nobody has taken it
        delivery = SentDelivery(
            event_id=event.id,
            order_id=event.order.get("id"),
            kind=kind,
            attempt=attempt,
            status=status,
        )
        self.deliveries.append(delivery)
        return delivery.taken
