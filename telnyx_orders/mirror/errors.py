"""What goes wrong with a mirror. `telnyx_orders.errors` draws the whole tree."""

from telnyx_orders.errors import TelnyxError

__all__ = ["MirrorError"]


class MirrorError(TelnyxError):
    """The mirror cannot be used: the message says why. What it held is as it was."""
