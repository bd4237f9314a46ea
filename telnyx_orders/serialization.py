"""JSON in and out: bytes to attrs classes by way of cattrs, and back.

Bodies are structured without cattrs' detailed validation, which doubles the time. Only a body that
fails is structured a second time with it, to say where it went wrong.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
import cattrs
from attrs import frozen
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from telnyx_orders.errors import ResponseDecodeError, one_line
from telnyx_orders.models import NumberOrder, OrderPhoneNumber, OrderStatus, RegulatoryRequirement

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]  # mypy knows it as a module only


__all__ = ["BodyDecoder", "make_converter"]

logger = logging.getLogger("telnyx_orders")

T = TypeVar("T")

StructureHook = Callable[[Any, Any], Any]
"""What cattrs calls with a value and the type wanted; `Any` is its own signature."""

REMEMBERED = 1000
"""How many unlisted names are logged at most: a server must not fill the memory with them."""

MALFORMED = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    cattrs.BaseValidationError,
    cattrs.ForbiddenExtraKeysError,
)
"""What structuring raises when the data have another shape than the class."""


def make_converter(
    *, detailed_validation: bool = False, redact: Callable[[str], str] = str
) -> cattrs.Converter:
    """Make the cattrs converter between the API's JSON and the classes of this package.

    Use it to store orders and load them again, or add hooks to it and give it to `OrdersClient`.
    It coerces nothing: a number where the API promises a string is an error.

    Args:
        detailed_validation: Have cattrs collect every fault with its place, at twice the time.
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
    def structure(value: object, _: object) -> object:
        if type(value) in allowed:
            return value
        raise TypeError

    return structure


def _time_or_none(value: Any, wanted: object) -> datetime | None:
    return None if value is None else _time(value, wanted)


def _time(value: Any, _: object) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment


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


def _is_model(wanted: Any) -> bool:
    return wanted in (NumberOrder, OrderPhoneNumber, RegulatoryRequirement)


def _is_tuple(wanted: Any) -> bool:
    return get_origin(wanted) is tuple


def _tuple_factory(wanted: Any, converter: cattrs.Converter) -> StructureHook:
    rows: Any = list.__class_getitem__(get_args(wanted)[0])
    structure_rows = list_structure_factory(rows, converter)

    def structure(value: object, _: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError
        return tuple(structure_rows(value, rows))

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
                raise TypeError
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


@frozen
class BodyDecoder:
    """Turns the bytes of a successful answer into an object.

    Attributes:
        converter: The cattrs converter that says how.
        redact: Takes secrets out of a text that an error shows.
    """

    converter: cattrs.Converter
    redact: Callable[[str], str] = str

    def decode(self, body: bytes, wanted: type[T]) -> T:
        """Structure a JSON body.

        Raises:
            ResponseDecodeError: It is no JSON, which can pass (`transient`), or has another shape
                than `wanted`.
        """
        try:
            value = _parse(body)
        except (ValueError, RecursionError) as error:
            got = f"{self._shorten(repr(body))}: {self._shorten(str(error))}"
            raise ResponseDecodeError("$", "JSON", got, transient=True) from None
        try:
            return self.converter.structure(value, wanted)
        except MALFORMED as error:
            raise self._explained(value, wanted) or error from None

    def _explained(self, value: object, wanted: type[T]) -> ResponseDecodeError | None:
        try:
            self.converter.copy(detailed_validation=True).structure(value, wanted)
        except cattrs.BaseValidationError as error:
            return self._explain(error, value)
        except MALFORMED as error:
            detail = f": {self._shorten(str(error))}" if str(error) else ""
            return ResponseDecodeError("$", _describe(wanted), self._shown(value) + detail)
        return None

    def _explain(self, error: BaseException, value: Any) -> ResponseDecodeError:
        """Follow the first fault that cattrs found down to the value that caused it."""
        path, order_id, got = "$", None, None
        wanted: Any = None
        while got is None and isinstance(error, cattrs.BaseValidationError):
            is_object = type(value) is dict
            if isinstance(error, cattrs.ClassValidationError) and not is_object:
                wanted, got = error.cl, self._shown(value)
                break
            if error.cl is NumberOrder and isinstance(value.get("id"), str):
                order_id = self.redact(value["id"])
            wanted, error = error.cl, error.exceptions[0]
            note = _place(error)
            if note is None:
                got = self._shorten(str(error))
                break
            wanted = note.type
            step = note.name if is_object else note.index
            path += f".{step}" if is_object else f"[{step}]"
            if not is_object or step in value:
                value = value[step]
            else:
                # What the user's converter looks for under another name is somewhere in the object.
                got = "nothing" if isinstance(error, KeyError) else self._shown(value)
        got = self._shown(value) if got is None else got
        return ResponseDecodeError(path, _describe(wanted), got, order_id=order_id)

    def _shown(self, value: object) -> str:
        try:
            return self._shorten(json.dumps(value, ensure_ascii=False))
        except RecursionError:
            return "something nested too deeply"

    def _shorten(self, text: str) -> str:
        # In this order: a secret that is cut in two would not be found.
        return one_line(self.redact(text), 100)


def _place(error: BaseException) -> Any:
    """Give the note in which cattrs says where an error is; only its own are not plain text."""
    return next((one for one in getattr(error, "__notes__", ()) if type(one) is not str), None)


def _parse(body: bytes) -> object:
    if orjson is not None:
        return orjson.loads(body)

    def refuse(constant: str) -> object:
        # json takes NaN and Infinity, which are no JSON (RFC 8259, section 6); orjson does not.
        raise ValueError(f"{constant} is no JSON")

    # Decoded here, since json would also take UTF-16 and UTF-32.
    value: object = json.loads(body.decode(), parse_constant=refuse)
    if b"\\ud" in body.lower():
        # Half of a surrogate pair is no text; encoding it fails.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _describe(wanted: Any) -> str:
    """Say in the words of JSON what a type asks for."""
    if get_origin(wanted) is tuple:
        return "an array"
    types = get_args(wanted) or (wanted,)
    words = {
        str: "a string",
        int: "an integer",
        bool: "true or false",
        datetime: "an ISO 8601 time with its zone",
        OrderStatus: "a string",
        type(None): "null",
    }
    if any(attrs.has(one) for one in (*types, get_origin(wanted) or object)):
        return "an object"
    return " or ".join(words.get(one, getattr(one, "__name__", str(one))) for one in types)
