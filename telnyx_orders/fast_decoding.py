"""The fast path: JSON straight into the attrs classes, by msgspec.

What it gives is what the reference gives (`telnyx_orders.decoding`), in half the time. What it is
not sure of, it leaves to the reference, which also words every error. In values that nobody reads,
under keys that are not listed, it does not see two things for which the reference refuses a body:
numbers that no float can hold, and nesting beyond a thousand levels.
"""

import codecs
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from attrs import frozen
from msgspec import inspect

from telnyx_orders.models import Listed, ListedMeta, Page, PageMeta

__all__ = ["FastDecoder"]

T = TypeVar("T")

SLICE_BYTES = 128 * 1024
"""How much of a large page is decoded before giving way: a millisecond's work."""

UNSURE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
"""What msgspec raises for bodies that the reference may understand, or can explain."""

Doubt = Callable[[Sequence[Any]], bool]
"""Tells whether any of some instances of a class holds what only the reference decides."""


@frozen(eq=False, repr=False)
class _Plan:
    """How to decode one type.

    Attributes:
        decoder: Takes all of it at once.
        doubts: What to ask of the result.
        rows: How to decode it row by row, if it has rows.
    """

    decoder: msgspec.json.Decoder[Any]
    doubts: Sequence[Doubt]
    rows: "_RowPlan | None" = None


@frozen(eq=False, repr=False)
class _RowPlan:
    """How to decode one type row by row.

    Attributes:
        raw_decoder: Takes all of it, and leaves the rows as bytes.
        meta_doubts: What to ask of what stands beside the rows.
        decoder: Takes one row.
        doubts: What to ask of rows.
        whole: Puts the rows and what stands beside them together.
    """

    raw_decoder: msgspec.json.Decoder[Any]
    meta_doubts: Sequence[Doubt]
    decoder: msgspec.json.Decoder[Any]
    doubts: Sequence[Doubt]
    whole: Callable[..., Any]


class _RawPage(msgspec.Struct):
    """A page whose rows are still bytes."""

    data: list[msgspec.Raw]
    meta: PageMeta


class _RawListed(msgspec.Struct):
    """A listing that came at once, whose rows are still bytes."""

    data: list[msgspec.Raw]
    meta: ListedMeta | None = None


class FastDecoder:
    """Decodes the types of this package; what it gives instead of `None` is right."""

    def __init__(self) -> None:
        self._plans: dict[object, _Plan] = {}

    def decode(self, body: bytes, wanted: type[T]) -> T | None:
        """Decode a body, or give `None` where the reference has to."""
        plan = self._plan(wanted)
        try:
            _check_text(body)
            value: T = plan.decoder.decode(body)
        except UNSURE:
            return None
        return None if _any_doubt(plan.doubts, [value]) else value

    def decode_in_slices(
        self, body: bytes, wanted: type[T], on_slice: Callable[[Sequence[object]], object]
    ) -> Generator[None, None, T | None]:
        """Decode a large body as `decode` does, giving way whenever a slice of it is done.

        Args:
            body: The body.
            wanted: What it becomes.
            on_slice: Called with the rows of each slice, if it has rows.
        """
        plan = self._plan(wanted).rows
        if plan is None:
            return self.decode(body, wanted)
        rows: list[Any] = []
        try:
            yield from _check_text_in_slices(body)
            raw = plan.raw_decoder.decode(body)
            yield
            for part in _slices(raw.data):
                decoded = [plan.decoder.decode(row) for row in part]
                if _any_doubt(plan.doubts, decoded):
                    return None
                on_slice(decoded)
                rows += decoded
                yield
        except UNSURE:
            return None
        if raw.meta is not None and _any_doubt(plan.meta_doubts, [raw.meta]):
            return None
        whole: T = plan.whole(data=tuple(rows), meta=raw.meta)
        return whole

    def _plan(self, wanted: Any) -> _Plan:
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans[wanted] = _make_plan(wanted)
        return plan


def _make_plan(wanted: Any) -> _Plan:
    decoder = msgspec.json.Decoder(wanted)
    doubts = _doubts(wanted)
    whole = get_origin(wanted)
    if whole not in _RAW:
        return _Plan(decoder, doubts)
    raw, meta = _RAW[whole]
    (row_type,) = get_args(wanted)
    rows = _RowPlan(
        msgspec.json.Decoder(raw),
        _doubts(meta),
        msgspec.json.Decoder(row_type),
        _doubts(row_type),
        whole,
    )
    return _Plan(decoder, doubts, rows)


_RAW: dict[Any, tuple[type, type]] = {Page: (_RawPage, PageMeta), Listed: (_RawListed, ListedMeta)}


def _slices(rows: Iterable[msgspec.Raw]) -> Iterator[list[msgspec.Raw]]:
    part: list[msgspec.Raw] = []
    size = 0
    for row in rows:
        part.append(row)
        size += memoryview(row).nbytes
        if size > SLICE_BYTES:
            yield part
            part, size = [], 0
    yield part


def _check_text(body: bytes) -> None:
    """Refuse what is no UTF-8; msgspec does not look at values that nobody wants."""
    if not body.isascii():
        body.decode()


def _check_text_in_slices(body: bytes) -> Iterator[None]:
    if body.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(body), SLICE_BYTES):
        decoder.decode(body[start : start + SLICE_BYTES])
        yield
    decoder.decode(b"", final=True)


def _any_doubt(doubts: Sequence[Doubt], values: Sequence[Any]) -> bool:
    return any(doubt(values) for doubt in doubts)


def _doubts(wanted: Any) -> Sequence[Doubt]:
    """List what to ask of instances: msgspec takes naive times, and integers beyond 64 bits."""
    model = inspect.type_info(wanted)
    return _model_doubts(model) if isinstance(model, inspect.DataclassType) else ()


def _model_doubts(model: inspect.DataclassType) -> Sequence[Doubt]:
    doubts: list[Doubt] = []
    for field in model.fields:
        values = partial(_values, attrgetter(field.name))
        kind: inspect.Type | None = field.type
        if isinstance(kind, inspect.UnionType):
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
        if isinstance(kind, inspect.VarTupleType):
            values, kind = partial(_items, values), kind.item_type
        inner: Sequence[Doubt] = ()
        if isinstance(kind, inspect.DateTimeType):
            inner = [_any_naive]
        elif isinstance(kind, inspect.IntType):
            inner = [_any_too_large]
        elif isinstance(kind, inspect.DataclassType):
            inner = _model_doubts(kind)
        doubts.extend(partial(_any_within, values, doubt) for doubt in inner)
    return doubts


def _any_within(
    values: Callable[[Sequence[Any]], list[Any]], doubt: Doubt, rows: Sequence[Any]
) -> bool:
    return doubt(values(rows))


def _values(get: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    return [value for value in map(get, rows) if value is not None]


def _items(tuples: Callable[[Sequence[Any]], list[Any]], rows: Sequence[Any]) -> list[Any]:
    return list(chain.from_iterable(tuples(rows)))


def _any_naive(moments: Sequence[datetime]) -> bool:
    return any(moment.tzinfo is None for moment in moments)


def _any_too_large(numbers: Sequence[int]) -> bool:
    return bool(numbers) and not (min(numbers) >= -(2**63) and max(numbers) < 2**64)
