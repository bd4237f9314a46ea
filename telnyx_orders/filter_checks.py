"""What a value of a filter may be; the attrs validators and converters of the filter classes.

A message names the argument by its path, such as `filter.phone_numbers_count`.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from telnyx_orders.models import OrderStatus

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = [
    "as_status",
    "check_bound",
    "check_count",
    "check_flag",
    "check_text",
    "check_word",
    "mismatch",
]


def mismatch(argument: str, expected: str, value: object) -> str:
    """Word the message of an argument that is not what is expected."""
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return f"{argument}: expected {expected}, got {type(value).__name__} {shown}"


def as_status(value: OrderStatus | str | None) -> OrderStatus | None:
    """Make a status of a plain string."""
    if value is None or isinstance(value, OrderStatus):
        return value
    if not isinstance(value, str):
        listed = ", ".join(repr(str(status)) for status in OrderStatus)
        raise TypeError(mismatch("filter.status", f"an OrderStatus or one of {listed}", value))
    _check_encodable("filter.status", value)
    return OrderStatus(str.__str__(value))


def check_bound(_: object, attribute: "Attribute[datetime | None]", value: object) -> None:
    """Check a bound of `created_at`, the only range there is."""
    if value is None:
        return
    argument = f"filter.created_at.{attribute.name}"
    if not isinstance(value, datetime):
        raise TypeError(mismatch(argument, "an aware datetime", value))
    if value.utcoffset() is None:
        raise ValueError(
            f"{argument}: expected an aware datetime, got the naive {value.isoformat()}; "
            "say which zone it is in, for instance with .replace(tzinfo=timezone.utc)"
        )
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{argument}: {value.isoformat()} is out of range in UTC") from None


def check_count(_: object, attribute: "Attribute[int | None]", value: object) -> None:
    """Check a number of things."""
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(mismatch(f"filter.{attribute.name}", "an int", value))
    if value < 0:
        raise ValueError(mismatch(f"filter.{attribute.name}", "0 or more", value))


def check_text(_: object, attribute: "Attribute[str | None]", value: object) -> None:
    """Check a text, which may be empty."""
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(mismatch(f"filter.{attribute.name}", "a str", value))
    _check_encodable(f"filter.{attribute.name}", value)


def check_word(_: object, attribute: "Attribute[str | None]", value: object) -> None:
    """Check a text of which the API has no empty one: as a filter it could let everything pass."""
    check_text(_, attribute, value)
    if isinstance(value, str) and not value.strip():
        raise ValueError(mismatch(f"filter.{attribute.name}", "a text that is not blank", value))


def check_flag(_: object, attribute: "Attribute[bool | None]", value: object) -> None:
    """Check what is true or false."""
    if value is not None and not isinstance(value, bool):
        raise TypeError(mismatch(f"filter.{attribute.name}", "a bool", value))


def _check_encodable(argument: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(mismatch(argument, "text that UTF-8 can carry", value)) from None
