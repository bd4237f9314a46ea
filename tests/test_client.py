"""The client's life: settings on the wire, its session, its loop, and its end."""

import asyncio
import gc
import logging
import ssl
import sys
import warnings
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import cattrs
import pytest
import trustme
from aiohttp import web

from telnyx_orders import (
    APIConnectionError,
    ClientStateError,
    ConfigurationError,
    IncompleteFetchError,
    NumberOrder,
    OrdersClient,
    RetryPolicy,
    Timeout,
    __version__,
    make_converter,
)
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import MakeClient, no_task_left, until
from tests.servers import KEY, order, page, serve


@asynccontextmanager
async def recorded() -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A server that gives an empty page and keeps the requests."""
    requests: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        requests.append(request)
        return page([])

    async with serve(handler) as url:
        yield url, requests


@pytest.fixture
def netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A .netrc with credentials for this machine."""
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(path))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


async def test_what_is_sent() -> None:
    """A request carries the key, what it accepts and who asks, and is a GET of the endpoint."""
    async with recorded() as (url, requests):
        async with OrdersClient(KEY, base_url=url + "/", user_agent="shop/1.2") as client:
            await client.number_orders.list()
    (request,) = requests
    assert (request.method, request.path) == ("GET", "/v2/number_orders")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    agent = request.headers["User-Agent"]
    assert agent.startswith(f"telnyx-orders/{__version__} Python/3.")
    assert agent.endswith(f" aiohttp/{aiohttp.__version__} shop/1.2")


async def test_nothing_is_sent_until_it_is_used() -> None:
    """Making a client and a pager sends nothing, and needs no event loop."""
    async with recorded() as (url, requests):
        client = await asyncio.to_thread(OrdersClient, KEY, base_url=url)
        pager = client.number_orders.list()
        assert requests == []
        await pager
        assert len(requests) == 1
        await client.close()


async def test_settings_from_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key and base URL come from the environment when they are not given."""
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)
    async with OrdersClient(trust_env=False) as client:
        assert (await client.number_orders.list()).meta.total_results == 1000


async def test_requests_in_flight_are_bounded(sandbox: Sandbox, make_client: MakeClient) -> None:
    """However many tasks ask, at most `concurrency` requests are in flight."""
    sandbox.latency = 0.005
    client = make_client(concurrency=3)
    await asyncio.gather(*(client.number_orders.list() for _ in range(30)))
    assert sandbox.counters.most_in_flight == 3
    assert sandbox.counters.connections == 3


async def test_waiting_for_a_place_eats_no_timeout(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """Calls that wait for others do not time out, however long the queue."""
    sandbox.latency = 0.05
    retry = RetryPolicy(max_attempts=1, max_seconds=0.8)
    client = make_client(concurrency=1, timeout=0.8, retry=retry)
    pages = await asyncio.gather(*(client.number_orders.list() for _ in range(20)))
    assert len(pages) == 20


async def test_close_ends_requests_at_once(sandbox: Sandbox, make_client: MakeClient) -> None:
    """A call in flight when the client is closed ends with an error that says so."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.SILENCE,))
    client = make_client()
    call = asyncio.ensure_future(client.number_orders.list())
    await until(lambda: sandbox.counters.in_flight)
    await client.close()
    assert call.done()
    with pytest.raises(ClientStateError, match="closed while"):
        await call


