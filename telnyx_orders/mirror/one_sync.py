"""`Sync`: one sync, to be awaited or iterated over."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING

from telnyx_orders.mirror.changes import OrderChange, SyncReport

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient
    from telnyx_orders.mirror.mirror import Mirror

__all__ = ["Sync"]


class Sync:
    """A sync that nothing has been asked of yet: `await` it for its report, or iterate.

    Iterating gives each `OrderChange` once it is on the disk; then `report` sums it up.
    """

    def __init__(
        self, mirror: "Mirror", client: "OrdersClient", full_after: float, *, opens: bool = False
    ) -> None:
        self._mirror = mirror
        self._client = client
        self._full_after = full_after
        self._opens = opens
        self._report: SyncReport | None = None

    @property
    def report(self) -> SyncReport | None:
        """What was found, once it has ended well; `None` before."""
        return self._report

    def __aiter__(self) -> AsyncGenerator[OrderChange]:
        return self.changes()

    def __await__(self) -> Generator[object, None, SyncReport]:
        return self._whole().__await__()

    async def changes(self) -> AsyncGenerator[OrderChange]:
        """Give each change."""
        async with AsyncExitStack() as stack:
            if self._opens:
                await stack.enter_async_context(self._mirror)
            found = self._mirror.batches(
                self._client, self._full_after, self._keep, one_by_one=True
            )
            await stack.enter_async_context(aclosing(found))
            async for changes in found:
                for change in changes:
                    yield change

    async def _whole(self) -> SyncReport:
        async with AsyncExitStack() as stack:
            if self._opens:
                await stack.enter_async_context(self._mirror)
            self._report = await self._mirror.whole(self._client, self._full_after)
            return self._report

    def _keep(self, report: SyncReport) -> None:
        self._report = report
