"""`telnyx-orders doctor`: its options and its help."""

import asyncio
from typing import Annotated

from telnyx_orders.cli.diagnosis import diagnose
from telnyx_orders.cli.parameters import flag

__all__ = ["doctor"]


def doctor(*, sandbox: Annotated[bool, flag()] = False) -> None:
    """See whether all is well: versions, key, server, clock and rate limit, on one screen.

    It asks for one page with one order, once. Exits with 1 if something is wrong.

        $ telnyx-orders doctor

    Args:
        sandbox: Ask a built-in server instead of the API.
    """
    asyncio.run(diagnose(sandbox=sandbox))
