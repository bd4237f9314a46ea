"""Whose a task, a timer or a connection is, so that what somebody left behind can be told."""

from contextvars import Context, ContextVar
from typing import Final

__all__ = ["NOBODY", "OWNER", "owner_of"]

NOBODY: Final = "nobody"

OWNER: Final = ContextVar("owner", default=NOBODY)
"""Set by whoever begins something; what follows from it inherits it, as asyncio copies contexts."""


def owner_of(context: Context | None) -> str:
    """Give the owner in a context; in the present one if `None`."""
    return OWNER.get() if context is None else context.get(OWNER, NOBODY)
