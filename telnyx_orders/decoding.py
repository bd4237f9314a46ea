"""The bytes of an answer, turned into an object, or into an error that names the place.

cattrs says what an answer becomes. Where msgspec is installed, and no converter of the user's own
is in its place, the fast path does the same (`telnyx_orders.fast_decoding`).

Bodies are structured without cattrs' detailed validation, which doubles the time. Only a body that
fails is structured a second time with it, to say where it went wrong.
"""

import json
import logging
import math
from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import attrs
import cattrs
from attrs import frozen

from telnyx_orders.error_details import one_line
from telnyx_orders.errors import ResponseDecodeError
from telnyx_orders.models import NumberOrder, OrderStatus
from telnyx_orders.serialization import MALFORMED

if TYPE_CHECKING:
    from telnyx_orders.fast_decoding import FastDecoder

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]  # mypy knows it as a module only

__all__ = ["BodyDecoder", "find_fast_decoder"]

logger: logging.Logger = logging.getLogger("telnyx_orders")

T = TypeVar("T")

LOOKED_AT = 10_000
"""How many bytes or characters of a value are looked at to show the beginning of it."""


@frozen(eq=False, repr=False)
class BodyDecoder:
    """Turns the bytes of a successful answer into an object.

    Attributes:
        converter: The cattrs converter that says how.
        redact: Takes secrets out of a text that an error shows.
        fast: What does the same as the converter, faster.
    """

    converter: cattrs.Converter
    redact: Callable[[str], str] = str
    fast: "FastDecoder | None" = None

    def decode(self, body: bytes, wanted: type[T]) -> T:
        """Structure a JSON body.

        Raises:
            ResponseDecodeError: It is no JSON, which can pass (`transient`), or has another shape
                than `wanted`.
        """
        fast = self._usable_fast()
        decoded = None if fast is None else fast.decode(body, wanted)
        return self.structure(body, wanted) if decoded is None else decoded

    def decode_in_slices(
        self, body: bytes, wanted: type[T], on_slice: Callable[[Sequence[object]], object]
    ) -> Generator[None, None, T | None]:
        """Structure a large JSON body, giving way again and again; `None` is left to `decode`.

        Args:
            body: The body.
            wanted: What it becomes.
            on_slice: Called with the rows of each slice of a page.
        """
        fast = self._usable_fast()
        if fast is None:
            return None
        return (yield from fast.decode_in_slices(body, wanted, on_slice))

    def _usable_fast(self) -> "FastDecoder | None":
        # Only the converter logs what is not listed.
        return None if logger.isEnabledFor(logging.DEBUG) else self.fast

    def structure(self, body: bytes, wanted: type[T]) -> T:
        """Structure a JSON body by the converter; see `decode`."""
        try:
            value = _parse(body)
        except (ValueError, RecursionError) as error:
            got = f"{self._shorten(repr(body[:LOOKED_AT]))}: {self._shorten(str(error))}"
            raise ResponseDecodeError("$", "JSON", got, transient=True) from None
        try:
            return self.converter.structure(value, wanted)
        except MALFORMED as error:
            fault: Exception = error
        try:
            self.converter.copy(detailed_validation=True).structure(value, wanted)
        except MALFORMED as error:
            fault = error
        raise self._explain(fault, value, wanted) from None

    def _explain(self, error: BaseException, value: Any, wanted: Any) -> ResponseDecodeError:
        """Follow the first fault that cattrs found down to the value that caused it."""
        path, order_id, got = "$", None, None
        if not isinstance(error, cattrs.BaseValidationError) and str(error):
            got = f"{self._shown(value)}: {self._shorten(str(error))}"
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
        text = ""
        try:
            # Not dumps() of the whole, which may be as large as a body can be.
            for part in _ENCODER.iterencode(value):
                text += part
                if len(text) > LOOKED_AT:
                    break
        except RecursionError:
            return "something nested too deeply"
        return self._shorten(text)

    def _shorten(self, text: str) -> str:
        # In this order: a secret that is cut in two would not be found.
        return one_line(self.redact(text), 100)


def find_fast_decoder() -> "FastDecoder | None":
    """Give the fast path, where what it needs is installed."""
    if find_spec("msgspec") is None:
        return None
    from telnyx_orders.fast_decoding import FastDecoder

    return FastDecoder()


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _place(error: BaseException) -> Any:
    """Give the note in which cattrs says where an error is; only its own are not plain text."""
    return next((one for one in getattr(error, "__notes__", ()) if type(one) is not str), None)


def _parse(body: bytes) -> object:
    if orjson is not None:
        return orjson.loads(body)

    # Decoded here, since json would also take UTF-16 and UTF-32.
    value: object = json.loads(
        body.decode(), parse_constant=_refuse, parse_int=_integer, parse_float=_finite
    )
    if b"\\ud" in body.lower():
        # Half of a surrogate pair is no text; encoding it fails.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(constant: str) -> object:
    # json takes NaN and Infinity, which are no JSON (RFC 8259, section 6); orjson does not.
    raise ValueError(f"{constant} is no JSON")


def _integer(digits: str) -> float:
    # As with orjson, what 64 bits do not hold is no integer: arithmetic with it could fail.
    if len(digits) <= 20 and -(2**63) <= (number := int(digits)) < 2**64:
        return number
    return _finite(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number beyond what a float can be")
    return number


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
