"""Fetch every Telnyx number order of an account: asyncio-first, concurrent and typed.

The names are those of `telnyx_orders.public`, which is loaded with the first of them that is used:
pytest loads this package, for its plugin, in every test run of an environment that has it, most of
which need nothing of it.
"""

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telnyx_orders.public import *  # noqa: F403


def __getattr__(name: str) -> object:
    # Not `from telnyx_orders import public`, which would ask here for `public`.
    public = importlib.import_module("telnyx_orders.public")
    try:
        return getattr(public, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *importlib.import_module("telnyx_orders.public").__all__})


# Without it Python would print the warnings of an application that set up no logging.
logging.getLogger(__name__).addHandler(logging.NullHandler())
