"""The formats of an export: which one a name means, and what its rows are in bytes."""

import gzip
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import frozen

from telnyx_orders.exports.parquet import ArrowRows, write_parquet
from telnyx_orders.exports.text_rows import CsvRows, NdjsonRows, TextRows
from telnyx_orders.models import NumberOrder
from telnyx_orders.serialization import make_converter

__all__ = ["ExportFormat", "Form", "choose_form", "to_dicts"]


class ExportFormat(StrEnum):
    """How orders are written."""

    NDJSON = "ndjson"
    """One order a line, as JSON."""
    CSV = "csv"
    """A table for spreadsheets: one row an order, or one a number."""
    PARQUET = "parquet"
    """Columns with nested types; needs the extra `arrow`."""


@frozen(kw_only=True)
class Form:
    """How the bytes of an export come about.

    Attributes:
        name: Which form it is, with all that its bytes depend on.
        header: What stands before the first order.
        rows: Gives the bytes of some orders, which can be appended to what there is.
        finish: Makes the file of the bytes, if that is another one.
    """

    name: str
    header: bytes
    rows: Callable[[Sequence[NumberOrder]], bytes]
    finish: Callable[[Path, Path], None] | None = None


def choose_form(path: Path, given: ExportFormat | str | None, *, explode: bool) -> Form:
    """Choose by a file's name, or by the format that was given.

    Raises:
        ValueError: The name says nothing, or the choice makes no sense.
        ConfigurationError: pyarrow is needed, and not installed.
    """
    suffixes = [one.lower().removeprefix(".") for one in path.suffixes]
    compressed = bool(suffixes) and suffixes[-1] == "gz"
    named = suffixes[-2:-1] if compressed else suffixes[-1:]
    if given is not None:
        chosen = _format(given)
    elif named and named[0] in list(ExportFormat):
        chosen = ExportFormat(named[0])
    else:
        raise ValueError(
            f"path: {path.name!r} does not say which format to write. End it with .ndjson, .csv or "
            ".parquet (.gz may follow the first two), or give format="
        )
    if explode and chosen is not ExportFormat.CSV:
        raise ValueError(f"explode: only csv has rows to explode, and this is {chosen}")
    if chosen is ExportFormat.PARQUET:
        if compressed:
            raise ValueError("path: a Parquet file is compressed within; leave out .gz")
        arrow = ArrowRows()
        return Form(name="parquet", header=arrow.header, rows=arrow.rows, finish=write_parquet)
    text: TextRows = NdjsonRows() if chosen is ExportFormat.NDJSON else CsvRows(explode=explode)
    packed = _gzipped if compressed else _plain
    name = f"{chosen}{' exploded' if explode else ''}{' gz' if compressed else ''}"

    def rows(orders: Sequence[NumberOrder]) -> bytes:
        return packed(text.rows(orders)) if orders else b""

    return Form(name=name, header=packed(text.header), rows=rows)


def _format(given: ExportFormat | str) -> ExportFormat:
    try:
        return ExportFormat(given)
    except ValueError:
        known = ", ".join(ExportFormat)
        raise ValueError(f"format: expected one of {known}, got {given!r:.80}") from None


def to_dicts(orders: Iterable[NumberOrder]) -> list[dict[str, Any]]:
    """Give orders as plain dictionaries with the keys of the API, as JSON would have them.

    Example:
        >>> rows = to_dicts(await client.number_orders.list().collect())
    """
    converter = make_converter()
    return [converter.unstructure(order) for order in orders]


def _plain(text: str) -> bytes:
    # A lone surrogate becomes the very escape that JSON has for it.
    return text.encode(errors="backslashreplace")


def _gzipped(text: str) -> bytes:
    # A member of its own: members one after the other are one file (RFC 1952, section 2.2).
    return gzip.compress(_plain(text), mtime=0)
