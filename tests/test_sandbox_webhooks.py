"""The webhooks of a sandbox: what is signed and sent, how often, in which order, how oddly."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from aiohttp import web
from attrs import Factory, define

from telnyx_orders import Clock, OrdersClient, OrderStatus
from telnyx_orders.sandbox import DeliveryKind, Sandbox, SigningKey, Webhooks, WebhookSender
from telnyx_orders.sandbox.webhooks import Event, Postbag
from telnyx_orders.webhooks import NumberOrderEvent, WebhookEvent, WebhookVerifier, aiohttp_handler
from tests.conftest import FakeTime, no_task_left, until
from tests.servers import serve, serve_application
from tests.webhooks import NOW

FORGED = {DeliveryKind.WRONG_KEY, DeliveryKind.CHANGED_BODY, DeliveryKind.UNSIGNED}
NOWHERE = "http://127.0.0.1:9/webhooks"


def order(number: int) -> dict[str, object]:
    return {"id": f"order-{number}", "record_type": "number_order", "status": "success"}


@define
class Application:
    """An application with a handler, and what it was given."""

    url: str
    events: list[WebhookEvent] = Factory(list)

    @property
    def orders(self) -> list[str]:
        return [e.payload.id for e in self.events if isinstance(e, NumberOrderEvent)]


@asynccontextmanager
async def application(clock: Clock, seed: int = 0) -> AsyncIterator[Application]:
    app = web.Application()
    taken = Application("")

    async def on_event(event: WebhookEvent) -> None:
        taken.events.append(event)

    verifier = WebhookVerifier(SigningKey(seed).public_key, clock=clock)
    app.router.add_post("/webhooks", aiohttp_handler(verifier, on_event))
    async with serve_application(app) as url:
        taken.url = f"{url}/webhooks"
        yield taken


async def send(sender: WebhookSender, orders: int) -> None:
    for number in range(orders):
        sender.ended(order(number))
    await sender.drained()


async def test_an_order_that_ends_is_told(fake_time: FakeTime) -> None:
    """The application gets a genuine event with the order, the time and where it was sent."""
    async with application(fake_time.clock()) as app:
        async with WebhookSender(Webhooks(url=app.url), clock=fake_time.clock()) as sender:
            event_id = sender.ended(order(1))
            await sender.drained()
    [event] = app.events
    assert isinstance(event, NumberOrderEvent)
    assert (event.id, event.event_type) == (event_id, "number_order.complete")
    assert (event.attempt, event.delivered_to) == (1, app.url)
    assert event.occurred_at is not None
    assert event.occurred_at.timestamp() == NOW
    assert event.raw["data"]["payload"] == order(1)
    [delivery] = sender.deliveries
    assert (delivery.event_id, delivery.order_id) == (event_id, "order-1")
    assert (delivery.kind, delivery.attempt, delivery.status) == ("plain", 1, 200)


async def test_a_payload_can_lack_fields(fake_time: FakeTime) -> None:
    """Keys that are to be left out are not sent."""
    async with application(fake_time.clock()) as app:
        settings = Webhooks(url=app.url, omit=["status"])
        async with WebhookSender(settings, clock=fake_time.clock()) as sender:
            await send(sender, 1)
    assert "status" not in app.events[0].raw["data"]["payload"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("plain", [("plain", 1, 200)]),
        ("repeated", [("plain", 1, 200), ("repeated", 2, 200)]),
        ("late", [("late", 1, 403), ("plain", 2, 200)]),
        ("wrong_key", [("wrong_key", 1, 403), ("plain", 1, 200)]),
        ("changed_body", [("changed_body", 1, 403), ("plain", 1, 200)]),
        ("unsigned", [("unsigned", 1, 403), ("plain", 1, 200)]),
    ],
)
async def test_each_oddity_as_scripted(
    kind: str, expected: list[tuple[str, int, int]], fake_time: FakeTime
) -> None:
    """Whatever is odd, the application acts once on the event and on nothing that is forged."""
    async with application(fake_time.clock()) as app:
        settings = Webhooks(url=app.url, script=[kind, "plain"])
        async with WebhookSender(settings, clock=fake_time.clock()) as sender:
            await send(sender, 2)
    assert [(d.kind, d.attempt, d.status) for d in sender.deliveries] == [
        *expected,
        ("plain", 1, 200),
    ]
    assert app.orders == ["order-0", "order-1"]


async def test_oddities_are_drawn(fake_time: FakeTime) -> None:
    """Shares of the events meet each oddity, alone or together, and each is acted on once."""
    async with application(fake_time.clock(), seed=5) as app:
        settings = Webhooks(url=app.url, repeat=0.3, late=0.3, forged=0.5, shuffled=0.3)
        async with WebhookSender(settings, 5, clock=fake_time.clock()) as sender:
            await send(sender, 60)
    kinds = Counter(delivery.kind for delivery in sender.deliveries)
    assert set(kinds) == set(DeliveryKind)
    for delivery in sender.deliveries:
        refused = delivery.kind in FORGED or delivery.kind == DeliveryKind.LATE
        assert delivery.status == (403 if refused else 200)
    assert sorted(app.orders) == sorted(f"order-{number}" for number in range(60))
    assert app.orders != sorted(app.orders, key=lambda one: int(one.partition("-")[2]))


async def test_the_same_seed_makes_the_same_deliveries(fake_time: FakeTime) -> None:
    """Two senders made alike send alike; another seed sends otherwise, with another key."""
    made: list[list[tuple[object, ...]]] = []
    for seed in (1, 1, 2):
        async with application(fake_time.clock(), seed) as app:
            settings = Webhooks(url=app.url, repeat=0.5, late=0.5, forged=0.5, shuffled=0.5)
            async with WebhookSender(settings, seed, clock=fake_time.clock()) as sender:
                await send(sender, 10)
        made.append([(d.event_id, d.order_id, d.kind, d.attempt) for d in sender.deliveries])
    assert made[0] == made[1] != made[2]
    assert SigningKey(1).public_key == SigningKey(1).public_key != SigningKey(2).public_key


async def test_an_event_is_delivered_until_it_is_taken(fake_time: FakeTime) -> None:
    """After an error it comes again, a while later, signed anew, with the next attempt's number."""
    got: list[tuple[int, int]] = []

    async def respond(request: web.Request) -> web.Response:
        attempt = json.loads(await request.read())["meta"]["attempt"]
        got.append((attempt, int(request.headers["telnyx-timestamp"])))
        return web.Response(status=(500, 302, 204)[len(got) - 1], headers={"Location": "/other"})

    async with serve(respond) as url:
        settings = Webhooks(url=url, retry_after=30)
        async with WebhookSender(settings, clock=fake_time.clock()) as sender:
            await send(sender, 1)
    assert got == [(1, NOW), (2, NOW + 30), (3, NOW + 60)]
    assert [delivery.status for delivery in sender.deliveries] == [500, 302, 204]


