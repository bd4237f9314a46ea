"""Listings for which the API declares no pages: one answer, which is all there is or an error."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from telnyx_orders.errors import IncompleteFetchError
from telnyx_orders.models import Listed
from telnyx_orders.transport import Transport

__all__ = ["fetch_whole", "shortfall"]


class _Row(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Row)


async def fetch_whole(
    transport: Transport,
    path: str,
    parameters: Iterable[tuple[str, str]],
    wanted: type[Listed[T]],
    *,
    advice: str,
) -> tuple[T, ...]:
    """Get all rows of a listing.

    Args:
        transport: What sends the request.
        path: The path of the listing.
        parameters: Its filters.
        wanted: What the body of the answer becomes.
        advice: What to do where the answer is not all there is.

    Raises:
        IncompleteFetchError: The answer says that there are more rows than it gives, which are in
            `orders`.
        TelnyxError: There is no such answer; see `Transport.get`.
    """
    listed = (await transport.get(path, parameters, wanted)).value
    lacking = shortfall(listed)
    if lacking is not None:
        raise IncompleteFetchError(
            f"GET {path} gave {lacking}, and its reference declares no way to ask for the rest",
            advice=advice,
            orders=listed.data,
        )
    return listed.data


def shortfall(listed: Listed[T]) -> str | None:
    """Say how far an answer is from all there is; `None` if it is all, by what it says itself."""
    meta = listed.meta
    if meta is None:
        return None
    rows = len({row.id for row in listed.data})
    if meta.total_results is not None:
        # The count decides, not the pages: an endpoint that heeds no page size may still name some.
        return None if rows >= meta.total_results else f"{rows} of {meta.total_results} rows"
    if meta.total_pages is not None and meta.total_pages > 1:
        return f"{rows} rows, one page of {meta.total_pages}"
    return None
