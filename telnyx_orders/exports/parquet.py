"""Orders as Arrow tables and Parquet files, with nested lists and times in UTC.

While an export runs its orders stand in an Arrow stream, to which batches can be appended and which
can be read as far as it was written; a Parquet file can only be read once it is closed. At the end
the stream is read batch by batch and becomes the Parquet file.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from telnyx_orders.errors import ConfigurationError
from telnyx_orders.models import NumberOrder
from telnyx_orders.serialization import make_converter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROW_GROUP", "ArrowRows", "load_pyarrow", "to_arrow", "write_parquet"]

ROW_GROUP = 65_536
"""How many orders a row group has at least, but the last."""


def load_pyarrow() -> None:
    """Make sure that pyarrow is there.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import pyarrow as pa  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise ConfigurationError(
            "Arrow and Parquet need pyarrow: pip install 'telnyx-orders[arrow]'"
        ) from error


def schema() -> "pa.Schema":
    """Give the schema of orders: the fields of the API by their names."""
    import pyarrow as pa

    text, flag, moment = pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC")
    requirement = pa.struct(
        [
            (name, text)
            for name in ("requirement_id", "field_type", "field_value", "record_type", "status")
        ]
    )
    number = pa.struct(
        [
            ("id", text),
            ("phone_number", text),
            ("record_type", text),
            ("status", text),
            ("requirements_met", flag),
            ("requirements_status", text),
            ("bundle_id", text),
            ("country_code", text),
            ("country_iso_alpha2", text),
            ("phone_number_type", text),
            ("regulatory_requirements", pa.list_(requirement)),
        ]
    )
    columns: list[tuple[str, pa.DataType]] = [
        ("record_type", text),
        ("phone_numbers_count", pa.int64()),
        ("connection_id", text),
        ("messaging_profile_id", text),
        ("billing_group_id", text),
        ("phone_numbers", pa.list_(number)),
        ("sub_number_orders_ids", pa.list_(text)),
        ("status", text),
        ("customer_reference", text),
        ("created_at", moment),
        ("updated_at", moment),
        ("requirements_met", flag),
    ]
    order_id = pa.field("id", text, nullable=False)
    return pa.schema([order_id, *(pa.field(name, kind) for name, kind in columns)])


class ArrowRows:
    """Turns orders into batches of Arrow."""

    def __init__(self) -> None:
        load_pyarrow()
        self._schema = schema()
        self._converter = make_converter()

    @property
    def header(self) -> bytes:
        """What stands at the beginning of a stream."""
        return self._schema.serialize().to_pybytes()

    def rows(self, orders: Sequence[NumberOrder]) -> bytes:
        """Give a batch of some orders; nothing if there are none."""
        return self.batch(orders).serialize().to_pybytes() if orders else b""

    def batch(self, orders: Iterable[NumberOrder]) -> "pa.RecordBatch":
        """Give a batch of some orders."""
        import pyarrow as pa

        rows = [self._row(order) for order in orders]
        try:
            return pa.RecordBatch.from_pylist(rows, schema=self._schema)
        except UnicodeEncodeError:
            # A lone surrogate, which JSON can write and UTF-8 cannot.
            return pa.RecordBatch.from_pylist(_encodable(rows), schema=self._schema)

    def _row(self, order: NumberOrder) -> dict[str, object]:
        row: dict[str, object] = self._converter.unstructure(order)
        row["created_at"], row["updated_at"] = order.created_at, order.updated_at
        return row


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _encodable(one) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_encodable(one) for one in cast("Sequence[Any]", value)]
    return value


def to_arrow(orders: Iterable[NumberOrder]) -> "pa.Table":
    """Give orders as an Arrow table, with the schema of an exported Parquet file.

    Raises:
        ConfigurationError: pyarrow, of the extra `arrow`, is not installed.

    Example:
        >>> table = to_arrow(await client.number_orders.list().collect())
    """
    rows = ArrowRows()
    import pyarrow as pa

    return pa.Table.from_batches([rows.batch(orders)])


def write_parquet(stream: Path, path: Path) -> None:
    """Write the Parquet file of an Arrow stream."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        pa.OSFile(str(stream), "rb") as source,
        pa.ipc.open_stream(source) as batches,
        pq.ParquetWriter(path, batches.schema, compression="zstd") as writer,
    ):
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= ROW_GROUP:
                writer.write_table(pa.Table.from_batches(waiting), row_group_size=2 * ROW_GROUP)
                waiting.clear()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting), row_group_size=2 * ROW_GROUP)