async def test_close_ends_waits_at_once(sandbox: Sandbox) -> None:
    """A call that waits for its next attempt ends when the client is closed."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.TOO_MANY_REQUESTS,), retry_after="60")
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
    call = asyncio.ensure_future(client.number_orders.list())
    await until(lambda: sandbox.counters.by_status[429] and not sandbox.counters.in_flight)
    await client.close()
    with pytest.raises(ClientStateError):
        await asyncio.wait_for(call, 5)


async def test_close_is_idempotent_and_final(client: OrdersClient) -> None:
    """Closing twice is fine; using a closed client is an error."""
    await client.number_orders.list()
    await client.close()
    await client.close()
    assert client.closed
    assert repr(client).endswith("closed>")
    with pytest.raises(ClientStateError, match="make a new one"):
        await client.number_orders.list()


def test_two_loops_one_after_the_other() -> None:
    """Each `asyncio.run()` may have its client; a client of the first is refused in the second."""

    async def use() -> tuple[OrdersClient, int]:
        async with Sandbox(10) as sandbox:
            client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url, trust_env=False)
            return client, len(await client.number_orders.list().collect())

    client, orders = asyncio.run(use())
    assert orders == 10

    async def use_again() -> None:
        with pytest.raises(ClientStateError, match="loop has ended; make one client in each"):
            await client.number_orders.list()
        await client.close()
        assert client.closed

    asyncio.run(use_again())
    another, orders = asyncio.run(use())
    assert orders == 10
    asyncio.run(another.close())


async def test_use_from_another_running_loop(client: OrdersClient) -> None:
    """While its loop runs, a client refuses another loop, for requests and for closing."""
    await client.number_orders.list()

    async def elsewhere() -> None:
        with pytest.raises(ClientStateError, match="is another one"):
            await client.number_orders.list()
        with pytest.raises(ClientStateError, match="close the client in the event loop"):
            await client.close()

    await asyncio.to_thread(asyncio.run, elsewhere())
    await client.number_orders.list()


def test_a_loop_that_ended_in_mid_request() -> None:
    """A loop that ended with a request in flight is told as such; nothing waits for it."""
    silent = Sandbox(10, faults=Faults(rate=1, kinds=(Fault.SILENCE,)))

    async def use_and_leave() -> OrdersClient:
        await silent.start()
        client = OrdersClient(silent.api_key, base_url=silent.base_url, concurrency=1)
        call = asyncio.ensure_future(client.number_orders.list())
        await until(lambda: silent.counters.in_flight)
        left.append(call)
        return client

    left: list[asyncio.Future[object]] = []
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(use_and_leave())

    async def use_again() -> None:
        async with asyncio.timeout(5):
            with pytest.raises(ClientStateError, match="has ended"):
                await client.number_orders.list()
            with pytest.raises(ClientStateError, match="has ended"):
                await client.number_orders.list().collect()
            await client.close()

    async def use_meanwhile() -> None:
        async with asyncio.timeout(5):
            with pytest.raises(ClientStateError, match="is another one"):
                await client.number_orders.list()

    asyncio.run(use_meanwhile())
    left[0].cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(silent.stop())
    loop.close()
    asyncio.run(use_again())


ABANDONED_LOOP = """
import asyncio
from telnyx_orders import OrdersClient
from telnyx_orders.sandbox import Fault, Faults, Sandbox

async def leave():
    sandbox = Sandbox(10, faults=Faults(rate=1, kinds=(Fault.SILENCE,)))
    await sandbox.start()
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
    call = asyncio.ensure_future(client.number_orders.list())
    while not sandbox.counters.in_flight:
        await asyncio.sleep(0)
    return client, call, sandbox

loop = asyncio.new_event_loop()
client, *held = loop.run_until_complete(leave())
loop.close()
asyncio.run(client.close())
print(client.closed)
"""


async def test_closing_after_a_loop_that_was_dropped() -> None:
    """Closing a client waits for nothing that a closed loop will never run."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ABANDONED_LOOP),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # asyncio complains of the task that was dropped
    )
    async with asyncio.timeout(20):
        out, _ = await process.communicate()
    assert out == b"True\n"


async def test_a_borrowed_session_of_another_loop(sandbox: Sandbox) -> None:
    """A session that was made in another loop is refused with a clear error."""

    async def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    elsewhere = asyncio.new_event_loop()
    session = await asyncio.to_thread(elsewhere.run_until_complete, make())
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url, session=session)
    with pytest.raises(ClientStateError, match="is another one"):
        await client.number_orders.list()
    await asyncio.to_thread(elsewhere.run_until_complete, session.close())
    elsewhere.close()
    with pytest.raises(ClientStateError, match="has ended"):
        await client.number_orders.list()


async def test_a_borrowed_session_closed_under_a_waiting_fetch(sandbox: Sandbox) -> None:
    """A session that is closed while pages wait for its connections loses no page in silence."""
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url, session=session)
    pages = client.number_orders.list(page_size=10).pages()
    assert await anext(pages)
    sandbox.faults = Faults(rate=1, kinds=(Fault.SILENCE,))
    await until(lambda: sandbox.counters.in_flight)
    await session.close()
    with pytest.raises(IncompleteFetchError):
        async for _ in pages:
            pass


