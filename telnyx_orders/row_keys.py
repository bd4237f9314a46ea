"""What a fetch remembers of an order: its id, as small as can be."""

import re
from collections.abc import Sequence

__all__ = ["RowKey", "row_keys"]

RowKey = int | str
"""The id of a row: the number that a UUID is, or any other id as it stands."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUIDS = re.compile(f"(?:{_UUID},)*")


def row_keys(ids: Sequence[str]) -> list[RowKey]:
    """Give the keys of the rows of a page.

    A UUID in its usual form (RFC 9562, section 4) becomes a number, of half the memory. An id of
    another form, such as one with capital letters, is kept as it stands: two ids that differ must
    never become one key.
    """
    text = "".join([f"{one}," for one in ids])
    # Counted, as one id may hold a comma.
    if text.count(",") == len(ids) and _UUIDS.fullmatch(text):
        return [int(digits, 16) for digits in text.replace("-", "").split(",")[:-1]]
    if len(ids) == 1:
        return list(ids)
    # Each by itself, so that an id has the same key whatever stands beside it.
    return [key for one in ids for key in row_keys([one])]
