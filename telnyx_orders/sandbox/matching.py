"""Which orders a filtered listing has."""

from collections.abc import Sequence

from telnyx_orders.sandbox.columns import Columns
from telnyx_orders.sandbox.query import Filters


def matching(columns: Columns, serials: Sequence[int], filters: Filters) -> Sequence[int]:
    """The orders that match, in the order they are given in.

    Args:
        columns: The facts about them.
        serials: The orders to choose from.
        filters: What they must match.
    """
    chosen = serials
    if filters.status is not None:
        if filters.status not in columns.statuses:
            return ()
        status, wanted = columns.status, columns.statuses.index(filters.status)
        chosen = [serial for serial in chosen if status[serial] == wanted]
    if filters.reference is not None:
        if filters.reference not in columns.references:
            return ()
        reference, wanted = columns.reference, columns.references.index(filters.reference)
        chosen = [serial for serial in chosen if reference[serial] == wanted]
    if filters.count is not None:
        count, wanted = columns.count, filters.count
        chosen = [serial for serial in chosen if count[serial] == wanted]
    if filters.met is not None:
        met, wanted = columns.met, int(filters.met)
        chosen = [serial for serial in chosen if met[serial] == wanted]
    created = columns.created
    if filters.after is not None:
        after = filters.after
        chosen = [serial for serial in chosen if created[serial] > after]
    if filters.before is not None:
        before = filters.before
        chosen = [serial for serial in chosen if created[serial] < before]
    return chosen
