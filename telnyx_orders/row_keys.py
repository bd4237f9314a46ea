"""What a fetch remembers of an order: its id, as small as can be."""

import re
from collections.abc import Sequence

__all__ = ["RowKey", "row_keys"]

RowKey = int | str
"""The id of a row: the number that a UUID is, or any other id as it stands."""

_UUIDS = re.compile(r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12},)*")


def row_keys(ids: Sequence[str]) -> list[RowKey]:
    """Give the keys of the rows of a page.

    A UUID in its usual form (RFC 9562, section 4) becomes a number, of half the memory. Where any
    id of a page has another form, such as capital letters, all of them are kept as they stand: two
    ids that differ must never become one key.
    """
    text = "".join([f"{one}," for one in ids])
    if _UUIDS.fullmatch(text):
        return [int(digits, 16) for digits in text.replace("-", "").split(",")[:-1]]
    return list(ids)
