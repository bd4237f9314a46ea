"""The cattrs converter between the API's JSON and the classes of this package, both ways."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from telnyx_orders.error_details import one_line
from telnyx_orders.models import (
    ListedMeta,
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderPhoneNumber,
    OrderStatus,
    RegulatoryRequirement,
    SubNumberOrder,
)

__all__ = ["MALFORMED", "make_converter"]

logger: logging.Logger = logging.getLogger("telnyx_orders")

StructureHook = Callable[[Any, Any], Any]
"""What cattrs calls with a value and the type wanted; `Any` is its own signature."""

MALFORMED = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    cattrs.BaseValidationError,
    cattrs.ForbiddenExtraKeysError,
)
"""What structuring raises when the data have another shape than the class."""

MOST_FAULTS = 100
"""How many faults of a list are collected at most: each takes a kilobyte, and millions may come."""

REMEMBERED = 1000
"""How many unlisted names are logged at most: a server must not fill the memory with them."""


def make_converter(
    *, detailed_validation: bool = False, redact: Callable[[str], str] = str
) -> cattrs.Converter:
    """Make the cattrs converter between the API's JSON and the classes of this package.

    Use it to store orders and load them again, or add hooks to it and give it to `OrdersClient`.
    It coerces nothing: a number where the API promises a string is an error.

    Args:
        detailed_validation: Have cattrs collect the faults with their places, of each list the
            first hundred, at twice the time.
        redact: Takes secrets out of what is logged, the statuses and keys that are not listed.

    Example:
        >>> converter = make_converter()
        >>> order = NumberOrder(id="12ade33a-21c0-473b-b055-b3c836e1c292")
        >>> converter.structure(converter.unstructure(order), NumberOrder) == order
        True
    """
    converter = cattrs.Converter(detailed_validation=detailed_validation)
    log_once = _once_logger(redact)
    for wanted in (str, int, bool):
        converter.register_structure_hook(wanted, _exactly(wanted))
        _register_optional(converter, wanted | None, _exactly(wanted, type(None)))
    converter.register_structure_hook(datetime, _time)
    _register_optional(converter, datetime | None, _time_or_none)
    _register_optional(converter, OrderStatus | None, _status_hook(log_once))
    converter.register_structure_hook_factory(_is_tuple, _tuple_factory)
    converter.register_structure_hook_factory(_is_model, _model_factory(log_once))
    converter.register_unstructure_hook(datetime, _format_time)
    converter.register_unstructure_hook(OrderStatus, lambda status: status.value)
    return converter


def _register_optional(converter: cattrs.Converter, wanted: object, hook: StructureHook) -> None:
    # By predicate: what is registered for a union directly is looked up again with each value.
    converter.register_structure_hook_func(lambda type_: type_ == wanted, hook)


def _exactly(*allowed: type) -> StructureHook:
    expected = " or ".join("None" if one is type(None) else one.__name__ for one in allowed)

    def structure(value: object, _: object) -> object:
        if type(value) in allowed:
            return value
        raise TypeError(f"expected {expected}, got {_named(value)}")

    return structure


def _named(value: object) -> str:
    # Not repr() of whatever came, which may be large, and nested beyond what repr() can take.
    scalar = value is None or isinstance(value, str | int | float)
    return one_line(repr(value)) if scalar else f"a {type(value).__name__}"


def _time_or_none(value: Any, wanted: object) -> datetime | None:
    return None if value is None else _time(value, wanted)


def _time(value: Any, _: object) -> datetime:
    moment = datetime.fromisoformat(value.upper())  # RFC 3339, 5.6: t and z may be small
    if moment.tzinfo is None:
        raise ValueError(f"expected a time with its zone, got {value!r}")
    # fromisoformat() cuts off what is below a microsecond, where msgspec rounds it, which takes
    # times in the form of RFC 3339 only.
    if value[26:27] in _ROUNDED_UP and value[19] == "." and value[20:26].isdigit():
        try:
            moment += timedelta(microseconds=1)
        except OverflowError:
            raise ValueError(f"expected a time up to the year 9999, got {value!r}") from None
    return moment


_ROUNDED_UP = frozenset("56789")


def _format_time(moment: datetime) -> str:
    text = moment.isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z" if moment.tzinfo is UTC else text


def _status_hook(log_once: Callable[[str], None]) -> StructureHook:
    listed: dict[object, OrderStatus | None] = {status.value: status for status in OrderStatus}
    listed[None] = None

    def structure(value: Any, _: object) -> OrderStatus | None:
        try:
            return listed[value]
        except KeyError:
            status = OrderStatus(value)
            log_once(f"unlisted status {value!r}")
            return status

    return structure


_MODELS = (
    ListedMeta,
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderPhoneNumber,
    RegulatoryRequirement,
    SubNumberOrder,
)


def _is_model(wanted: Any) -> bool:
    return wanted in _MODELS


def _is_tuple(wanted: Any) -> bool:
    return get_origin(wanted) is tuple


def _tuple_factory(wanted: Any, converter: cattrs.Converter) -> StructureHook:
    row_type = get_args(wanted)[0]
    rows: Any = list.__class_getitem__(row_type)
    structure_rows = list_structure_factory(rows, converter)
    structure_row = converter.get_structure_hook(row_type)

    def structure(value: object, _: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError(f"expected a list, got {_named(value)}")
        if converter.detailed_validation:
            return in_detail(cast("Sequence[object]", value))
        return tuple(structure_rows(value, rows))

    def in_detail(values: Sequence[object]) -> tuple[object, ...]:
        # As cattrs does, which would not stop after so many.
        structured: list[object] = []
        faults: list[Exception] = []
        for index, value in enumerate(values):
            try:
                structured.append(structure_row(value, row_type))
            except MALFORMED as error:
                where = f"Structuring {rows} @ index {index}"
                error.add_note(cattrs.IterableValidationNote(where, index, row_type))
                faults.append(error)
                if len(faults) == MOST_FAULTS:
                    break
        if faults:
            what = f"While structuring {rows!r}"
            # pyright sees `ExceptionGroup.__init__`, which takes no class.
            raise cattrs.IterableValidationError(what, faults, rows)  # pyright: ignore[reportCallIssue]
        return tuple(structured)

    return structure


def _model_factory(
    log_once: Callable[[str], None],
) -> Callable[[Any, cattrs.Converter], StructureHook]:
    def factory(wanted: Any, converter: cattrs.Converter) -> StructureHook:
        fields = attrs.fields(wanted)
        lists: dict[str, Any] = {
            field.name: override(struct_hook=_or_empty(converter.get_structure_hook(field.type)))
            for field in fields
            if _is_tuple(field.type)
        }
        generated = make_dict_structure_fn(wanted, converter, **lists)
        listed = {field.name for field in fields}

        def structure(value: Any, _: object) -> object:
            # A string has no keys either, and would pass for an object whose fields are missing.
            if not isinstance(value, dict):
                raise TypeError(f"expected a mapping, got {_named(value)}")
            row = cast("dict[str, Any]", value)
            if logger.isEnabledFor(logging.DEBUG):
                for key in row.keys() - listed:
                    log_once(f"unlisted key {wanted.__name__}.{key}")
            return generated(row, wanted)

        return structure

    return factory


def _or_empty(hook: StructureHook) -> StructureHook:
    def structure(value: object, wanted: object) -> object:
        return () if value is None else hook(value, wanted)

    return structure


def _once_logger(redact: Callable[[str], str]) -> Callable[[str], None]:
    """Make a function that logs each text once, as long as its converter lives."""
    logged: set[str] = set()

    def log_once(text: str) -> None:
        shown = one_line(redact(text))
        if shown not in logged and len(logged) < REMEMBERED:
            logged.add(shown)
            logger.debug("the API sent an %s", shown)

    return log_once
