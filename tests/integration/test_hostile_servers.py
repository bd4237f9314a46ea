"""Against whatever a server sends: an error of this package, in bounded time and memory."""

import asyncio
import gzip
import socket
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    IncompleteFetchError,
    OrdersClient,
    ResponseDecodeError,
    RetryPolicy,
    Timeout,
    make_converter,
)
from tests.conftest import no_task_left
from tests.hostile import (
    EMPTY,
    GOOD,
    GZIP,
    HOSTILE,
    MIB,
    OK,
    WELL,
    Hostile,
    bomb,
    context_of,
    filled,
    hangs_up,
    named,
    raw_deflate,
    repeats,
    response,
    sends,
    sends_coded,
    serve_hostile,
    serve_tls,
    settings,
)
from tests.servers import KEY, asked_page, order, page, serve, serve_raw

PATIENCE = {True: 0.3, False: 20.0}
"""Seconds that a call may take, by whether only that ends it."""


def limits(hostile: Hostile) -> dict[str, object]:
    impatient = hostile.endless or hostile.error is APITimeoutError
    return settings(PATIENCE[impatient])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: one.name)
async def test_a_hostile_server(hostile: Hostile) -> None:
    """Its error says what was wrong, and the client works afterwards and leaves nothing behind."""
    async with serve_hostile(hostile) as url, no_task_left():
        async with OrdersClient(KEY, base_url=url, **limits(hostile)) as client:
            with pytest.raises(hostile.error, match=hostile.says) as caught:
                await client.number_orders.list()
            assert caught.value.attempts == hostile.attempts
            assert len(str(caught.value).splitlines()) == 1
            assert len(str(caught.value)) < 1000
            assert (await client.number_orders.list(page_size=WELL)).data == ()


@pytest.mark.parametrize(
    "name",
    ["a body of 200 MB", "chunks without end", "a gzip bomb", "blocks of nothing without end"],
)
async def test_the_limit_is_the_users(name: str) -> None:
    """Nothing of a large body is held beyond the limit that the user set."""
    async with serve_hostile(named(name)) as url:
        async with OrdersClient(KEY, base_url=url, max_body_bytes=MIB) as client:
            await client.number_orders.list(page_size=WELL)
            tracemalloc.start()
            try:
                with pytest.raises(ResponseDecodeError, match="at most 1048576 bytes") as caught:
                    await client.number_orders.list()
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
    assert not caught.value.transient
    assert set(caught.value.body) <= {" "}
    assert len(caught.value.body) <= 65536
    # The body and a copy of it, a step of inflating, and what the sockets hold on both sides.
    assert peak < 6 * MIB


async def test_a_larger_body_can_be_allowed() -> None:
    """What is refused by one limit is taken by a higher one."""
    body = GOOD.replace(b"{", b" " * MIB + b"{", 1)
    large = Hostile("large", sends(response(body)), ResponseDecodeError, "")
    async with serve_hostile(large) as url:
        async with OrdersClient(KEY, base_url=url, max_body_bytes=len(body) - 1) as client:
            with pytest.raises(ResponseDecodeError, match=f"at most {len(body) - 1} bytes"):
                await client.number_orders.list()
        async with OrdersClient(KEY, base_url=url, max_body_bytes=len(body)) as client:
            assert (await client.number_orders.list()).data[0].id == "order-1"


@pytest.mark.parametrize(
    ("coding", "compress"), [(b"gzip", gzip.compress), (b"x-gzip", gzip.compress),
                             (b"deflate", zlib.compress), (b"Deflate", raw_deflate)]
)  # fmt: skip
async def test_honest_codings(coding: bytes, compress: Callable[[bytes], bytes]) -> None:
    """A large page in every coding that is asked for arrives, over one connection."""
    rows = b",".join(b'{"id": "order-%d", "phone_numbers": []}' % n for n in range(20_000))
    body = GOOD.replace(b"[{", b"[%b,{" % rows)
    honest = Hostile("honest", sends_coded(coding, compress(body)), ResponseDecodeError, "")
    async with serve_hostile(honest) as url, OrdersClient(KEY, base_url=url) as client:
        for _ in range(2):
            got = await client.number_orders.list()
            assert [one.id for one in got.data[:3]] == ["order-0", "order-1", "order-2"]
            assert len(got.data) == 20_001


