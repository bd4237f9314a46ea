"""What goes wrong with an export. `telnyx_orders.errors` draws the whole tree."""

from os import PathLike, fspath

from telnyx_orders.errors import TelnyxError

__all__ = ["ExportError"]


class ExportError(TelnyxError):
    """An export could not be made, or not be finished. Nothing stands under its name but what was.

    Attributes:
        path: The file that was to be written.
        orders: How many orders are kept beside it, for `resume=True`.
    """

    def __init__(self, message: str, *, path: str | PathLike[str], orders: int = 0) -> None:
        super().__init__(message)
        self.path: str = fspath(path)
        self.orders = orders
