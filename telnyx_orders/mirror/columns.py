"""How an order's values stand in the columns of the mirror, and `Span`: a time to look in."""

from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from telnyx_orders.models import NumberOrder
from telnyx_orders.sqlite_file import to_text

__all__ = ["COLUMNS", "Span", "column_values", "key_of", "latest", "stored", "text_of"]

COLUMNS: Final = (
    "status",
    "customer_reference",
    "phone_numbers_count",
    "requirements_met",
    "connection_id",
    "messaging_profile_id",
    "billing_group_id",
)


@frozen
class Span:
    """A time in which orders were created, open at both ends.

    Attributes:
        gt: Later than this; `None` for no bound.
        lt: Earlier than this; `None` for no bound.
    """

    gt: datetime | None = None
    lt: datetime | None = None

    def conditions(self) -> tuple[str, dict[str, str]]:
        """Give the condition in SQL, and its parameters."""
        conditions, values = ["gone_at IS NULL"], dict[str, str]()
        for name, sign, moment in (("gt", ">", self.gt), ("lt", "<", self.lt)):
            if moment is not None:
                conditions.append(f"created_at {sign} :{name}")
                values[name] = to_text(moment)
        return " AND ".join(conditions), values


def column_values(order: NumberOrder) -> dict[str, object]:
    """Give the values of an order in `COLUMNS`."""
    return {name: stored(getattr(order, name)) for name in COLUMNS} | {
        "status": None if order.status is None else stored(order.status.value)
    }


def key_of(order_id: str) -> str:
    """Give an id as it stands in the file."""
    # A lone surrogate, which JSON can write and SQLite cannot, as its escape.
    return order_id.encode(errors="backslashreplace").decode()


def stored(value: object) -> object:
    """Give a value as SQLite can hold it."""
    if isinstance(value, str):
        return key_of(value)
    # SQLite has 64 bits for a number; whatever is larger stands in `data` alone.
    return None if isinstance(value, int) and not -(2**63) <= value < 2**63 else value


def text_of(moment: datetime | None) -> str | None:
    """Give a time as it stands in the file."""
    if moment is None:
        return None
    try:
        return to_text(moment)
    except OverflowError:
        # The offset leads out of the years that there are.
        edge = datetime.min if moment.year == datetime.min.year else datetime.max  # noqa: DTZ901
        return to_text(edge.replace(tzinfo=UTC))


def latest(*times: str | None) -> str | None:
    """Give the latest of some times."""
    return max(filter(None, times), default=None)
