"""One call over a socket: attempts, waits, limits, and the errors it ends with."""

import asyncio
import email.utils
import json
import pickle
import socket
import struct
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp import web

from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Clock,
    ConflictError,
    InternalServerError,
    NotFoundError,
    OrdersClient,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    TelnyxError,
    Timeout,
    UnprocessableEntityError,
    make_converter,
)
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import FakeTime, MakeClient
from tests.servers import KEY, order, page, serve, serve_raw

NO_RETRY = RetryPolicy(max_attempts=1)

PATIENCE = {True: 0.3, False: 10.0}
"""Seconds to wait for an answer, by whether silence is what is tested."""

PASSING = [
    Fault.INTERNAL_ERROR,
    Fault.BAD_GATEWAY,
    Fault.UNAVAILABLE,
    Fault.GATEWAY_TIMEOUT,
    Fault.REQUEST_TIMEOUT,
    Fault.TOO_MANY_REQUESTS,
    Fault.RESET,
    Fault.CUT_BODY,
    Fault.NOT_JSON,
    Fault.SILENCE,
]


@pytest.mark.parametrize("fault", PASSING)
async def test_what_passes_is_retried(
    fault: Fault, sandbox: Sandbox, make_client: MakeClient, fake_time: FakeTime
) -> None:
    """Whatever can pass is tried again, after a backoff that doubles."""
    sandbox.faults = Faults(script=(fault, fault, fault))
    client = make_client(timeout=PATIENCE[fault is Fault.SILENCE])
    got = await client.number_orders.list()
    assert len(got.data) == 20
    assert fake_time.slept == [0.5, 1.0, 2.0]
    assert sandbox.counters.requests == 4


@pytest.mark.parametrize("fault", PASSING)
async def test_what_does_not_pass_is_given_up(
    fault: Fault, sandbox: Sandbox, make_client: MakeClient, fake_time: FakeTime
) -> None:
    """After `max_attempts` the last error comes out, and knows how many attempts there were."""
    sandbox.faults = Faults(rate=1, kinds=(fault,))
    client = make_client(
        timeout=PATIENCE[fault is Fault.SILENCE], retry=RetryPolicy(max_attempts=3)
    )
    with pytest.raises(TelnyxError) as caught:
        await client.number_orders.list()
    assert caught.value.attempts == 3  # type: ignore[attr-defined]
    assert caught.value.transient
    assert sandbox.counters.requests == 3
    assert fake_time.slept == [0.5, 1.0]
    expected = {Fault.NOT_JSON: ResponseDecodeError, Fault.SILENCE: APITimeoutError}
    if fault in (Fault.RESET, Fault.CUT_BODY):
        expected[fault] = APIConnectionError
    assert isinstance(caught.value, expected.get(fault, APIStatusError))


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.BAD_GATEWAY, Fault.SILENCE])
async def test_one_attempt_is_one_request(
    fault: Fault, sandbox: Sandbox, make_client: MakeClient
) -> None:
    """`max_attempts=1` sends one request, also over a connection that breaks at once."""
    sandbox.faults = Faults(rate=1, kinds=(fault,))
    client = make_client(timeout=0.1, retry=NO_RETRY)
    with pytest.raises(TelnyxError):
        await client.number_orders.list()
    assert sandbox.counters.requests == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (410, APIStatusError),
        (422, UnprocessableEntityError),
        (501, InternalServerError),
    ],
)
async def test_what_stays_is_not_retried(
    status: int, kind: type[APIStatusError], fake_time: FakeTime
) -> None:
    """A request that is wrong is sent once, and its error says what the API said."""
    body = {
        "errors": [
            {
                "code": "10015",
                "title": "Bad Request",
                "detail": "Nothing like it.",
                "source": {"parameter": "page[size]"},
                "meta": {"url": "https://example.com/10015"},
            }
        ]
    }
    requests = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.json_response(body, status=status, headers={"x-request-id": "req-7"})

    async with serve(handler) as url:
        async with OrdersClient(KEY, base_url=url, clock=fake_time.clock()) as client:
            with pytest.raises(kind, match=r"Bad Request: Nothing like it \(code 10015\)") as got:
                await client.number_orders.list()
    error = got.value
    assert type(error) is kind
    assert (error.status, error.request_id, error.attempts) == (status, "req-7", 1)
    assert error.errors[0].parameter == "page[size]"
    assert json.loads(error.body) == body
    assert requests == 1
    assert fake_time.slept == []


