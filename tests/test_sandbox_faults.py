"""A sandbox breaks answers in every way it names, as scripted or as drawn."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox
from tests.conftest import until


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=100) as sandbox:
        yield sandbox


async def ask(sandbox: Sandbox, session: aiohttp.ClientSession):
    async with session.get(f"{sandbox.base_url}/number_orders") as answer:
        return answer, await answer.read()


async def outcome(sandbox: Sandbox, session: aiohttp.ClientSession) -> int | None:
    """The status of an answer that can be read as JSON; `None` for any other."""
    try:
        async with session.get(f"{sandbox.base_url}/number_orders") as answer:
            await answer.json()
            return answer.status
    except aiohttp.ClientError:
        return None


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "beginning"),
    [
        (Fault.INTERNAL_ERROR, 500, "application/json", b'{"errors": [{"code": "10007"'),
        (Fault.BAD_GATEWAY, 502, "text/html", b"<html>"),
        (Fault.UNAVAILABLE, 503, "text/plain", b"upstream"),
        (Fault.GATEWAY_TIMEOUT, 504, "application/octet-stream", b""),
        (Fault.REQUEST_TIMEOUT, 408, "text/plain", b"Request Timeout"),
        (Fault.TOO_MANY_REQUESTS, 429, "application/json", b'{"errors": [{"code": "10011"'),
        (Fault.NOT_JSON, 200, "text/html", b"<html>"),
    ],
)
async def test_an_answer_of_its_own(fault, status, content_type, beginning, sandbox, session):
    """These faults are whole answers, with their status, type and body."""
    sandbox.faults = Faults(script=[fault])
    answer, body = await ask(sandbox, session)
    assert answer.status == status
    assert answer.content_type == content_type
    assert body.startswith(beginning)
    assert bool(body) is bool(beginning)
    assert "Retry-After" not in answer.headers
    assert sandbox.counters.by_status == {status: 1}
    assert sandbox.counters.by_fault == {fault: 1}
    assert await outcome(sandbox, session) == 200


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (Fault.TOO_MANY_REQUESTS, True),
        (Fault.UNAVAILABLE, True),
        (Fault.BAD_GATEWAY, False),
        (Fault.INTERNAL_ERROR, False),
    ],
)
async def test_retry_after_is_sent_as_it_stands(fault, sent, sandbox, session):
    """429 and 503 carry the `Retry-After` given, sensible or not; other faults do not."""
    sandbox.faults = Faults(script=[fault], retry_after="soon, maybe")
    answer, _ = await ask(sandbox, session)
    assert answer.headers.get("Retry-After") == ("soon, maybe" if sent else None)


async def test_a_reset_ends_the_connection_without_an_answer(sandbox, session):
    """RESET shows as a connection reset by peer, and no status is counted."""
    sandbox.faults = Faults(script=[Fault.RESET])
    reader, writer = await raw_request(sandbox)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    assert sandbox.counters.by_fault == {Fault.RESET: 1}
    assert not sandbox.counters.by_status
    assert await outcome(sandbox, session) == 200


async def test_a_cut_body_ends_in_the_middle(sandbox, session):
    """CUT_BODY announces the whole body and sends the first half of it."""
    whole = (await ask(sandbox, session))[1]
    sandbox.faults = Faults(script=[Fault.CUT_BODY])
    reader, writer = await raw_request(sandbox)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200")
    assert f"content-length: {len(whole)}\r\n".encode() in head.lower() + b"\r\n"
    assert body == whole[: len(whole) // 2]


async def test_a_client_notices_a_cut_body(sandbox, session):
    """The missing half of CUT_BODY is a payload error to aiohttp."""
    sandbox.faults = Faults(script=[Fault.CUT_BODY])
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask(sandbox, session)


async def test_slow_bytes_are_the_right_answer(sandbox, session):
    """SLOW_BYTES sends in pieces what a healthy answer sends at once."""
    whole = (await ask(sandbox, session))[1]
    sandbox.faults = Faults(script=[Fault.SLOW_BYTES], slow_interval=0.001, slow_pieces=7)
    async with session.get(f"{sandbox.base_url}/number_orders") as answer:
        assert answer.status == 200
        pieces = [piece async for piece in answer.content.iter_any()]
    assert b"".join(pieces) == whole
    assert len(pieces) > 1


async def test_more_pieces_than_bytes_are_no_error(sandbox, session):
    """SLOW_BYTES with more pieces than there are bytes sends single bytes."""
    for order_id in sandbox.order_ids():
        sandbox.remove(order_id)
    sandbox.faults = Faults(script=[Fault.SLOW_BYTES], slow_interval=0, slow_pieces=10_000)
    assert await outcome(sandbox, session) == 200


async def test_a_kept_alive_connection_is_closed_unannounced(sandbox, session):
    """CLOSED_KEEP_ALIVE answers rightly, promises to stay, and closes."""
    whole = (await ask(sandbox, session))[1]
    sandbox.faults = Faults(script=[Fault.CLOSED_KEEP_ALIVE])
    reader, writer = await raw_request(sandbox)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert body == whole
    assert b"connection: close" not in head.lower()
    assert head.startswith(b"HTTP/1.1 200")


async def test_silence_lasts_until_the_client_goes(sandbox, session):
    """SILENCE answers nothing, and is over for the sandbox when the client gives up."""
    sandbox.faults = Faults(script=[Fault.SILENCE])
    with pytest.raises(TimeoutError):
        async with session.get(
            f"{sandbox.base_url}/number_orders", timeout=aiohttp.ClientTimeout(total=0.05)
        ):
            pytest.fail("silence was broken")
    assert await outcome(sandbox, session) == 200
    await until(lambda: sandbox.counters.in_flight == 0)
    assert sandbox.counters.by_fault == {Fault.SILENCE: 1}
    assert sandbox.counters.by_status == {200: 1}


async def test_a_script_is_followed_and_then_done(sandbox, session):
    """The first requests meet the script entry by entry, the later ones are healthy."""
    sandbox.faults = Faults(
        script=[Fault.BAD_GATEWAY, None, "unavailable", Fault.TOO_MANY_REQUESTS, None]
    )
    statuses = [(await ask(sandbox, session))[0].status for _ in range(8)]
    assert statuses == [502, 200, 503, 429, 200, 200, 200, 200]
    assert sandbox.counters.by_status == {502: 1, 200: 5, 503: 1, 429: 1}


async def test_setting_faults_starts_the_script_anew(sandbox, session):
    """The same faults set twice are met from the beginning twice; `None` ends them."""
    faults = Faults(script=[Fault.BAD_GATEWAY, Fault.UNAVAILABLE])
    sandbox.faults = faults
    assert (await ask(sandbox, session))[0].status == 502
    sandbox.faults = faults
    assert (await ask(sandbox, session))[0].status == 502
    sandbox.faults = None
    assert (await ask(sandbox, session))[0].status == 200


async def test_the_rate_breaks_its_share_of_answers(sandbox, session):
    """About `rate` of the answers are broken, by all of the kinds named and no other."""
    kinds = (Fault.INTERNAL_ERROR, Fault.BAD_GATEWAY)
    sandbox.faults = Faults(rate=0.3, kinds=kinds)
    for _ in range(200):
        await ask(sandbox, session)
    assert set(sandbox.counters.by_fault) == set(kinds)
    assert 35 < sandbox.counters.by_fault.total() < 85


async def test_faults_are_drawn_by_the_seed():
    """Two sandboxes of one seed break the same requests in the same ways."""

    async def statuses(seed: int) -> list[int]:
        faults = Faults(rate=0.5, kinds=(Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT))
        async with (
            Sandbox(3, seed, faults=faults) as sandbox,
            aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {sandbox.api_key}"}
            ) as session,
        ):
            return [(await ask(sandbox, session))[0].status for _ in range(30)]

    assert await statuses(1) == await statuses(1)
    assert await statuses(1) != await statuses(2)


async def test_a_rate_of_one_breaks_everything(sandbox, session):
    """With `rate` 1 no answer is healthy."""
    sandbox.faults = Faults(rate=1, kinds=(Fault.NOT_JSON,))
    assert [await outcome(sandbox, session) for _ in range(5)] == [None] * 5


async def test_only_admitted_listing_requests_use_up_the_script(sandbox, session):
    """Wrong keys, unknown paths and requests over the limit do not meet faults."""
    sandbox.faults = Faults(script=[Fault.BAD_GATEWAY])
    sandbox.rate_limit = RateLimit(requests=2)
    async with session.get(
        f"{sandbox.base_url}/number_orders", headers={"Authorization": "Bearer no"}
    ) as answer:
        assert answer.status == 401
    async with session.get(f"{sandbox.base_url}/nowhere") as answer:
        assert answer.status == 404
    assert (await ask(sandbox, session))[0].status == 502
    assert (await ask(sandbox, session))[0].status == 429


async def test_a_faulty_answer_to_a_bad_query_is_that_answer(sandbox, session):
    """Faults that send the right answer send the error when the error is right."""
    sandbox.faults = Faults(script=[Fault.SLOW_BYTES, Fault.CLOSED_KEEP_ALIVE])
    for _ in range(2):
        async with session.get(f"{sandbox.base_url}/number_orders?page[size]=0") as answer:
            assert answer.status == 422
            assert (await answer.json())["errors"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1.1}, "Faults.rate must be a number from 0 to 1, not 1.1"),
        ({"rate": -0.1}, "Faults.rate must be"),
        ({"rate": "x"}, "Faults.rate must be"),
        ({"kinds": ["fire"]}, "Faults.kinds entries must be one of 'internal_error', "),
        ({"script": ["fire"]}, "Faults.script entries must be one of .* not 'fire'"),
        ({"rate": 0.1, "kinds": ()}, "Faults.kinds must name a fault"),
        ({"retry_after": 5}, "Faults.retry_after must be of type str or None, not 5"),
        ({"slow_interval": -1}, "Faults.slow_interval must be a number of 0 or more"),
        ({"slow_pieces": 0}, "Faults.slow_pieces must be a whole number of 1 or more"),
    ],
)
def test_bad_fault_settings_are_refused(arguments, message):
    """The error names the setting and what it allows."""
    with pytest.raises(ValueError, match=message):
        Faults(**arguments)


async def raw_request(sandbox: Sandbox) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for the listing over a bare connection, to see what a client hides."""
    host, port = sandbox.base_url.removeprefix("http://").removesuffix("/v2").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = (
        f"GET /v2/number_orders HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {sandbox.api_key}\r\n\r\n"
    )
    writer.write(request.encode())
    await writer.drain()
    return reader, writer
