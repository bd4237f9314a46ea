"""The ways to read a listing, as a user's code would write them."""

import asyncio
from contextlib import aclosing, nullcontext
from typing import Any

from telnyx_orders import IncompleteFetchError
from tests.simulation.history import Used
from tests.simulation.world import Kind, Leave

__all__ = ["LeftBodyError", "read"]


class LeftBodyError(Exception):
    """What the body of a user's loop raises."""


async def read(make_pager: Any, used: Used) -> bool:
    """Read as the use says, and write down what comes; tells whether everything was read."""
    use = used.use
    pagers = [
        make_pager(
            filter=use.filter,
            page_size=use.page_size,
            page_number=use.page_number,
            verify=use.verify,
        )
        for _ in range(use.calls if use.kind is Kind.ONE else 1)
    ]
    pager = pagers[0]
    try:
        match use.kind:
            case Kind.COLLECT:
                return await _collect(pager, used)
            case Kind.ITERATE:
                return await _iterate(pager, used)
            case Kind.PAGES:
                return await _pages(pager, used)
            case Kind.ONE:
                return await _one(pagers, used)
    except IncompleteFetchError as error:
        used.orders_in_error = [order.id for order in error.orders]
        raise
    finally:
        used.report = getattr(pager, "report", None)


async def _collect(pager: Any, used: Used) -> bool:
    use, pages = used.use, 0

    async def progress(_: object) -> None:
        nonlocal pages
        pages += 1
        if await _body(used, pages):
            raise LeftBodyError

    timeout = use.leave_after if use.leave is Leave.LIMIT else None
    used.ids = [order.id for order in await pager.collect(progress, timeout=timeout)]
    return True


async def _iterate(pager: Any, used: Used) -> bool:
    size = used.use.page_size or 250
    orders = aiter(pager)
    async with aclosing(orders) if used.use.closing else nullcontext():
        async for order in orders:
            used.ids.append(order.id)
            pages, rest = divmod(len(used.ids), size)
            if not rest and await _body(used, pages):
                return False
    return True


async def _pages(pager: Any, used: Used) -> bool:
    read = 0
    pages = pager.pages()
    async with aclosing(pages) if used.use.closing else nullcontext():
        async for page in pages:
            used.ids += [order.id for order in page.data]
            read += 1
            if await _body(used, read):
                return False
    return True


async def _one(pagers: list[Any], used: Used) -> bool:
    async def get(pager: Any) -> Any:
        return await pager

    try:
        async with asyncio.TaskGroup() as group:
            pages = [group.create_task(get(pager)) for pager in pagers]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    used.ids = [order.id for order in pages[0].result().data]
    return True


async def _body(used: Used, pages: int) -> bool:
    """What the user's loop does with a page; tells whether to leave it."""
    use = used.use
    if use.pause:
        await asyncio.sleep(use.pause)
    if pages < use.leave_after or use.leave not in (Leave.BREAK, Leave.ERROR):
        return False
    if use.leave is Leave.ERROR:
        raise LeftBodyError
    return True