async def test_errors_of_the_sandbox(sandbox: Sandbox, make_client: MakeClient) -> None:
    """The API's own errors arrive with their details."""
    async with OrdersClient("KEYwrong", base_url=sandbox.base_url) as client:
        with pytest.raises(AuthenticationError, match="TELNYX_API_KEY") as caught:
            await client.number_orders.list()
    assert caught.value.errors[0].code == "10009"
    client = make_client(base_url=sandbox.base_url + "/elsewhere")
    with pytest.raises(NotFoundError, match="base_url"):
        await client.number_orders.list()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """A redirect is an error that names where it points; the key does not go there."""
    elsewhere: list[web.Request] = []

    async def other(request: web.Request) -> web.Response:
        elsewhere.append(request)
        return page([])

    async with serve(other) as target:

        async def handler(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{target}/x"})

        async with serve(handler) as url, OrdersClient(KEY, base_url=url) as client:
            with pytest.raises(APIStatusError, match=f"points to {target}/x") as caught:
                await client.number_orders.list()
    assert caught.value.status == status
    assert elsewhere == []


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "0"}, 0.5),
        ({"Retry-After": "-3"}, 0.5),
        ({"Retry-After": "soon"}, 0.5),
        ({"Retry-After": email.utils.formatdate(1_700_000_012.0, usegmt=True)}, 12.0),
        ({"Retry-After": email.utils.formatdate(1_600_000_000.0, usegmt=True)}, 0.5),
        ({"x-ratelimit-reset": "9"}, 9.0),
        ({"x-ratelimit-reset": "garbage"}, 0.5),
        ({"Retry-After": "2", "x-ratelimit-reset": "9"}, 2.0),
        ({"Retry-After": "garbage", "x-ratelimit-reset": "9"}, 9.0),
    ],
)
async def test_the_server_says_how_long_to_wait(
    headers: dict[str, str], waited: float, fake_time: FakeTime
) -> None:
    """`Retry-After` and `x-ratelimit-reset` are waited for, to the second."""
    answers = [web.Response(status=429, headers=headers), page([])]

    async def handler(request: web.Request) -> web.Response:
        return answers.pop(0)

    async with serve(handler) as url:
        async with OrdersClient(KEY, base_url=url, clock=fake_time.clock()) as client:
            await client.number_orders.list()
    assert fake_time.slept == [pytest.approx(waited)]


@pytest.mark.parametrize(
    ("header", "asked"),
    [("Retry-After", "3600"), ("Retry-After", "9" * 30), ("x-ratelimit-reset", "121")],
)
async def test_a_wait_beyond_the_limit(header: str, asked: str, fake_time: FakeTime) -> None:
    """A server that asks for more than the call may take gets its error raised at once."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={header: asked})

    async with serve(handler) as url:
        async with OrdersClient(KEY, base_url=url, clock=fake_time.clock()) as client:
            with pytest.raises(RateLimitError, match="asks to wait") as caught:
                await client.number_orders.list()
    assert caught.value.retry_after == float(asked)
    assert caught.value.attempts == 1
    assert fake_time.slept == []


async def test_the_overall_limit_ends_the_retries(
    sandbox: Sandbox, make_client: MakeClient, fake_time: FakeTime
) -> None:
    """No wait begins that would end after `max_seconds`."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.UNAVAILABLE,))
    client = make_client(retry=RetryPolicy(max_attempts=99, max_seconds=10.0))
    with pytest.raises(InternalServerError):
        await client.number_orders.list()
    assert fake_time.slept == [0.5, 1.0, 2.0, 4.0]


async def test_the_overall_limit_ends_an_attempt(sandbox: Sandbox) -> None:
    """An answer that drips without end is ended by `max_seconds`, though it never stands still."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.SLOW_BYTES,), slow_interval=0.02, slow_pieces=1000)
    retry = RetryPolicy(max_seconds=0.2)
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url, retry=retry)
    async with client:
        with pytest.raises(
            APITimeoutError, match=r"max_seconds = 0\.2 s .* Allow more with"
        ) as caught:
            await client.number_orders.list()
    assert caught.value.attempts == 1


async def test_a_wait_is_not_ended_by_the_limit_of_an_attempt(sandbox: Sandbox) -> None:
    """What an attempt had left of the overall limit does not run on while its call waits."""
    sandbox.faults = Faults(script=(Fault.UNAVAILABLE,))
    frozen = Clock(monotonic=lambda: 0.0, sleep=lambda _: asyncio.sleep(0.8), random=lambda: 0.0)
    retry = RetryPolicy(max_seconds=0.5)
    async with OrdersClient(
        sandbox.api_key, base_url=sandbox.base_url, retry=retry, clock=frozen
    ) as client:
        assert len((await client.number_orders.list()).data) == 20


async def test_slow_answers_are_no_error(sandbox: Sandbox, client: OrdersClient) -> None:
    """An answer in small pieces is an answer."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.SLOW_BYTES,), slow_interval=0.001)
    assert len((await client.number_orders.list()).data) == 20