async def test_a_bomb_as_an_error_keeps_its_beginning() -> None:
    """Of an error that is a bomb the first 64 KiB are kept, as of any other."""
    async with serve_hostile(named("an error that is a bomb")) as url:
        async with OrdersClient(KEY, base_url=url, **settings(20.0)) as client:
            with pytest.raises(APIStatusError) as caught:
                await client.number_orders.list()
    assert caught.value.body == " " * 65536


async def test_a_hostile_page_in_the_middle_of_a_fetch() -> None:
    """What came before a page that is refused is kept, and the error says why it was refused."""

    async def handler(request: web.Request) -> web.Response:
        number = asked_page(request)
        if number == 3:
            return web.Response(body=bomb(GZIP, 100), headers={"Content-Encoding": "gzip"})
        return page([order(number)], number=number, size=1, pages=3, results=3)

    async with serve(handler) as url:
        async with OrdersClient(KEY, base_url=url, concurrency=1) as client:
            with pytest.raises(IncompleteFetchError, match="max_body_bytes") as caught:
                await client.number_orders.list(page_size=1).collect()
    assert [one.id for one in caught.value.orders] == ["order-1", "order-2"]
    assert isinstance(caught.value.cause, ResponseDecodeError)


async def test_a_hostile_id_of_a_request_is_fit_for_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """What a server calls a request cannot act on the terminal of whoever reads the log."""
    caplog.set_level("DEBUG", logger="telnyx_orders")
    async with serve_hostile(named("an id that acts on a terminal")) as url:
        async with OrdersClient(KEY, base_url=url) as client:
            with pytest.raises(ResponseDecodeError) as caught:
                await client.number_orders.list()
    assert caught.value.request_id == r"a\udcff\x9b31m\u202eb"
    assert all(message.isprintable() for message in caplog.messages)
    assert any("request_id=a" in message for message in caplog.messages)


LARGE = Hostile("large", sends(response(filled(b'{"id":""},', MIB))), ResponseDecodeError, "")


async def test_a_large_body_holds_up_nobody() -> None:
    """While a large body is turned into orders, the event loop has its turns."""
    loop = asyncio.get_running_loop()
    turned = threading.Event()

    def hook(value: object, _: object) -> str:
        loop.call_soon_threadsafe(turned.set)
        assert turned.wait(20)
        return ""

    converter = make_converter()
    converter.register_structure_hook(str, hook)
    async with serve_hostile(LARGE) as url:
        async with OrdersClient(KEY, base_url=url, converter=converter) as client:
            assert len((await client.number_orders.list()).data) == MIB // 10


async def test_a_call_that_is_cancelled_while_its_body_is_decoded() -> None:
    """It ends at once, and the client works afterwards."""
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()
    cancelled = threading.Event()

    def hook(value: object, _: object) -> str:
        loop.call_soon_threadsafe(begun.set)
        assert cancelled.wait(20)
        return ""

    converter = make_converter()
    converter.register_structure_hook(str, hook)
    async with serve_hostile(LARGE) as url, no_task_left():
        async with OrdersClient(KEY, base_url=url, converter=converter) as client:
            call = asyncio.ensure_future(client.number_orders.list())
            await begun.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            cancelled.set()
            assert (await client.number_orders.list(page_size=WELL)).data == ()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize(
    ("name", "expired", "words"),
    [
        ("127.0.0.1", True, "certificate has expired"),
        ("other.example", False, "ot valid for"),
    ],
)
async def test_a_bad_certificate(
    authority: trustme.CA, name: str, expired: bool, words: str
) -> None:
    """An expired certificate or a wrong name ends the call at once; once mended, all is well."""
    contexts = (
        context_of(authority, name, expired=expired),
        context_of(authority, "127.0.0.1"),
    )
    async with serve_tls(contexts) as url:
        async with OrdersClient(KEY, base_url=url, ssl_context=trusting(authority)) as client:
            with pytest.raises(APIConnectionError, match="certificate was not accepted") as caught:
                await client.number_orders.list()
            assert words in str(caught.value)
            assert "the clock of this machine" in str(caught.value)
            assert (caught.value.attempts, caught.value.transient) == (1, False)
            assert (await client.number_orders.list()).data == ()


