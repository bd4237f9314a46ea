"""An order in the journal as a row of its table, both ways."""

import json
from pathlib import Path
from typing import Any, Final, cast

from telnyx_orders.journal.intent import Intent, IntentState
from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder
from telnyx_orders.order_errors import JournalError
from telnyx_orders.serialization import MALFORMED, make_converter
from telnyx_orders.sqlite_file import from_text

__all__ = ["COLUMNS", "Rows", "request_text"]

COLUMNS: Final = (
    "reference, state, request, sent_at, given_up_at, longest, attempts, placed_order, reason, "
    "owner"
)
"""The columns of a row that is to be read, in their sequence."""


def request_text(order: NewOrder) -> str:
    """Write what was asked for."""
    return json.dumps(order.body())


class Rows:
    """The rows of one journal: what is read from them, and what is not.

    Args:
        path: The journal, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._converter = make_converter()

    def read(self, row: tuple[Any, ...]) -> Intent:
        """Read a row of `COLUMNS`.

        Raises:
            JournalError: It was changed by somebody else, and says nothing now.
        """
        reference, state, request, sent_at, given_up_at, longest, attempts, placed, reason, _ = row
        try:
            return Intent(
                reference=reference,
                order=NewOrder(**cast("dict[str, Any]", json.loads(request))),
                state=IntentState(state),
                sent_at=from_text(sent_at),
                given_up_at=from_text(given_up_at),
                longest=longest,
                placed=placed and self._converter.structure(json.loads(placed), NumberOrder),
                reason=reason,
                attempts=attempts,
            )
        except (*MALFORMED, RecursionError) as error:
            raise JournalError(
                f"the journal {self._path} cannot be read at the order {reference!r:.80}, which "
                f"was changed from outside: {error!s:.200}. Look the order up in the account"
            ) from None

    def order_text(self, order: NumberOrder) -> str:
        """Write an order that was placed."""
        return json.dumps(self._converter.unstructure(order))