async def test_a_connection_that_the_server_closed_is_replaced_for_free(
    sandbox: Sandbox, make_client: MakeClient, fake_time: FakeTime
) -> None:
    """A kept-alive connection that the server closed costs neither a wait nor an attempt."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.CLOSED_KEEP_ALIVE,))
    client = make_client(retry=NO_RETRY, concurrency=1)
    for _ in range(20):
        await client.number_orders.list()
    assert fake_time.slept == []


async def answer_empty(writer: asyncio.StreamWriter) -> None:
    """Write an empty page, over a connection that stays open."""
    meta = {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 0}
    body = json.dumps({"data": [], "meta": meta}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()


async def test_a_reused_connection_that_breaks_is_replaced_for_free(fake_time: FakeTime) -> None:
    """A kept-alive connection that breaks under a request costs neither a wait nor an attempt."""
    connections = 0

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        await answer_empty(writer)
        await reader.readuntil(b"\r\n\r\n")

    async with serve_raw(respond) as url:
        client = OrdersClient(KEY, base_url=url, retry=NO_RETRY, clock=fake_time.clock())
        async with client:
            await client.number_orders.list()
            await client.number_orders.list()
    assert connections == 2
    assert fake_time.slept == []


async def test_many_stale_connections_are_replaced_for_free(fake_time: FakeTime) -> None:
    """All connections of the pool may have been closed meanwhile; one call outlives them all."""
    connections = 0
    together = asyncio.Barrier(8)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if connections <= 8:
            await together.wait()
        await answer_empty(writer)
        await reader.readuntil(b"\r\n\r\n")

    async with serve_raw(respond) as url:
        client = OrdersClient(KEY, base_url=url, retry=NO_RETRY, clock=fake_time.clock())
        async with client:
            await asyncio.gather(*(client.number_orders.list() for _ in range(8)))
            assert connections == 8
            await client.number_orders.list()
    assert connections == 9


async def test_nobody_listens(fake_time: FakeTime) -> None:
    """A refused connection is retried, and its error says what to check."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v2"
        async with OrdersClient(KEY, base_url=url, clock=fake_time.clock()) as client:
            with pytest.raises(APIConnectionError, match="no connection .*Check base_url") as got:
                await client.number_orders.list()
    assert got.value.attempts == 5
    assert isinstance(got.value.__cause__, aiohttp.ClientConnectorError)


async def test_a_name_that_does_not_resolve(fake_time: FakeTime) -> None:
    """An unknown host is a connection error that names it."""
    client = OrdersClient(
        KEY, base_url="https://nowhere.invalid/v2", clock=fake_time.clock(), trust_env=False
    )
    async with client:
        with pytest.raises(APIConnectionError, match="name was not found .*nowhere.invalid"):
            await client.number_orders.list()


async def test_something_else_than_http() -> None:
    """A server that speaks something else is a connection error, without the key in its chain."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()

    async with serve_raw(respond) as url:
        async with OrdersClient(KEY, base_url=url, retry=NO_RETRY) as client:
            with pytest.raises(APIConnectionError, match="not HTTP as it should be") as caught:
                await client.number_orders.list()
    assert KEY not in _everything(caught.value)


async def test_a_server_that_sends_the_key_back(caplog: pytest.LogCaptureFixture) -> None:
    """The key is taken out of whatever a server sends back, before it is raised or logged."""
    caplog.set_level("DEBUG", logger="telnyx_orders")
    answers: list[web.Response] = [
        web.Response(status=400, text=f"you sent Authorization: Bearer {KEY}"),
        web.json_response({"errors": [{"title": KEY, "detail": KEY}]}, status=404),
        web.Response(status=302, headers={"Location": f"https://evil.example/?key={KEY}"}),
        web.json_response({"data": KEY, "meta": {}}),
        web.Response(text=f"<html>{KEY}</html>"),
        web.Response(status=400, headers={"x-request-id": f"Bearer {KEY}"}),
        web.json_response({"data": [{"id": KEY, "created_at": 3}], "meta": {}}),
        web.json_response({"data": [{"id": "1", "status": KEY, KEY: 1, "created_at": 3}]}),
    ]

    async def handler(request: web.Request) -> web.Response:
        return answers.pop(0)

    async with serve(handler) as url, OrdersClient(KEY, base_url=url, retry=NO_RETRY) as client:
        while answers:
            with pytest.raises(TelnyxError) as caught:
                await client.number_orders.list()
            assert KEY not in _everything(caught.value)


def _everything(error: BaseException | None) -> str:
    """All that an error and what it hangs on to can show."""
    shown = []
    while error is not None:
        shown += [str(error), repr(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "\n".join(shown)


async def test_the_password_of_a_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's password is in no error when the proxy cannot be reached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://me:hunter2@127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("https_proxy", proxy)
        client = OrdersClient(KEY, base_url="https://api.example/v2", retry=NO_RETRY)
        async with client:
            with pytest.raises(APIConnectionError, match="no connection") as caught:
                await client.number_orders.list()
    assert "hunter2" not in _everything(caught.value)


async def test_an_error_keeps_the_beginning_of_its_body(sandbox: Sandbox) -> None:
    """A long body is kept up to 64 KiB, a cut-off one as far as it came; none is in the message."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=400, body=b"x" * 1_000_000)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 1000\r\n\r\nonly this")
        await writer.drain()

    async with serve(handler) as url, OrdersClient(KEY, base_url=url) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.number_orders.list()
    assert caught.value.body == "x" * 65536
    assert len(str(caught.value)) < 500
    async with serve_raw(respond) as url, OrdersClient(KEY, base_url=url) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.number_orders.list()
    assert caught.value.body == "only this"