async def test_silence_instead_of_a_handshake(authority: trustme.CA) -> None:
    """A server that takes the connection and no handshake is a timeout of the connection."""
    async with serve_tls((None, None, context_of(authority, "127.0.0.1"))) as url:
        context = trusting(authority)
        retry = RetryPolicy(max_attempts=2, backoff_base=0)
        timeout = Timeout(connect=0.2)
        async with OrdersClient(
            KEY, base_url=url, ssl_context=context, retry=retry, timeout=timeout
        ) as client:
            with pytest.raises(APITimeoutError, match="no answer in time") as caught:
                await client.number_orders.list()
            assert caught.value.attempts == 2
            assert (await client.number_orders.list()).data == ()


async def test_clear_text_instead_of_a_handshake() -> None:
    """A server that does not speak TLS is a connection error."""
    retry = RetryPolicy(max_attempts=2, backoff_base=0)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sends(b"220 mail.example ESMTP\r\n")(reader, writer)
        await reader.read()

    async with serve_raw(respond) as url:
        url = url.replace("http:", "https:")
        async with OrdersClient(KEY, base_url=url, retry=retry) as client:
            with pytest.raises(APIConnectionError, match="no connection"):
                await client.number_orders.list()


async def test_a_body_without_end_over_tls(authority: trustme.CA) -> None:
    """Over TLS too a body that is refused is not read on: the server is hung up on."""
    hung_up = asyncio.Event()
    context = context_of(authority, "127.0.0.1")

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(context)
        await reader.readuntil(b"\r\n\r\n")
        try:
            await repeats(OK + b"\r\n", b" " * 100_000)(reader, writer)
        finally:
            hung_up.set()

    async with serve_raw(respond) as url:
        async with OrdersClient(
            KEY,
            base_url=url.replace("http:", "https:"),
            ssl_context=trusting(authority),
            max_body_bytes=MIB,
        ) as client:
            with pytest.raises(ResponseDecodeError, match="max_body_bytes"):
                await client.number_orders.list()
            async with asyncio.timeout(20):
                await hung_up.wait()


class Names(AbstractResolver):
    """Names that cannot be looked up, until they can."""

    working = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not self.working:
            raise OSError(None, "Name or service not known")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


async def test_a_name_that_is_found_later() -> None:
    """After a name was not found the client asks for it again."""
    names = Names()
    retry = RetryPolicy(max_attempts=2, backoff_base=0)
    async with serve_hostile(named("silence")) as url:
        url = url.replace("127.0.0.1", "api.example")
        async with OrdersClient(
            KEY, base_url=url, resolver=names, retry=retry, allow_insecure=True, trust_env=False
        ) as client:
            with pytest.raises(APIConnectionError, match="host name was not found") as caught:
                await client.number_orders.list()
            assert caught.value.attempts == 2
            names.working = True
            assert (await client.number_orders.list(page_size=WELL)).data == ()


async def test_a_port_on_which_somebody_listens_later() -> None:
    """After a connection was refused the client tries again with the next call."""
    retry = RetryPolicy(max_attempts=2, backoff_base=0)
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{port.getsockname()[1]}/v2"
        async with OrdersClient(KEY, base_url=url, retry=retry) as client:
            with pytest.raises(APIConnectionError, match="no connection") as caught:
                await client.number_orders.list()
            assert caught.value.attempts == 2

            async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                await hangs_up(response(EMPTY))(reader, writer)

            port.listen()
            async with await asyncio.start_server(respond, sock=port):
                assert (await client.number_orders.list()).data == ()
