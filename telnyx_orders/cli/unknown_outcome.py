"""What to say of an order that may have been placed: what was sent, and how to find out. No I/O."""

import shlex
from datetime import timedelta

from telnyx_orders import OrderOutcomeUnknownError, PlacementOutcome
from telnyx_orders.cli.messages import tally
from telnyx_orders.placement import CLOCK_MARGIN

__all__ = ["unknown_outcome"]


def unknown_outcome(error: OrderOutcomeUnknownError, *, journal: bool) -> str:
    """Say what is known of the order, without the words of Python that the error has.

    Args:
        error: The error.
        journal: Whether the order is in a journal.
    """
    under = f" under {error.customer_reference!r}" if error.customer_reference else ""
    what = f"the order of {tally(error.phone_numbers)}{under}"
    sent = f"sent at {error.sent_at.isoformat(timespec='seconds')}"
    happened = f"What happened: {error.cause or 'it was interrupted'}"
    placement = error.placement
    if placement is not None and placement.outcome is PlacementOutcome.NOT_THERE:
        return f"{what}, {sent}, was not placed: {placement.reason}. {happened}"
    if placement is not None and placement.outcome is PlacementOutcome.FOUND:
        return f"{what}, {sent}: {placement.reason}. {happened}"
    looked = f" It was looked for, but {placement.reason}." if placement else ""
    return f"{what}, {sent}, may have been placed.{looked} {happened}. {_advice(error, journal)}"


def _how_to_look(error: OrderOutcomeUnknownError) -> str:
    """Give a command that lists the order if it was placed."""
    if error.customer_reference:
        # In one word, as the reference may begin with a hyphen.
        chosen = f"--customer-reference={error.customer_reference}"
    else:
        after = error.sent_at - CLOCK_MARGIN - timedelta(seconds=1)
        chosen = f"--created-after={after.isoformat(timespec='seconds')}"
    return f"telnyx-orders list {shlex.quote(chosen)}"


def _advice(error: OrderOutcomeUnknownError, journal: bool) -> str:
    if journal:
        return (
            "Run the same command again: the journal knows of it, so that it is looked for first, "
            "and bought only if it is not there"
        )
    return f"Do not order again before this shows whether it is there: {_how_to_look(error)}"