async def test_a_borrowed_session_closed_under_a_waiting_call(sandbox: Sandbox) -> None:
    """A call that waits for a connection when the session is closed is not cancelled but told."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.SILENCE,))
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url, session=session)
    calls = [asyncio.ensure_future(client.number_orders.list()) for _ in range(2)]
    await until(lambda: sandbox.counters.in_flight)
    await session.close()
    for call in calls:
        with pytest.raises(ClientStateError, match="closed by its owner"):
            await call


async def test_waiting_for_a_connection_of_a_borrowed_session_eats_no_timeout(
    sandbox: Sandbox,
) -> None:
    """Other users of a borrowed session may hold its connections for longer than `connect`."""
    sandbox.faults = Faults(script=(Fault.SILENCE,))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        key = {"Authorization": f"Bearer {sandbox.api_key}"}
        other = asyncio.ensure_future(session.get(f"{sandbox.base_url}/number_orders", headers=key))
        await until(lambda: sandbox.counters.in_flight)
        client = OrdersClient(
            sandbox.api_key,
            base_url=sandbox.base_url,
            session=session,
            timeout=Timeout(connect=0.05, read=5),
            retry=RetryPolicy(max_attempts=1),
        )
        call = asyncio.ensure_future(client.number_orders.list())
        done, _ = await asyncio.wait([call], timeout=0.2)
        assert not done
        other.cancel()
        assert len((await call).data) == 20


@pytest.mark.usefixtures("netrc")
async def test_a_borrowed_session_with_a_password_in_netrc() -> None:
    """A session for which aiohttp would look up another password is refused at once."""
    async with aiohttp.ClientSession(trust_env=True) as session:
        with pytest.raises(ConfigurationError, match="netrc"):
            OrdersClient(KEY, base_url="http://127.0.0.1:1/v2", session=session)
        OrdersClient(KEY, session=session)


async def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses is told as such, once, without the password that was sent to it."""
    asked = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=407)

    async with serve(handler) as url:
        proxy = url.removesuffix("/v2").replace("//", "//me:hunter2@")
        monkeypatch.setenv("https_proxy", proxy)
        async with OrdersClient(KEY, base_url="https://api.invalid/v2") as client:
            with pytest.raises(APIConnectionError, match="proxy refused .*407") as caught:
                await client.number_orders.list()
    assert asked == 1
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in repr(error) + str(error) + repr(vars(error))
        assert b64encode(b"me:hunter2").decode() not in repr(error) + repr(vars(error))
        error = error.__cause__ or error.__context__


async def test_a_borrowed_session_with_a_proxy_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A session that would take a plain request for this machine elsewhere is refused."""
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    for settings in ({"trust_env": True}, {"proxy": "http://proxy.example:3128"}):
        async with aiohttp.ClientSession(**settings) as session:
            with pytest.raises(ConfigurationError, match="clear text to a proxy"):
                OrdersClient(KEY, base_url="http://127.0.0.1:1/v2", session=session)
            OrdersClient(KEY, session=session)


def test_a_converter_with_hooks_that_are_particular() -> None:
    """A hook that refuses what no real order holds is no reason to refuse the converter."""
    converter = make_converter()
    own = converter.get_structure_hook(NumberOrder)
    converter.register_structure_hook(
        NumberOrder, lambda row, wanted: own({**row, "id": str(UUID(row["id"]))}, wanted)
    )
    OrdersClient(KEY, converter=converter)


async def test_a_timeout_of_a_users_hook_is_theirs(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """A `TimeoutError` that a hook of the user raises is not taken for the client's own."""
    converter = make_converter()

    def slow(_: object, __: object) -> NumberOrder:
        raise TimeoutError("theirs")

    converter.register_structure_hook(NumberOrder, slow)
    with pytest.raises(TimeoutError, match="^theirs$"):
        await make_client(converter=converter).number_orders.list()


