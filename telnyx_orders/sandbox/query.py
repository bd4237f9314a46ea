"""What a listing request asks for: its page and its filters, read from the query string."""

from collections.abc import Container, Mapping
from typing import Final

from attrs import frozen

from telnyx_orders.sandbox import times

MAX_PAGE_SIZE: Final = 250
DEFAULT_PAGE_SIZE: Final = 20

_MAX_DIGITS: Final = 18


class BadParameterError(Exception):
    """A query parameter that the API refuses.

    Attributes:
        status: HTTP status of the answer.
        parameter: Name of the parameter, with its brackets.
        detail: What is wrong with it.
    """

    def __init__(self, status: int, parameter: str, detail: str) -> None:
        super().__init__(status, parameter, detail)
        self.status = status
        self.parameter = parameter
        self.detail = detail


@frozen
class Filters:
    """Which orders are asked for; `None` asks nothing of that fact.

    Attributes:
        status: The order's `status`.
        after: Microseconds that `created_at` must be later than.
        before: Microseconds that `created_at` must be earlier than.
        count: The order's `phone_numbers_count`.
        reference: The order's `customer_reference`, exactly.
        met: The order's `requirements_met`.
    """

    status: str | None = None
    after: int | None = None
    before: int | None = None
    count: int | None = None
    reference: str | None = None
    met: bool | None = None


EVERYTHING: Final = Filters()


@frozen
class ListQuery:
    """One listing request: page `number` (from 1) of `size` rows each, of what `filters` leave."""

    number: int
    size: int
    filters: Filters


def read_query(query: Mapping[str, str], statuses: Container[object]) -> ListQuery:
    """Read the query of a listing request; parameters that the API does not know are ignored.

    Args:
        query: The decoded parameters.
        statuses: Every status that may be filtered by.

    Raises:
        BadParameterError: A parameter has a value that the API refuses.
    """
    return ListQuery(
        number=_page_parameter(query, "page[number]", default=1, high=None),
        size=_page_parameter(query, "page[size]", default=DEFAULT_PAGE_SIZE, high=MAX_PAGE_SIZE),
        filters=Filters(
            status=known_status(query, statuses),
            after=_time(query, "filter[created_at][gt]"),
            before=_time(query, "filter[created_at][lt]"),
            count=count(query),
            reference=query.get("filter[customer_reference]"),
            met=flag(query, "filter[requirements_met]"),
        ),
    )


def _page_parameter(query: Mapping[str, str], name: str, *, default: int, high: int | None) -> int:
    text = query.get(name)
    if text is None:
        return default
    value = _digits(text)
    if value is None or value < 1 or (high is not None and value > high):
        allowed = "of 1 or more" if high is None else f"from 1 to {high}"
        raise BadParameterError(422, name, f"{name} must be an integer {allowed}")
    return value


def known_status(query: Mapping[str, str], statuses: Container[object]) -> str | None:
    """`filter[status]`, or `None` if it is not there.

    Raises:
        BadParameterError: It is none of `statuses`.
    """
    name = "filter[status]"
    text = query.get(name)
    if text is not None and text not in statuses:
        raise BadParameterError(400, name, f"{text!r} is not a status of a number order")
    return text


def _time(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    micros = times.from_iso(text)
    if micros is None:
        # A "+00:00" that was not percent-encoded arrives here as " 00:00", as it does there.
        raise BadParameterError(400, name, f"{text!r} is not an ISO 8601 time")
    return micros


def count(query: Mapping[str, str]) -> int | None:
    """`filter[phone_numbers_count]`, or `None` if it is not there.

    Raises:
        BadParameterError: It is no number.
    """
    name = "filter[phone_numbers_count]"
    text = query.get(name)
    if text is None:
        return None
    number = _digits(text)
    if number is None:
        raise BadParameterError(400, name, f"{text!r} is not a number")
    return number


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """A parameter that is `true` or `false`, or `None` if it is not there.

    Raises:
        BadParameterError: It is neither.
    """
    text = query.get(name)
    if text not in (None, "true", "false"):
        raise BadParameterError(400, name, f"{text!r} is neither true nor false")
    return None if text is None else text == "true"


def _digits(text: str) -> int | None:
    """The number that a few ASCII digits name: `int` also takes `1_0`, `+1` and ` 1`."""
    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text)
    return None
