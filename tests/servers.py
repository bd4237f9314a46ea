"""Small servers that answer as a test says, where the sandbox is too well-behaved."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from aiohttp import web

KEY = "KEY0123456789abcdef"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve(handler: Handler) -> AsyncIterator[str]:
    """Serve every path with one handler; gives the base URL."""
    server = web.Server(handler, access_log=None)
    async with _run(web.ServerRunner(server, shutdown_timeout=0.05)) as url:
        yield f"{url}/v2"


@asynccontextmanager
async def serve_application(app: web.Application) -> AsyncIterator[str]:
    """Serve an aiohttp application; gives its URL."""
    async with _run(web.AppRunner(app, shutdown_timeout=0.05)) as url:
        yield url


@asynccontextmanager
async def _run(runner: web.BaseRunner) -> AsyncIterator[str]:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serve_asgi(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application with uvicorn, its lifespan included; gives its URL."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", ws="none"))
    # Named as TCP, since asyncio turns off Nagle's delay of 40 ms only where it knows.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        serving = asyncio.ensure_future(server.serve([listening]))
        try:
            async with asyncio.timeout(10):
                while not server.started:
                    assert not serving.done()
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def serve_raw(
    respond: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve bytes: `respond` is called for each connection; gives the base URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await respond(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2"


def order(number: int) -> dict[str, object]:
    return {"id": f"order-{number}", "created_at": "2024-01-01T00:00:00Z"}


def page(
    rows: list[dict[str, object]],
    *,
    number: int = 1,
    size: int = 250,
    pages: int = 1,
    results: int | None = None,
) -> web.Response:
    meta = {
        "page_number": number,
        "page_size": size,
        "total_pages": pages,
        "total_results": len(rows) if results is None else results,
    }
    return web.json_response({"data": rows, "meta": meta})


def asked_page(request: web.Request) -> int:
    return int(request.query.get("page[number]", "1"))
