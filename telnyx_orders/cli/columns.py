"""`--columns`: which fields of an order are shown, and in which sequence."""

from difflib import get_close_matches

from telnyx_orders.cli.failures import UsageError
from telnyx_orders.exports.csv_rows import COLUMNS

__all__ = ["columns"]


def columns(text: str) -> tuple[str, ...]:
    """Read names that commas separate.

    Raises:
        UsageError: There is no such column, or one is named twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in COLUMNS:
            meant = get_close_matches(name, COLUMNS, n=1)
            hint = f'Did you mean "{meant[0]}"?' if meant else f"There are {', '.join(COLUMNS)}."
            raise UsageError(f'there is no column "{name}". {hint}')
        if names.count(name) > 1:
            raise UsageError(f'the column "{name}" is named twice')
    return names