async def test_a_bad_value_is_named(sandbox: Sandbox, client: OrdersClient) -> None:
    """A value that the API does not promise is an error with its path and its order; no retry."""
    bad = sandbox.insert(created_at="yesterday")
    with pytest.raises(ResponseDecodeError) as caught:
        await client.number_orders.list()
    error = caught.value
    assert (error.path, error.order_id) == ("$.data[0].created_at", bad)
    assert error.request_id is not None
    assert '"yesterday"' in error.body
    assert "yesterday" in str(error)
    assert bad in str(error)
    assert sandbox.counters.requests == 1
    again = pickle.loads(pickle.dumps(error))
    assert vars(again) == vars(error)


async def test_what_the_api_adds_breaks_nothing(sandbox: Sandbox, client: OrdersClient) -> None:
    """A status and a key that nobody knows yet do not break a fetch."""
    sandbox.insert(status="cancelled", brand_new={"a": [1]})
    orders = await client.number_orders.list().collect()
    assert orders[0].status == "cancelled"
    assert len(orders) == 1001


async def test_a_converter_of_the_user(sandbox: Sandbox, make_client: MakeClient) -> None:
    """A converter that was passed in does the structuring."""
    converter = make_converter()
    converter.register_structure_hook_func(
        lambda wanted: wanted == (str | None), lambda value, _: value and value.upper()
    )
    sandbox.insert(customer_reference="shout")
    got = await make_client(converter=converter).number_orders.list()
    assert got.data[0].customer_reference == "SHOUT"


async def test_timeouts_to_connect() -> None:
    """A host that does not answer the connection is a timeout after `Timeout.connect`."""
    with socket.socket() as full:
        # A queue of none that is filled: the system leaves further connections unanswered.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers: Sequence[socket.socket] = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v2"
        timeout = Timeout(connect=0.1, read=30)
        async with OrdersClient(KEY, base_url=url, timeout=timeout, retry=NO_RETRY) as client:
            with pytest.raises(APITimeoutError, match="no answer in time"):
                await client.number_orders.list()
        for filler in fillers:
            filler.close()


async def test_a_compressed_answer(sandbox: Sandbox) -> None:
    """A compressed body is read, also over a borrowed session that leaves that to its user."""

    async def handler(request: web.Request) -> web.Response:
        answer = page([order(1)])
        answer.enable_compression()
        return answer

    async with serve(handler) as url:
        async with OrdersClient(KEY, base_url=url) as client:
            assert len((await client.number_orders.list()).data) == 1
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            async with OrdersClient(KEY, base_url=url, session=session) as client:
                assert len((await client.number_orders.list()).data) == 1


async def test_a_reset_in_mid_answer(fake_time: FakeTime) -> None:
    """A reset after the headers is a cut-off answer, and is retried."""
    attempts = 0

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        await writer.drain()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with serve_raw(respond) as url:
        async with OrdersClient(KEY, base_url=url, clock=fake_time.clock()) as client:
            with pytest.raises(APIConnectionError, match="cut off|lost"):
                await client.number_orders.list()
    assert attempts == 5


@pytest.mark.parametrize("before", [0, 1000, 65530, 65536, 65540])
@pytest.mark.parametrize("part", [5, 10, len(KEY)])
async def test_a_key_where_a_body_is_cut(before: int, part: int) -> None:
    """A key that a server sends back where its answer breaks off leaves no part of itself."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 100000\r\n\r\n")
        writer.write(b"." * before + KEY[:part].encode())
        await writer.drain()

    async with serve_raw(respond) as url, OrdersClient(KEY, base_url=url) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.number_orders.list()
    assert "[redacted]".startswith(caught.value.body.strip("."))
    assert KEY[:4] not in caught.value.body
