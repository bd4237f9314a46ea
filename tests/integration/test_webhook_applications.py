"""Deliveries posted over sockets to an aiohttp and to a FastAPI application."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Annotated

import aiohttp
import anyio
import fastapi
import pytest
from aiohttp import web
from attrs import Factory, define

from telnyx_orders import ConfigurationError
from telnyx_orders.webhooks import (
    Claim,
    DeliveryStore,
    MemoryDeliveryStore,
    NumberOrderEvent,
    WebhookEvent,
    WebhookVerifier,
    aiohttp_handler,
    fastapi_dependency,
)
from tests.conftest import until
from tests.servers import serve_application, serve_asgi
from tests.webhooks import KEY, event_body

OnEvent = Callable[[WebhookEvent], Awaitable[None]]
Serve = Callable[..., AbstractAsyncContextManager[str]]


@asynccontextmanager
async def serve_aiohttp(on_event: OnEvent, **options: object) -> AsyncIterator[str]:
    handler = aiohttp_handler(WebhookVerifier(KEY.public_key), on_event, **options)  # type: ignore[arg-type]
    app = web.Application()
    app.router.add_post("/", handler)
    async with serve_application(app) as url:
        yield url


@asynccontextmanager
async def serve_fastapi(on_event: OnEvent, **options: object) -> AsyncIterator[str]:
    dependency = fastapi_dependency(WebhookVerifier(KEY.public_key), **options)  # type: ignore[arg-type]
    app = fastapi.FastAPI()

    @app.post("/")
    async def take(
        event: Annotated[WebhookEvent, fastapi.Depends(dependency, scope="function")],
    ) -> str:
        await on_event(event)
        return "taken"

    # uvicorn tells of what an operation raises, as it should.
    async with serve_asgi(app) as url:
        yield url


@pytest.fixture(params=[serve_aiohttp, serve_fastapi], ids=["aiohttp", "fastapi"])
def serve(request: pytest.FixtureRequest) -> Serve:
    serve: Serve = request.param
    return serve


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the servers log of operations that raise is theirs, and expected."""
    loggers = [logging.getLogger(name) for name in ("aiohttp.server", "uvicorn.error")]
    for logger in loggers:
        logger.disabled = True
    yield
    for logger in loggers:
        logger.disabled = False


@define
class Taken:
    """Acts on events as a test says, and keeps what it was given."""

    events: list[WebhookEvent] = Factory(list)
    done: list[str | None] = Factory(list)
    failures: int = 0
    gate: asyncio.Event | None = None

    async def __call__(self, event: WebhookEvent) -> None:
        self.events.append(event)
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise RuntimeError("cannot act on it now")
        self.done.append(event.id)


