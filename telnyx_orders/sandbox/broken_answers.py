"""How each `Fault` is played on the wire."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Never

from aiohttp import web

from telnyx_orders.sandbox.answers import error_answer, too_many_requests
from telnyx_orders.sandbox.faults import Fault, Faults

_LINGER_ZERO = struct.pack("ii", 1, 0)


async def broken_answer(
    fault: Fault, faults: Faults, request: web.Request, right_answer: Callable[[], web.Response]
) -> web.StreamResponse:
    """Answer a request in a broken way; some faults end the connection instead of returning.

    Args:
        fault: The way.
        faults: Its details.
        request: The request to answer.
        right_answer: Makes the answer of a healthy server.
    """
    retry_after = {} if faults.retry_after is None else {"Retry-After": faults.retry_after}
    match fault:
        case Fault.INTERNAL_ERROR:
            return error_answer(500, "10007", "Unexpected error", "Something went wrong.")
        case Fault.BAD_GATEWAY:
            return _html(502, "502 Bad Gateway")
        case Fault.UNAVAILABLE:
            text = "upstream connect error or disconnect/reset before headers"
            return web.Response(status=503, text=text, headers=retry_after)
        case Fault.GATEWAY_TIMEOUT:
            return web.Response(status=504)
        case Fault.REQUEST_TIMEOUT:
            return web.Response(status=408, text="Request Timeout")
        case Fault.TOO_MANY_REQUESTS:
            return too_many_requests(retry_after)
        case Fault.NOT_JSON:
            return _html(200, "Scheduled maintenance")
        case Fault.RESET:
            return await _reset(request)
        case Fault.SILENCE:
            return await _until_cancelled()
        case Fault.CUT_BODY:
            return await _cut_body(request, right_answer())
        case Fault.SLOW_BYTES:
            return await _slow_bytes(request, right_answer(), faults)
        case Fault.CLOSED_KEEP_ALIVE:
            return await _closed_keep_alive(request, right_answer())
        case _:
            raise ValueError(f"{fault.name} is played by those who carry requests out")


def _html(status: int, heading: str) -> web.Response:
    text = f"<html><head><title>{heading}</title></head><body><h1>{heading}</h1></body></html>\n"
    return web.Response(status=status, text=text, content_type="text/html")


async def _reset(request: web.Request) -> Never:
    transport = request.transport
    if transport is not None:
        # A lingering time of zero makes the kernel answer with RST instead of FIN.
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
    await _until_cancelled()


async def _cut_body(request: web.Request, right: web.Response) -> Never:
    body = _body(right)
    answer = _unfinished(right)
    answer.content_length = len(body)
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    await _hang_up(request)


async def _slow_bytes(
    request: web.Request, right: web.Response, faults: Faults
) -> web.StreamResponse:
    body = _body(right)
    answer = _unfinished(right)
    answer.content_length = len(body)
    await answer.prepare(request)
    size = -(-len(body) // faults.slow_pieces)
    for start in range(0, len(body), size):
        if start:
            await asyncio.sleep(faults.slow_interval)
        await answer.write(body[start : start + size])
    return answer


async def _closed_keep_alive(request: web.Request, right: web.Response) -> Never:
    await right.prepare(request)
    await right.write_eof()
    await _hang_up(request)


async def _hang_up(request: web.Request) -> Never:
    """End the connection once the bytes written so far are sent, without having said so."""
    if request.transport is not None:
        request.transport.close()
    await _until_cancelled()


async def _until_cancelled() -> Never:
    """Wait for the end of the connection, or of the sandbox: either cancels the handler."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


def _unfinished(right: web.Response) -> web.StreamResponse:
    return web.StreamResponse(
        status=right.status, headers={"Content-Type": right.headers["Content-Type"]}
    )


def _body(right: web.Response) -> bytes:
    body = right.body
    if not isinstance(body, bytes):
        raise TypeError(f"the right answer must have bytes for a body, not {body!r}")
    return body