async def test_cookies_are_not_kept() -> None:
    """A cookie that a server sets does not come back with the next request."""
    cookies: list[dict[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(dict(request.cookies))
        answer = page([])
        answer.set_cookie("gateway", "1")
        return answer

    async with serve(handler) as url:
        # A name, since a cookie jar would keep none of a bare address anyway.
        named = url.replace("127.0.0.1", "localhost")
        async with OrdersClient(KEY, base_url=named) as client:
            await client.number_orders.list()
            await client.number_orders.list()
    assert cookies == [{}, {}]


async def test_closed_from_within_a_request(sandbox: Sandbox, make_client: MakeClient) -> None:
    """A hook of a request that closes the client ends that request, and leaves nothing open."""
    made: list[OrdersClient] = []
    sessions: list[aiohttp.ClientSession] = []

    async def close(session: aiohttp.ClientSession, *_: object) -> None:
        sessions.append(session)
        await made[0].close()

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(close)
    made.append(make_client(trace_configs=[trace]))
    async with no_task_left():
        with pytest.raises(ClientStateError):
            await made[0].number_orders.list()
    assert sessions[0].closed


@pytest.mark.parametrize(
    "setting",
    [
        {"session": 3},
        {"clock": 3},
        {"retry": 3},
        {"converter": 3},
        {"resolver": 3},
        {"ssl_context": 3},
        {"trace_configs": [3]},
        {"converter": cattrs.Converter()},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_setting_of_the_wrong_type(setting: dict[str, Any]) -> None:
    """A setting that cannot work is refused when the client is made, by its name."""
    with pytest.raises(ConfigurationError, match=f"^{next(iter(setting))}: "):
        OrdersClient(KEY, **setting)


async def test_a_borrowed_session_stays_untouched(make_client: MakeClient) -> None:
    """A session that was passed in is used and left as it was: open, its headers, its cookies."""
    async with recorded() as (url, requests):
        connector = aiohttp.TCPConnector(limit=1)
        headers = {"X-Mine": "yes", "Authorization": "Basic bWluZQ=="}
        async with aiohttp.ClientSession(
            connector=connector, headers=headers, cookies={"mine": "1"}, raise_for_status=True
        ) as session:
            async with OrdersClient(KEY, base_url=url, session=session) as client:
                await client.number_orders.list()
            assert not session.closed
            assert session.connector is connector
            assert dict(session.headers) == headers
            assert [cookie.key for cookie in session.cookie_jar] == ["mine"]
            await session.get(url)
    ours, theirs = requests
    assert ours.headers["Authorization"] == f"Bearer {KEY}"
    assert ours.headers["X-Mine"] == "yes"
    assert theirs.headers["Authorization"] == "Basic bWluZQ=="


async def test_a_borrowed_session_that_raises_for_status(sandbox: Sandbox) -> None:
    """Errors are ours even where the session would raise its own."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with OrdersClient("KEYwrong", base_url=sandbox.base_url, session=session) as client:
            with pytest.raises(Exception, match="answered 401") as caught:
                await client.number_orders.list()
    assert type(caught.value).__name__ == "AuthenticationError"


async def test_a_borrowed_session_that_its_owner_closed(sandbox: Sandbox) -> None:
    """A closed session is an error of the caller, told as such."""
    async with aiohttp.ClientSession() as session:
        client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url, session=session)
        await client.number_orders.list()
    with pytest.raises(ClientStateError, match="closed by its owner"):
        await client.number_orders.list()
    await client.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_settings_that_a_borrowed_session_cannot_take() -> None:
    """What only an own session can have is refused beside a borrowed one."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="its own trace_configs and ssl_context"):
            OrdersClient(
                KEY,
                session=session,
                trace_configs=[aiohttp.TraceConfig()],
                ssl_context=ssl.create_default_context(),
            )
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("a", "b")) as session:
        with pytest.raises(ConfigurationError, match="`auth` of its own"):
            OrdersClient(KEY, session=session)


async def test_a_forgotten_close_warns_once(sandbox: Sandbox) -> None:
    """A client that nobody closed warns when it goes, once and for all of its parts."""
    client = OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
    await client.number_orders.list()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()
        await asyncio.sleep(0)
    assert [(one.category, str(one.message).split(":")[0]) for one in caught] == [
        (ResourceWarning, "unclosed OrdersClient of http")
    ]


async def test_an_unused_or_closed_client_does_not_warn(sandbox: Sandbox) -> None:
    """There is nothing to forget in a client that was closed, or never used."""
    closed = OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
    await closed.number_orders.list()
    await closed.close()
    unused = OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del closed, unused
        gc.collect()
    assert caught == []


async def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go by the proxy that the environment names, unless told otherwise."""
    url = "http://api.invalid/v2"
    once = RetryPolicy(max_attempts=1)
    async with recorded() as (proxy, proxied):
        monkeypatch.setenv("http_proxy", proxy.removesuffix("/v2"))
        async with OrdersClient(KEY, base_url=url, allow_insecure=True) as client:
            await client.number_orders.list()
        direct = [OrdersClient(KEY, base_url=url, allow_insecure=True, trust_env=False, retry=once)]
        monkeypatch.setenv("no_proxy", "api.invalid")
        direct.append(OrdersClient(KEY, base_url=url, allow_insecure=True, retry=once))
        for client in direct:
            async with client:
                with pytest.raises(APIConnectionError, match="name was not found"):
                    await client.number_orders.list()
    assert len(proxied) == 1
    assert proxied[0].raw_path == "http://api.invalid/v2/number_orders"


async def test_the_key_goes_by_no_proxy_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    """Plain http is allowed on this machine because nobody listens; a proxy elsewhere would."""
    async with recorded() as (proxy, proxied):
        monkeypatch.setenv("http_proxy", proxy.removesuffix("/v2"))
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            await client.number_orders.list()
    assert proxied == []


@pytest.mark.parametrize(
    "proxy", ["me:hunter2@127.0.0.1:9", "http://me:hunter2@host:port", "socks5://me:hunter2@host:1"]
)
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """A malformed proxy is an error of the settings, which does not show its password."""
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY names no proxy") as caught:
        OrdersClient(KEY)
    assert "hunter2" not in repr(caught.value)
    OrdersClient(KEY, trust_env=False)


@pytest.mark.usefixtures("netrc")
async def test_a_netrc_file_does_not_interfere() -> None:
    """Credentials for the same host in .netrc neither replace the key nor break the request."""
    async with recorded() as (url, requests), OrdersClient(KEY, base_url=url) as client:
        await client.number_orders.list()
    assert requests[0].headers["Authorization"] == f"Bearer {KEY}"


@asynccontextmanager
async def tls_server(authority: trustme.CA, name: str) -> AsyncIterator[str]:
    async def handler(request: web.Request) -> web.Response:
        return page([order(1)])

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/v2"
    finally:
        await runner.cleanup()


async def test_tls_with_a_context_of_the_user(authority: trustme.CA) -> None:
    """A given TLS context decides whom to trust."""
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with tls_server(authority, "127.0.0.1") as url:
        async with OrdersClient(KEY, base_url=url, ssl_context=trusting) as client:
            assert (await client.number_orders.list()).data[0].id == "order-1"


@pytest.mark.parametrize(("name", "trusted"), [("127.0.0.1", False), ("other.example", True)])
async def test_tls_verification_is_never_retried(
    authority: trustme.CA, name: str, trusted: bool
) -> None:
    """An unknown authority or a wrong name ends the call with its first attempt."""
    context = ssl.create_default_context()
    if trusted:
        authority.configure_trust(context)
    async with tls_server(authority, name) as url:
        async with OrdersClient(KEY, base_url=url, ssl_context=context) as client:
            with pytest.raises(APIConnectionError, match="certificate was not accepted") as caught:
                await client.number_orders.list()
    assert caught.value.attempts == 1
    assert not caught.value.transient


async def test_trace_configs_see_the_requests(sandbox: Sandbox, make_client: MakeClient) -> None:
    """The user's own tracing hooks run."""
    seen: list[str] = []

    async def ended(_: object, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        seen.append(f"{params.method} {params.response.status}")

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    await make_client(trace_configs=[trace]).number_orders.list()
    assert seen == ["GET 200"]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, logger="telnyx_orders"):
        yield caplog


async def test_logging(
    sandbox: Sandbox, client: OrdersClient, log: pytest.LogCaptureFixture
) -> None:
    """A line a request and one a retry; no header, no body and never the key."""
    sandbox.faults = Faults(script=(Fault.BAD_GATEWAY,))
    await client.number_orders.list(filter={"customer_reference": "private"})
    lines = [(one.levelname, one.getMessage()) for one in log.records]
    assert [level for level, _ in lines] == ["DEBUG", "WARNING", "DEBUG"]
    assert lines[0][1].startswith("GET /number_orders 502 attempt=1 ")
    assert "request_id=" in lines[0][1]
    assert lines[1][1] == ("GET /number_orders: attempt 1 failed (502), trying again in 0.50 s")
    assert lines[2][1].startswith("GET /number_orders 200 attempt=2 ")
    assert sandbox.api_key not in log.text
    assert "private" not in log.text


async def test_cancelled_while_it_waits_for_a_place(
    sandbox: Sandbox, make_client: MakeClient
) -> None:
    """A call that is cancelled in the queue leaves the places as they were."""
    sandbox.latency = 0.01
    client = make_client(concurrency=1)
    async with no_task_left():
        calls = [asyncio.ensure_future(client.number_orders.list()) for _ in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(done[1], asyncio.CancelledError)
    assert [type(one).__name__ for one in done] == ["Page", "CancelledError", "Page"]
    await client.number_orders.list()
