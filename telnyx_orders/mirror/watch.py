"""`Watch`: how a mirror is kept up to date for ever."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from telnyx_orders.errors import TelnyxError
from telnyx_orders.mirror.changes import SyncReport

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient

__all__ = ["DAY", "Watch"]

DAY = 86_400.0
"""Seconds; by default the whole account is read that often."""


@frozen(kw_only=True)
class Watch:
    """How a mirror is kept up to date for ever.

    Attributes:
        client: Whose account it is.
        pause: Seconds between two syncs.
        full: Read the whole account the first time.
        full_after: Seconds after which the whole account is read again.
        on_error: Called with an error that may pass.
        on_report: Called with the report of each sync.
    """

    client: "OrdersClient"
    pause: float
    full: bool = False
    full_after: float = DAY
    on_error: Callable[[TelnyxError], None] | None = None
    on_report: Callable[[SyncReport], None] | None = None