async def test_an_event_that_nobody_takes_is_given_up(fake_time: FakeTime) -> None:
    """After its attempts are used up the next event is delivered."""
    settings = Webhooks(url=NOWHERE, attempts=2, repeat=1)
    async with WebhookSender(settings, clock=fake_time.clock()) as sender:
        await send(sender, 2)
    assert [(d.order_id, d.attempt, d.status) for d in sender.deliveries] == [
        ("order-0", 1, None), ("order-0", 2, None), ("order-1", 1, None), ("order-1", 2, None),
    ]  # fmt: skip


async def test_an_answer_that_does_not_come_is_none(fake_time: FakeTime) -> None:
    """A silent application costs an attempt its timeout, and no more."""

    async def silent(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serve(silent) as url:
        settings = Webhooks(url=url, attempts=1, timeout=0.05)
        async with WebhookSender(settings, clock=fake_time.clock()) as sender:
            await send(sender, 1)
    assert [delivery.status for delivery in sender.deliveries] == [None]


async def test_it_stops_in_the_middle_and_leaves_nothing_behind(fake_time: FakeTime) -> None:
    """A delivery under way is ended, and what waits is delivered after the next start."""
    asked = 0

    async def silent(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.Event().wait()
        return web.Response()

    async with serve(silent) as url, no_task_left():
        sender = WebhookSender(Webhooks(url=url), clock=fake_time.clock())
        async with sender:
            for number in range(3):
                sender.ended(order(number))
            waiting = asyncio.create_task(sender.drained())
            await until(lambda: asked)
        await waiting
        assert sender.deliveries == []
        await sender.stop()
        async with sender:
            await sender.drained()
    assert [delivery.order_id for delivery in sender.deliveries] == ["order-1", "order-2"]


async def test_whoever_waits_for_it_can_be_cancelled(fake_time: FakeTime) -> None:
    """Giving up the wait for the end of the deliveries does them no harm."""
    async with application(fake_time.clock()) as app:
        async with WebhookSender(Webhooks(url=app.url), clock=fake_time.clock()) as sender:
            sender.ended(order(1))
            waiting = asyncio.create_task(sender.drained())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await sender.drained()
    assert app.orders == ["order-1"]


async def test_it_is_started_once() -> None:
    """A sender that runs cannot be started, and one that does not cannot be waited for."""
    sender = WebhookSender(Webhooks(url=NOWHERE))
    with pytest.raises(RuntimeError, match="does not deliver"):
        await sender.drained()
    async with sender:
        with pytest.raises(RuntimeError, match="delivers already"):
            sender.start()
        await sender.drained()


async def test_an_order_of_a_sandbox_that_settles_is_told() -> None:
    """An order that was placed ends at its time and is told of then, though nobody asks."""
    async with no_task_left(), application(Clock()) as app:
        async with (
            Sandbox(orders=0, settle_after=0.05, webhooks=Webhooks(url=app.url)) as sandbox,
            OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client,
        ):
            assert sandbox.public_key == SigningKey(0).public_key
            placed = [
                await client.number_orders.create([number], customer_reference=number)
                for number in ("+19705555000", "+19705555001")
            ]
            await until(lambda: len(app.events) == 2)
    assert app.orders == [order.id for order in placed]
    for event, order in zip(app.events, placed, strict=True):
        assert isinstance(event, NumberOrderEvent)
        assert event.payload.status is OrderStatus.SUCCESS
        assert event.payload.customer_reference == order.customer_reference


async def test_a_sandbox_with_a_clock_of_its_own(fake_time: FakeTime) -> None:
    """What was due while the clock jumped is told at `catch_up`, what is ended by hand at once."""
    told: list[object] = []
    async with application(fake_time.clock()) as app:
        async with (
            Sandbox(
                orders=0,
                settle_after=3600,
                webhooks=Webhooks(url=app.url),
                clock=lambda: fake_time.now,
            ) as sandbox,
            OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client,
        ):
            sandbox.on_order_ended = lambda order: told.append(order["id"])
            placed = [
                await client.number_orders.create([number])
                for number in ("+19705555000", "+19705555001")
            ]
            assert sandbox.webhook_sender is not None
            sandbox.settle(placed[1].id, "failure")
            await sandbox.webhook_sender.drained()
            assert app.orders == [placed[1].id]
            fake_time.now += 3600
            sandbox.catch_up()
            await sandbox.webhook_sender.drained()
    assert app.orders == told == [placed[1].id, placed[0].id]


async def test_a_sandbox_that_is_stopped_delivers_later() -> None:
    """What ended while it was stopped is told of once it has been started again."""
    async with no_task_left(), application(Clock()) as app:
        sandbox = Sandbox(orders=0, webhooks=Webhooks(url=app.url))
        for _ in range(2):
            order_id = sandbox.insert()
            sandbox.settle(order_id)
            assert order_id not in app.orders
            async with sandbox:
                await until(lambda: app.orders[-1:] == [order_id])  # noqa: B023  # awaited here
            await sandbox.stop()


def test_a_sandbox_without_webhooks() -> None:
    """It has no sender, and a setting of another type is an error."""
    assert Sandbox(orders=0).webhook_sender is None
    with pytest.raises(ValueError, match="webhooks must be of type Webhooks"):
        Sandbox(orders=0, webhooks=NOWHERE)  # type: ignore[arg-type]


def test_events_that_are_held_back_come_after_others() -> None:
    """All are taken once: first what is not held back, in order, then the rest, newest first."""
    bag = Postbag(Webhooks(url=NOWHERE, shuffled=0.5), Random(3))
    added = [bag.add(order(number), NOW) for number in range(20)]
    taken: list[Event] = []
    while bag:
        taken.append(bag.take())
    held = [event for event in added if event.held_back]
    assert 0 < len(held) < 20
    assert taken == [e for e in added if not e.held_back] + held[::-1]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"url": "ftp://example.com"}, "Webhooks.url"),
        ({"url": "example.com/webhooks"}, "Webhooks.url"),
        ({"url": None}, "Webhooks.url"),
        ({"repeat": 1.5}, "Webhooks.repeat"),
        ({"late": -0.1}, "Webhooks.late"),
        ({"forged": "x"}, "Webhooks.forged"),
        ({"shuffled": True}, "Webhooks.shuffled"),
        ({"script": ["other"]}, "Webhooks.script"),
        ({"attempts": 0}, "Webhooks.attempts"),
        ({"retry_after": -1}, "Webhooks.retry_after"),
        ({"timeout": 0}, "Webhooks.timeout"),
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(
    setting: dict[str, object], message: str
) -> None:
    """It names the setting."""
    with pytest.raises(ValueError, match=message):
        Webhooks(**{"url": NOWHERE, **setting})  # type: ignore[arg-type]
