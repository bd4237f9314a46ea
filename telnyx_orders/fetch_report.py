"""`FetchReport`: what a fetch of all pages cost, and why its result can be relied on."""

from typing import TYPE_CHECKING, Literal

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FetchReport", "Proof"]

Proof = Literal["count", "chain"]
"""What shows that a fetch is complete: see `telnyx_orders.completeness`."""


@frozen(kw_only=True)
class FetchReport:
    """The certificate of a fetch of all pages.

    Attributes:
        proof: What shows that nothing is missing: `"count"`, `"chain"`, or `None`.
        reason: Why there is no proof, in words; `None` where there is one.
        partial: Whether the fetch began past the first page, where there is no fixed set of orders
            that it could be complete about.
        orders: How many orders were on the pages that it handed over.
        pages: How many pages it read.
        requests: How many requests it sent, those that were sent again included.
        rereads: How many of the pages were read only to see what had changed meanwhile.
        duplicates: How many rows were dropped because their order had come before.
        total_first: How many orders there were by the first page; `None` if it did not come.
        total_last: How many orders there were by the page that came last.
        retries: How many requests were sent again.
        rate_limit_seconds: Seconds that requests waited because of the rate limit, added up.
    """

    proof: Proof | None
    reason: str | None
    partial: bool
    orders: int
    pages: int
    requests: int
    rereads: int
    duplicates: int
    total_first: int | None
    total_last: int | None
    retries: int
    rate_limit_seconds: float

    @classmethod
    def joined(cls, parts: "Sequence[FetchReport]") -> "FetchReport | None":
        """Give the report of what was fetched in parts; `None` if there were none.

        It is proven if each part is, by the chain if one needed it. The totals are those of the
        parts, added up.
        """
        if not parts:
            return None
        unproven = next((part for part in parts if part.proof is None), None)
        by_chain = any(part.proof == "chain" for part in parts)
        return cls(
            proof=None if unproven else "chain" if by_chain else "count",
            reason=unproven.reason if unproven else None,
            partial=any(part.partial for part in parts),
            orders=sum(part.orders for part in parts),
            pages=sum(part.pages for part in parts),
            requests=sum(part.requests for part in parts),
            rereads=sum(part.rereads for part in parts),
            duplicates=sum(part.duplicates for part in parts),
            total_first=sum(part.total_first or 0 for part in parts),
            total_last=sum(part.total_last or 0 for part in parts),
            retries=sum(part.retries for part in parts),
            rate_limit_seconds=sum(part.rate_limit_seconds for part in parts),
        )
