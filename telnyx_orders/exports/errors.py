"""What goes wrong with an export. `telnyx_orders.errors` draws the whole tree."""

from os import PathLike, fspath

from telnyx_orders.errors import TelnyxError

__all__ = ["ExportError", "ExportInProgressError"]


class ExportError(TelnyxError):
    """An export could not be made, or not be finished. Nothing stands under its name but what was.

    Attributes:
        path: The file that was to be written.
        orders: How many orders are kept beside it, for `resume=True`.
        reason: Why it stopped, without the path and the advice.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | PathLike[str],
        orders: int = 0,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.path: str = fspath(path)
        self.orders = orders
        self.reason: str = message if reason is None else reason


class ExportInProgressError(ExportError):
    """Another export to the same file is running: wait for its end, or choose another name."""