async def post(url: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Post a body as it is, signed now; a header may be replaced, or left out with ''."""
    signed = {**KEY.signed(body, int(time.time())), **headers}
    sent = {name: value for name, value in signed.items() if value}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/", data=body, headers=sent) as response,
    ):
        return response.status, await response.text()


async def test_a_genuine_delivery_is_acted_on(serve: Serve) -> None:
    """The application gets the event, typed, and the sender a 200."""
    taken = Taken()
    async with serve(taken) as url:
        status, _ = await post(url, event_body())
    assert status == 200
    [event] = taken.events
    assert isinstance(event, NumberOrderEvent)
    assert event.payload.id == "order-1"


@pytest.mark.parametrize(
    "headers",
    [
        {"telnyx-signature-ed25519": ""},
        {"telnyx-timestamp": ""},
        {"telnyx-timestamp": "1700000000"},
        {"telnyx-timestamp": "soon"},
        {"telnyx-signature-ed25519": "A" * 86 + "=="},
        {"telnyx-signature-ed25519": "\u00e9"},
    ],
    ids=["no signature", "no timestamp", "old", "malformed", "wrong", "not ASCII"],
)
async def test_a_forgery_is_refused(
    headers: dict[str, str], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered with 403, reaches nobody, and is told of in the log but not to the forger."""
    taken = Taken()
    async with serve(taken) as url:
        status, text = await post(url, event_body(), **headers)
    assert (status, taken.events) == (403, [])
    assert "telnyx-" not in text
    [record] = [one for one in caplog.records if one.name == "telnyx_orders"]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("refused a webhook: telnyx-")


async def test_a_genuine_body_that_is_no_event_is_a_bad_request(serve: Serve) -> None:
    """It is answered with 400, and nobody is called."""
    taken = Taken()
    async with serve(taken) as url:
        assert [(await post(url, body))[0] for body in (b"", b"{}", b"[")] == [400] * 3
    assert taken.events == []


async def test_a_repeated_delivery_is_acted_on_once(serve: Serve) -> None:
    """Every delivery of an event is answered with 200, whatever its attempt; one is acted on."""
    taken = Taken()
    async with serve(taken) as url:
        answers = [await post(url, event_body("a", occurred_at=None)) for _ in range(3)]
        await post(url, event_body("b"))
    assert [status for status, _ in answers] == [200] * 3
    assert taken.done == ["a", "b"]


async def test_an_event_without_an_id_is_acted_on_each_time(serve: Serve) -> None:
    """What cannot be recognized is not taken for a repetition."""
    taken = Taken()
    async with serve(taken) as url:
        assert [(await post(url, event_body(id=None)))[0] for _ in range(2)] == [200] * 2
    assert taken.done == [None, None]


async def test_a_failure_is_made_good_by_the_next_delivery(serve: Serve) -> None:
    """When the application raises it is a 500, and the event counts as not seen."""
    taken = Taken(failures=2)
    async with serve(taken) as url:
        assert [(await post(url, event_body()))[0] for _ in range(4)] == [500, 500, 200, 200]
    assert len(taken.events) == 3
    assert taken.done == ["event-1"]


async def test_two_deliveries_at_once_are_acted_on_once(serve: Serve) -> None:
    """While one is acted on, another of the same event is told to come again.

    A 200 for it would lose the event if the first then failed, as here.
    """
    taken = Taken(gate=asyncio.Event(), failures=1)
    assert taken.gate is not None
    async with serve(taken) as url:
        first = asyncio.create_task(post(url, event_body()))
        await until(lambda: taken.events)
        assert [(await post(url, event_body()))[0] for _ in range(3)] == [503] * 3
        taken.gate.set()
        assert (await first)[0] == 500
        assert (await post(url, event_body()))[0] == 200
    assert taken.done == ["event-1"]


async def test_many_deliveries_at_once(serve: Serve) -> None:
    """Of fifty deliveries of five events, each posted until it is taken, five are acted on."""
    taken = Taken()

    async def deliver(event_id: str) -> None:
        while (await post(url, event_body(event_id)))[0] != 200:
            pass

    async with serve(taken) as url:
        async with asyncio.TaskGroup() as tasks:
            for number in range(50):
                tasks.create_task(deliver(f"event-{number % 5}"))
    assert sorted(map(str, taken.done)) == [f"event-{number}" for number in range(5)]


@pytest.mark.parametrize("over", [0, 1])
async def test_a_body_is_read_up_to_its_limit(over: int, serve: Serve) -> None:
    """A body at the limit is taken, one byte more is refused with 413."""
    taken = Taken()
    body = event_body(payload={"id": "order-1", "customer_reference": "x" * 10_000})
    async with serve(taken, max_body_bytes=len(body) - over) as url:
        status, _ = await post(url, body)
    assert status == (413 if over else 200)
    assert len(taken.events) == 1 - over


async def test_the_limit_does_not_trust_an_announcement(serve: Serve) -> None:
    """A body that never ends is refused when a mebibyte of it has come."""
    taken = Taken()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield b" " * 65536

    async with serve(taken) as url, aiohttp.ClientSession() as session:
        answered = None
        with suppress(aiohttp.ClientError):
            async with session.post(f"{url}/", data=endless()) as response:
                answered = response.status
    assert answered in (413, None)  # None where the server has gone before all was written
    assert sent < 64 * 1024 * 1024
    assert taken.events == []


@pytest.mark.parametrize("limit", [0, -1, None, True, "1"])
def test_a_limit_that_makes_no_sense_is_an_error(limit: object) -> None:
    """It is found when the handler is made."""
    verifier = WebhookVerifier(KEY.public_key)
    with pytest.raises(ConfigurationError, match="max_body_bytes"):
        aiohttp_handler(verifier, Taken(), max_body_bytes=limit)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="max_body_bytes"):
        fastapi_dependency(verifier, max_body_bytes=limit)  # type: ignore[arg-type]


