"""`telnyx-orders sandbox`: how it starts, what it serves, how it ends."""

import asyncio
import json
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from telnyx_orders import OrdersClient, RateLimitError, RetryPolicy, TelnyxError
from telnyx_orders.cli import app
from telnyx_orders.sandbox import Sandbox
from telnyx_orders.webhooks import NumberOrderEvent, WebhookVerifier
from tests.servers import serve_application
from tests.test_cli import PROGRAM, Result, environment, error_line, run


@asynccontextmanager
async def serving(
    *arguments: str, lines: int = 2
) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """Runs the command; gives its process and the lines that it prints when it is ready."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("sandbox", "--port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    try:
        yield process, [(await process.stdout.readline()).decode() for _ in range(lines)]
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def exported(lines: list[str]) -> dict[str, str]:
    """What a shell would make of the lines."""
    words = [shlex.split(line) for line in lines]
    assert {len(line) for line in words} == {2}
    assert {line[0] for line in words} == {"export"}
    return dict(line[1].split("=", 1) for line in words)


async def test_it_sends_webhooks():
    """An application whose URL it is given hears of an order that ends, with the key it printed."""
    heard: asyncio.Queue[tuple[bytes, Mapping[str, str]]] = asyncio.Queue()

    async def receive(request: web.Request) -> web.Response:
        heard.put_nowait((await request.read(), request.headers))
        return web.Response()

    receiver = web.Application()
    receiver.router.add_post("/webhooks", receive)
    async with (
        serve_application(receiver) as url,
        serving("--webhook-url", f"{url}/webhooks", lines=3) as (_, lines),
        asyncio.timeout(30),
    ):
        variables = exported(lines)
        async with OrdersClient(
            variables["TELNYX_API_KEY"], base_url=variables["TELNYX_BASE_URL"], trust_env=False
        ) as client:
            order = await client.number_orders.create(["+19705555000"])
        body, headers = await heard.get()
    event = WebhookVerifier(variables["TELNYX_PUBLIC_KEY"]).unwrap(body, headers)
    assert isinstance(event, NumberOrderEvent)
    assert event.payload.id == order.id


async def test_a_webhook_url_that_is_none():
    """What is no URL is an error of usage, before anything listens."""
    result = await run("sandbox", "--webhook-url", "example.com")
    assert result.code == 2
    assert "must be a URL with http or https" in error_line(result)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_told_to_end(number: signal.Signals):
    """It serves what it says, and SIGINT or SIGTERM end it with 0 and nothing more to say."""
    async with serving("--orders", "321", "--seed", "5") as (process, lines):
        variables = exported(lines)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2", variables["TELNYX_BASE_URL"])
        async with OrdersClient(
            variables["TELNYX_API_KEY"], base_url=variables["TELNYX_BASE_URL"], trust_env=False
        ) as client:
            orders = await client.number_orders.list().collect()
            process.send_signal(number)  # with a connection that is kept alive
            out, err = await process.communicate()
    assert [order.id for order in orders] == Sandbox(321, 5).order_ids()
    assert (process.returncode, out) == (0, b"")
    assert err.decode().splitlines() == [
        "Serving 321 orders. Paste the lines above into another shell; Ctrl-C ends this."
    ]


async def test_list_works_with_the_lines_of_the_sandbox():
    """What one command prints is what the other needs."""
    async with serving("--orders", "30") as (_, lines):
        result = await run("list", env=exported(lines))
    assert result.code == 0
    assert result.out.count("\n") == 30


async def test_a_request_in_flight_does_not_hold_up_the_end():
    """SIGTERM ends the server although an answer is not due for an hour."""
    async with serving("--latency", "3600") as (process, lines):
        host, port = re.findall(r"http://([^:]+):(\d+)", lines[0])[0]
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /v2/number_orders HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        await writer.drain()
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        await reader.read()
        writer.close()
    assert process.returncode == 0


async def test_the_rate_limit_is_served():
    """`--rate-limit 2` refuses the third request of a minute."""
    async with serving("--rate-limit", "2") as (_, lines):
        variables = exported(lines)
        key, url = variables["TELNYX_API_KEY"], variables["TELNYX_BASE_URL"]
        once = RetryPolicy(max_attempts=1)
        async with OrdersClient(key, base_url=url, retry=once, trust_env=False) as client:
            await client.number_orders.list()
            await client.number_orders.list()
        async with OrdersClient(key, base_url=url, retry=once, trust_env=False) as another:
            with pytest.raises(RateLimitError):
                await another.number_orders.list()


async def test_a_port_in_use_is_one_line():
    """Without its port it exits with 1, and says which port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = await run("sandbox", "--port", port)
    assert (result.code, result.out) == (1, "")
    assert f"port {port} of 127.0.0.1 is in use" in error_line(result)


async def test_a_host_that_is_not_here_is_one_line():
    """An address of another machine exits with 1 and the system's reason."""
    result = await run("sandbox", "--host", "192.0.2.1", "--port", "0")
    assert (result.code, result.out) == (1, "")
    assert "cannot listen on port 0 of 192.0.2.1" in error_line(result)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--orders -1", ["--orders", ">= 0"]),
        ("--orders 99999999999", ["orders", "99999999999"]),
        ("--port 65536", ["--port", "<= 65535"]),
        ("--latency nan", ["latency"]),
        ("--latency inf", ["latency"]),
        ("--rate-limit 0", ["--rate-limit", ">= 1"]),
        ("--host=", ["host", "expected an address or a name"]),
        ("--api-key KEY", ["--api-key"]),
    ],
)
def test_a_usage_error_is_named(
    arguments: str, named: list[str], capsys: pytest.CaptureFixture[str]
):
    """Values out of range exit with 2 and name what they are for."""
    result = Result(app.run(["sandbox", *arguments.split()]), *capsys.readouterr())
    assert (result.code, result.out) == (2, "")
    assert [word for word in named if word not in error_line(result)] == []


async def test_json_for_tests_in_other_languages():
    """One line, written once it listens."""
    async with serving("--format", "json", "--orders", "30", lines=1) as (process, [line]):
        settings = json.loads(line)
        assert settings.keys() == {"base_url", "api_key"}
        async with OrdersClient(**settings) as client:
            assert len(await client.number_orders.list().collect()) == 30
        process.terminate()
        assert await process.wait() == 0
    async with serving(*("--format", "json", "--webhook-url", "http://127.0.0.1:9/"), lines=1) as (
        _,
        [line],
    ):
        assert json.loads(line).keys() == {"base_url", "api_key", "public_key"}


async def test_faults_and_changes():
    arguments = ("--fault-rate", "1", "--insert", "2", "--remove", "1", "--settle", "1")
    async with serving(*arguments[2:]) as (_, lines):
        settings = exported(lines)
        async with OrdersClient(
            settings["TELNYX_API_KEY"], base_url=settings["TELNYX_BASE_URL"]
        ) as client:
            listing = client.number_orders.list()
            totals = [(await listing).meta.total_results for _ in range(3)]
            pending = client.number_orders.list(filter={"status": "pending"})
            left = [(await pending).meta.total_results for _ in range(2)]
    assert totals == [1001, 1002, 1003]
    assert left[0] != left[1]
    async with serving(*arguments[:2], "--seed", "3") as (_, lines):
        settings = exported(lines)
        async with OrdersClient(
            settings["TELNYX_API_KEY"],
            base_url=settings["TELNYX_BASE_URL"],
            retry=RetryPolicy(max_attempts=1),
        ) as client:
            with pytest.raises(TelnyxError):
                await client.number_orders.list()
