"""A web application with one small answer, and a bulk fetch that is repeated in its event loop."""

import asyncio
import gc
import json
import sys
from contextlib import AbstractAsyncContextManager

from aiohttp import web
from fastapi import FastAPI

from tests.benchmarks.contenders import CONTENDERS
from tests.servers import serve_application, serve_asgi


def on_aiohttp() -> AbstractAsyncContextManager[str]:
    """The application in aiohttp.web."""

    async def ping(_: web.Request) -> web.Response:
        return web.json_response({"well": True})

    app = web.Application()
    app.router.add_get("/ping", ping)
    return serve_application(app)


def on_fastapi() -> AbstractAsyncContextManager[str]:
    """The application in FastAPI, served by uvicorn."""
    app = FastAPI()

    @app.get("/ping")
    async def ping() -> dict[str, bool]:
        return {"well": True}

    return serve_asgi(app)


SERVED = {"aiohttp.web": on_aiohttp, "FastAPI": on_fastapi}


async def serve(
    framework: str, contender: str | None, url: str, at_once: int, freeze: bool
) -> None:
    """Print the application's URL and, when told to end, how many fetches ran to their end.

    Args:
        framework: A key of `SERVED`.
        contender: Who fetches, a key of `CONTENDERS`; nobody if `None`.
        url: Where the orders are.
        at_once: Pages at a time.
        freeze: Whether what is imported is taken off the garbage collector's list first.
    """
    fetches = 0

    async def fetch_again_and_again() -> None:
        nonlocal fetches
        if contender is None:
            return
        fetch = CONTENDERS[contender]()
        while True:
            await fetch(url, at_once)
            fetches += 1

    async with SERVED[framework]() as served, asyncio.TaskGroup() as group:
        if freeze:
            gc.collect()
            gc.freeze()
        fetching = group.create_task(fetch_again_and_again())
        print(json.dumps(served), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        fetching.cancel()
    print(json.dumps(fetches), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(**json.loads(sys.argv[1])))