@define
class Notes(DeliveryStore):
    """A store of its own, which says what it was asked and may be out of order."""

    asked: list[str] = Factory(list)
    broken: bool = False
    forgetful: bool = False
    answers: asyncio.Event = Factory(asyncio.Event)
    kept: MemoryDeliveryStore = Factory(MemoryDeliveryStore)

    def __attrs_post_init__(self) -> None:
        self.answers.set()

    async def claim(self, event_id: str) -> Claim:
        if self.broken:
            raise ConnectionError("the store cannot be reached")
        self.asked.append(f"claim {event_id}")
        claim = await self.kept.claim(event_id)
        await self.answers.wait()
        return claim

    async def done(self, event_id: str) -> None:
        self.asked.append(f"done {event_id}")
        if self.forgetful:
            raise ConnectionError("the store cannot be reached")
        await self.answers.wait()
        await self.kept.done(event_id)

    async def release(self, event_id: str) -> None:
        self.asked.append(f"release {event_id}")
        await self.answers.wait()
        await self.kept.release(event_id)


async def test_a_store_of_ones_own(serve: Serve) -> None:
    """A store that several processes share is asked for each genuine delivery, and only then."""
    notes = Notes()
    taken = Taken(failures=1)
    async with serve(taken, dedup=notes) as url, serve(taken, dedup=notes) as other:
        assert (await post(url, event_body(), **{"telnyx-timestamp": "1"}))[0] == 403
        assert notes.asked == []
        answers = [await post(where, event_body()) for where in (url, other, url)]
    assert [status for status, _ in answers] == [500, 200, 200]
    assert notes.asked == [
        "claim event-1", "release event-1", "claim event-1", "done event-1", "claim event-1",
    ]  # fmt: skip
    assert taken.done == ["event-1"]


async def test_a_store_that_cannot_be_reached_fails_the_delivery(serve: Serve) -> None:
    """Without its store nothing is acted on: the sender comes again."""
    notes = Notes(broken=True)
    taken = Taken()
    async with serve(taken, dedup=notes) as url:
        assert (await post(url, event_body()))[0] == 500
        assert taken.events == []
        notes.broken = False
        assert (await post(url, event_body()))[0] == 200


