"""What goes wrong with a mirror. `telnyx_orders.errors` draws the whole tree."""

from telnyx_orders.errors import TelnyxError

__all__ = ["MirrorError"]


class MirrorError(TelnyxError):
    """The mirror cannot be used: the message says why. What it held is as it was.

    Attributes:
        transient: Whether it can succeed later: another program keeps the file from being written.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient
