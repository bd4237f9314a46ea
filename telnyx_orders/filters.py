"""Which orders to list: the filters of `GET /number_orders` and their encoding in a query.

A filter is checked when it is made, so that a mistake surfaces where it was written and not as an
answer of the server. On the wire filters are OpenAPI `deepObject` parameters, such as
`filter[created_at][gt]=2024-01-01T00:00:00.000000Z`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote

import attrs
from attrs import frozen

from telnyx_orders.models import OrderStatus

__all__ = ["DateRange", "OrderFilter", "deep_object", "encode_query", "order_filter"]

Filter = TypeVar("Filter", "DateRange", "OrderFilter")


def _expected(argument: str, expected: str, value: object) -> str:
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return f"{argument}: expected {expected}, got {type(value).__name__} {shown}"


def _aware_time(argument: str, value: object) -> None:
    if not isinstance(value, datetime):
        raise TypeError(_expected(argument, "an aware datetime", value))
    if value.utcoffset() is None:
        raise ValueError(
            f"{argument}: expected an aware datetime, got the naive {value.isoformat()}; "
            "say which zone it is in, for instance with .replace(tzinfo=timezone.utc)"
        )
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{argument}: {value.isoformat()} is out of range in UTC") from None


def _encodable(argument: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(_expected(argument, "text that UTF-8 can carry", value)) from None


def _status(value: OrderStatus | str | None) -> OrderStatus | None:
    if value is None or isinstance(value, OrderStatus):
        return value
    if not isinstance(value, str):
        listed = ", ".join(repr(str(status)) for status in OrderStatus)
        raise TypeError(_expected("filter.status", f"an OrderStatus or one of {listed}", value))
    _encodable("filter.status", value)
    return OrderStatus(str.__str__(value))


def _created_at(value: "DateRange | Mapping[str, Any] | None") -> "DateRange | None":
    if value is None or isinstance(value, DateRange):
        return value
    if not isinstance(value, Mapping):
        expected = "a DateRange or a mapping with 'gt' and 'lt'"
        raise TypeError(_expected("filter.created_at", expected, value))
    return _from_mapping(DateRange, "filter.created_at", value)


@frozen
class DateRange:
    """A range of time, open at both ends.

    Attributes:
        gt: Later than this aware time; `None` for no lower bound.
        lt: Earlier than this aware time; `None` for no upper bound.

    Raises:
        TypeError: A bound is no datetime.
        ValueError: A bound is naive: which moment it means would depend on the machine.
    """

    gt: datetime | None = None
    lt: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for name, bound in (("gt", self.gt), ("lt", self.lt)):
            if bound is not None:
                _aware_time(f"filter.created_at.{name}", bound)


@frozen(kw_only=True)
class OrderFilter:
    """The filters of `GET /number_orders`; those that are `None` are not sent.

    Attributes:
        status: Orders with this status. A plain string becomes an `OrderStatus`.
        created_at: Orders created in this range of time.
        phone_numbers_count: Orders of exactly this many numbers.
        customer_reference: Orders with exactly this reference.
        requirements_met: Orders whose requirements are all fulfilled, or are not.

    Raises:
        TypeError: A value has the wrong type; the message names it.
        ValueError: A value of the right type cannot be sent, such as a naive time.

    Example:
        >>> OrderFilter(status=OrderStatus.PENDING, requirements_met=False)
        OrderFilter(status=<OrderStatus.PENDING: 'pending'>, created_at=None, \
phone_numbers_count=None, customer_reference=None, requirements_met=False)
    """

    status: OrderStatus | None = attrs.field(default=None, converter=_status)
    created_at: DateRange | None = attrs.field(default=None, converter=_created_at)
    phone_numbers_count: int | None = None
    customer_reference: str | None = None
    requirements_met: bool | None = None

    def __attrs_post_init__(self) -> None:
        count, reference, met = (
            self.phone_numbers_count,
            self.customer_reference,
            self.requirements_met,
        )
        if count is not None:
            if not isinstance(count, int) or isinstance(count, bool):
                raise TypeError(_expected("filter.phone_numbers_count", "an int", count))
            if count < 0:
                raise ValueError(_expected("filter.phone_numbers_count", "0 or more", count))
        if reference is not None:
            if not isinstance(reference, str):
                raise TypeError(_expected("filter.customer_reference", "a str", reference))
            _encodable("filter.customer_reference", reference)
        if met is not None and not isinstance(met, bool):
            raise TypeError(_expected("filter.requirements_met", "a bool", met))


def order_filter(value: object) -> OrderFilter:
    """Check what was given as `filter`: an `OrderFilter`, a mapping of the same shape, or `None`.

    Raises:
        TypeError: It is none of these, or a value in it has the wrong type.
        ValueError: The mapping has a key that is no filter, or a value that cannot be sent.
    """
    if value is None:
        return OrderFilter()
    if isinstance(value, OrderFilter):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(_expected("filter", "an OrderFilter or a mapping", value))
    return _from_mapping(OrderFilter, "filter", cast("Mapping[str, Any]", value))


def _from_mapping(cls: type[Filter], argument: str, value: Mapping[str, Any]) -> Filter:
    allowed = [field.name for field in attrs.fields(cls)]
    for key in value:
        if key not in allowed:
            raise ValueError(
                f"{argument}: there is no filter {key!r}; the API knows {', '.join(allowed)}"
            )
    return cls(**value)


def deep_object(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Give the `deepObject` parameters of a filter, such as `("filter[status]", "pending")`.

    Times are sent in UTC, in the API's own notation. See "style values" of OpenAPI 3.1.
    """
    if value is None:
        return
    if isinstance(value, OrderFilter | DateRange):
        for field in attrs.fields(type(value)):
            yield from deep_object(f"{name}[{field.name}]", getattr(value, field.name))
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        yield name, moment.isoformat(timespec="microseconds") + "Z"
    elif isinstance(value, int):
        yield name, int.__repr__(value)
    else:
        # Not str(): an enum that is also a str would give its name.
        yield name, str.__str__(cast("str", value))


def encode_query(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encode parameters (RFC 3986), so that every value arrives as it was written."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters)