async def test_what_cannot_be_noted_as_done_is_no_success(serve: Serve) -> None:
    """The sender hears of it, and comes again."""
    notes = Notes(forgetful=True)
    async with serve(Taken(), dedup=notes) as url:
        assert (await post(url, event_body()))[0] == 500
    assert notes.asked == ["claim event-1", "done event-1"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_decompressed(
    encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """That aiohttp, which does it by itself, cannot, is the sender's fault and no failure."""
    logging.getLogger("aiohttp.server").disabled = False
    taken = Taken()
    async with serve_aiohttp(taken) as url:
        status, _ = await post(url, b"no such thing" * 10, **{"Content-Encoding": encoding})
        assert status == 400
        assert (await post(url, event_body()))[0] == 200
    assert [record for record in caplog.records if record.name == "aiohttp.server"] == []
    assert taken.done == ["event-1"]


async def test_a_sender_that_leaves_in_the_middle(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends quietly, as it may happen at any time; and nobody is called."""
    for name in ("aiohttp.server", "uvicorn.error"):
        logging.getLogger(name).disabled = False
    taken = Taken()
    async with serve(taken) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n{")
        await writer.drain()
        # The server has begun with the first by the time that it has answered a second.
        assert (await post(url, event_body()))[0] == 200
        writer.close()
        await writer.wait_closed()
        assert (await post(url, event_body()))[0] == 200
    assert [record.getMessage() for record in caplog.records] == []
    assert taken.done == ["event-1"]


@asynccontextmanager
async def serve_noted(
    on_event: OnEvent, notes: Notes, running: list[asyncio.Task[object]]
) -> AsyncIterator[str]:
    """Serve an aiohttp application, and note the tasks that its handler runs in."""
    handler = aiohttp_handler(WebhookVerifier(KEY.public_key), on_event, dedup=notes)

    async def noted(request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        running.append(task)
        return await handler(request)

    app = web.Application()
    app.router.add_post("/", noted)
    async with serve_application(app) as url:
        yield url


async def cut_off(handler: asyncio.Task[object], notes: Notes, lost: asyncio.Task[object]) -> None:
    """Cancel a handler while it asks the store, which answers then; the sender hears nothing."""
    handler.cancel()
    notes.answers.set()
    with pytest.raises(aiohttp.ClientError):
        await lost


async def test_a_cancelled_handler_gives_its_claim_back() -> None:
    """An event whose handler is cancelled in the middle is acted on at its next delivery.

    Also when it is cancelled once more, while it gives the claim back.
    """
    notes = Notes()
    taken = Taken(gate=asyncio.Event())
    assert taken.gate is not None
    running: list[asyncio.Task[object]] = []
    async with serve_noted(taken, notes, running) as url:
        lost = asyncio.create_task(post(url, event_body()))
        await until(lambda: taken.events)
        notes.answers.clear()
        running[0].cancel()
        await until(lambda: notes.asked == ["claim event-1", "release event-1"])
        running[0].cancel()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(lost), 0)
        notes.answers.set()
        with pytest.raises(aiohttp.ClientError):
            await lost
        taken.gate.set()
        assert (await post(url, event_body()))[0] == 200
    assert taken.done == ["event-1"]


async def test_a_handler_that_is_cancelled_while_it_claims() -> None:
    """It gives back what it has got, and acts on nothing."""
    notes = Notes()
    notes.answers.clear()
    taken = Taken()
    running: list[asyncio.Task[object]] = []
    async with serve_noted(taken, notes, running) as url:
        lost = asyncio.create_task(post(url, event_body()))
        await until(lambda: notes.asked)
        await cut_off(running[0], notes, lost)
        assert notes.asked == ["claim event-1", "release event-1"]
        assert taken.events == []
        assert (await post(url, event_body()))[0] == 200
    assert taken.done == ["event-1"]


async def test_a_handler_that_is_cancelled_while_it_notes_what_is_done() -> None:
    """The event was acted on, and stays known as that."""
    notes = Notes()
    taken = Taken(gate=asyncio.Event())
    assert taken.gate is not None
    running: list[asyncio.Task[object]] = []
    async with serve_noted(taken, notes, running) as url:
        lost = asyncio.create_task(post(url, event_body()))
        await until(lambda: taken.events)
        notes.answers.clear()
        taken.gate.set()
        await until(lambda: notes.asked == ["claim event-1", "done event-1"])
        await cut_off(running[0], notes, lost)
        assert (await post(url, event_body()))[0] == 200
    assert taken.done == ["event-1"]


async def test_a_cancellation_by_anyio_gives_the_claim_back() -> None:
    """A scope of anyio, such as a time limit in a middleware, cancels at every await."""
    notes = Notes()
    taken = Taken(gate=asyncio.Event())
    assert taken.gate is not None
    handler = aiohttp_handler(WebhookVerifier(KEY.public_key), taken, dedup=notes)
    limits: list[anyio.CancelScope] = []

    async def limited(request: web.Request) -> web.StreamResponse:
        with anyio.CancelScope() as limit:
            limits.append(limit)
            return await handler(request)
        return web.Response(status=504)

    app = web.Application()
    app.router.add_post("/", limited)
    async with serve_application(app) as url:
        lost = asyncio.create_task(post(url, event_body()))
        await until(lambda: taken.events)
        notes.answers.clear()
        limits[-1].cancel()
        await until(lambda: notes.asked == ["claim event-1", "release event-1"])
        notes.answers.set()
        assert (await lost)[0] == 504
        taken.gate.set()
        assert (await post(url, event_body()))[0] == 200
    assert taken.done == ["event-1"]


def test_a_loop_that_ends_while_a_claim_is_given_back() -> None:
    """`asyncio.run` cancels all tasks at its end: the store is asked once more."""
    kept = MemoryDeliveryStore()

    async def main() -> None:
        notes = Notes(kept=kept)
        taken = Taken(gate=asyncio.Event())
        running: list[asyncio.Task[object]] = []
        serving = serve_noted(taken, notes, running)
        url = await serving.__aenter__()
        asyncio.create_task(post(url, event_body()))  # noqa: RUF006  # ends with the loop
        await until(lambda: taken.events)
        notes.answers.clear()
        running[0].cancel()
        await until(lambda: notes.asked == ["claim event-1", "release event-1"])
        asyncio.get_running_loop().call_soon(notes.answers.set)

    asyncio.run(main())
    assert len(kept) == 0
