"""What to list: the filters of the API's listings and their encoding in a query.

A filter is checked when it is made, so that a mistake surfaces where it was written and not as an
answer of the server. On the wire filters are OpenAPI `deepObject` parameters, such as
`filter[created_at][gt]=2024-01-01T00:00:00.000000Z`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote

import attrs
from attrs import field, frozen

from telnyx_orders.filter_checks import (
    as_status,
    check_bound,
    check_count,
    check_flag,
    check_text,
    check_word,
    mismatch,
)
from telnyx_orders.models import OrderStatus

__all__ = [
    "DateRange",
    "NumberOrderPhoneNumberFilter",
    "OrderFilter",
    "SubNumberOrderFilter",
    "as_filter",
    "deep_object",
    "encode_query",
    "order_filter",
]


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

    gt: datetime | None = field(default=None, validator=check_bound)
    lt: datetime | None = field(default=None, validator=check_bound)


def _created_at(value: DateRange | Mapping[str, Any] | None) -> DateRange | None:
    if value is None or isinstance(value, DateRange):
        return value
    if not isinstance(value, Mapping):
        expected = "a DateRange or a mapping with 'gt' and 'lt'"
        raise TypeError(mismatch("filter.created_at", expected, value))
    return _from_mapping(DateRange, "filter.created_at", value)


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

    status: OrderStatus | None = field(default=None, converter=as_status)
    created_at: DateRange | None = field(default=None, converter=_created_at)
    phone_numbers_count: int | None = field(default=None, validator=check_count)
    customer_reference: str | None = field(default=None, validator=check_text)
    requirements_met: bool | None = field(default=None, validator=check_flag)


@frozen(kw_only=True)
class SubNumberOrderFilter:
    """The filters of `GET /sub_number_orders`; those that are `None` are not sent.

    Attributes:
        status: Sub number orders with this status. A plain string becomes an `OrderStatus`.
        order_request_id: The parts of the number order with this id.
        country_code: With numbers of this country, by ISO 3166-1 alpha-2, such as `US`.
        phone_number_type: With numbers of this type, such as `local`.
        phone_numbers_count: Of exactly this many numbers.

    Raises:
        TypeError: A value has the wrong type; the message names it.
        ValueError: A value of the right type cannot be sent, such as a blank id.

    Example:
        >>> SubNumberOrderFilter(order_request_id="12ade33a", country_code="US")
        SubNumberOrderFilter(status=None, order_request_id='12ade33a', country_code='US', \
phone_number_type=None, phone_numbers_count=None)
    """

    status: OrderStatus | None = field(default=None, converter=as_status)
    order_request_id: str | None = field(default=None, validator=check_word)
    country_code: str | None = field(default=None, validator=check_word)
    phone_number_type: str | None = field(default=None, validator=check_word)
    phone_numbers_count: int | None = field(default=None, validator=check_count)


@frozen(kw_only=True)
class NumberOrderPhoneNumberFilter:
    """The filter of `GET /number_order_phone_numbers`; `None` is not sent.

    Attributes:
        country_code: Numbers of this country, by ISO 3166-1 alpha-2, such as `US`.

    Raises:
        TypeError: The value is no text.
        ValueError: The value is blank, or UTF-8 cannot carry it.
    """

    country_code: str | None = field(default=None, validator=check_word)


Filter = TypeVar(
    "Filter", DateRange, NumberOrderPhoneNumberFilter, OrderFilter, SubNumberOrderFilter
)


def as_filter(cls: type[Filter], value: object) -> Filter:
    """Check what was given as `filter`: a filter, a mapping of the same shape, or `None`.

    Args:
        cls: The class of filters that the listing has.
        value: What was given.

    Raises:
        TypeError: It is none of these, or a value in it has the wrong type.
        ValueError: The mapping has a key that is no filter, or a value that cannot be sent.
    """
    if value is None:
        return cls()
    if isinstance(value, cls):
        return value
    if not isinstance(value, Mapping):
        article = "an" if cls is OrderFilter else "a"
        raise TypeError(mismatch("filter", f"{article} {cls.__name__} or a mapping", value))
    return _from_mapping(cls, "filter", cast("Mapping[str, Any]", value))


def order_filter(value: object) -> OrderFilter:
    """Check what was given as `filter` of number orders; see `as_filter`."""
    return as_filter(OrderFilter, value)


def _from_mapping(cls: type[Filter], argument: str, value: Mapping[str, Any]) -> Filter:
    allowed = [one.name for one in attrs.fields(cls)]
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
    cls = type(value)
    if attrs.has(cls):
        for key in (one.name for one in attrs.fields(cls)):
            yield from deep_object(f"{name}[{key}]", getattr(value, key))
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
