"""`FetchReport`: what a fetch of all pages cost, and why its result can be relied on."""

from typing import Literal

from attrs import frozen

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
