"""Orders into a file: streamed, proven complete, and gone on with after a crash.

`export` is what is used; the other files are its rooms: `windows` says which part of an account is
read next, `state` what is known on the disk of how far it came, `part_file` how rows get there,
`text_rows`, `csv_rows` and `parquet` what they look like, and `run` does it.
"""

from telnyx_orders.exports.errors import ExportError, ExportInProgressError
from telnyx_orders.exports.formats import ExportFormat, to_dicts
from telnyx_orders.exports.parquet import to_arrow
from telnyx_orders.exports.run import ExportProgress, ExportReport, export

__all__ = [
    "ExportError",
    "ExportFormat",
    "ExportInProgressError",
    "ExportProgress",
    "ExportReport",
    "export",
    "to_arrow",
    "to_dicts",
]
