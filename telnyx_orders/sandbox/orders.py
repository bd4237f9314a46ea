"""The orders of an account: in their listing order, filtered, and changed."""

import json
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Final

from telnyx_orders.sandbox import times
from telnyx_orders.sandbox.columns import IDENTITY_BYTES, draw_counts, seeded_columns
from telnyx_orders.sandbox.kept_rows import KeptRows
from telnyx_orders.sandbox.matching import matching
from telnyx_orders.sandbox.query import EVERYTHING, Filters
from telnyx_orders.sandbox.rows import (
    Texts,
    part_ids,
    reference_member,
    row_text,
    to_json,
    uuid_text,
)

_MET_TEXT: Final = {1: "true", 0: "false", -1: "null"}
_MAX_KEPT_SELECTIONS: Final = 16
_AHEAD_AT_ONCE: Final = 25  # rows, which take 0.15 ms
_MAX_COUNT: Final = 2**31 - 1  # what the column holds

MAX_NUMBERS: Final = 10_000
"""The most phone numbers that are made up for one order."""


class ListingOrder(StrEnum):
    """In which order the listing gives the orders; the API documents none."""

    NEWEST_FIRST = "newest"
    OLDEST_FIRST = "oldest"
    BY_ID = "id"


class OrderBook:
    """The orders of one account. "Serial" is an order's index, see `columns`."""

    def __init__(
        self,
        count: int,
        *,
        seed: int,
        order_by: ListingOrder = ListingOrder.NEWEST_FIRST,
        numbers_per_order: int | None = None,
    ) -> None:
        self._columns = seeded_columns(count, seed=seed, numbers_per_order=numbers_per_order)
        self._random = Random(f"{seed}/inserted")
        self._numbers_per_order = numbers_per_order
        self._updated: dict[int, int] = {}
        self._overlays: dict[int, dict[str, object]] = {}
        self._status_texts = Texts(self._columns.statuses, to_json)
        self._reference_members = Texts(self._columns.references, reference_member)
        self._kept_rows = KeptRows()
        self._serials: dict[str, int] | None = None  # by id; made when first asked for
        self._selections: dict[Filters, array[int]] = {}
        self._order_by = order_by
        # Seeded orders have ascending times; `_place` puts later ones between them.
        self._listing = array("i", range(count))
        if order_by is ListingOrder.NEWEST_FIRST:
            self._listing.reverse()
        elif order_by is ListingOrder.BY_ID:
            self._listing = array("i", sorted(range(count), key=self.id_of))

    def __len__(self) -> int:
        return len(self._listing)

    @property
    def next_serial(self) -> int:
        """The serial of the next order to be inserted. Serials are never used again."""
        return len(self._columns)

    @property
    def listing(self) -> Sequence[int]:
        """The serials of the present orders, in listing order."""
        return self._listing

    @property
    def statuses(self) -> Sequence[object]:
        """Every status known: those of the API, and those that orders were given."""
        return self._columns.statuses

    def id_of(self, serial: int) -> str:
        """The id of an order."""
        if serial in self._overlays:
            named = self._overlays[serial].get("id")
            if isinstance(named, str):
                return named
        return uuid_text(self._columns.identity_of(serial).hex())

    def status_of(self, serial: int) -> object:
        """The status of an order."""
        return self._columns.statuses[self._columns.status[serial]]

    def serial_of(self, order_id: str) -> int:
        """The serial of a present order.

        Raises:
            KeyError: No order has this id.
        """
        serial = self._by_id().get(order_id)
        if serial is None:
            raise KeyError(f"the sandbox has no order with the id {order_id!r}")
        return serial

    def select(self, filters: Filters) -> Sequence[int]:
        """The serials of the orders that match, in listing order."""
        if filters == EVERYTHING:
            return self._listing
        chosen = self._selections.get(filters)
        if chosen is None:
            if len(self._selections) >= _MAX_KEPT_SELECTIONS:
                self._selections.clear()
            # Kept until the next change: whoever reads a filtered listing asks for page after page.
            chosen = self._selections[filters] = array(
                "i", matching(self._columns, self._listing, filters)
            )
        return chosen

    def rows(self, serials: Iterable[int]) -> list[bytes]:
        """The JSON of orders, as the listing gives them. What is written for it is kept."""
        kept = self._kept_rows.get
        return [kept(serial) or self._write_and_keep(serial) for serial in serials]

    def _write_and_keep(self, serial: int) -> bytes:
        row = self.row(serial)
        self._kept_rows.keep(serial, row)
        return row

    def write_ahead(self, serials: Iterable[int]) -> Iterator[None]:
        """Write the rows that are not kept yet, giving way after each few of them."""
        kept = self._kept_rows
        missing = [serial for serial in serials if kept.get(serial) is None]
        for start in range(0, len(missing), _AHEAD_AT_ONCE):
            if kept.full:
                return
            self.rows(missing[start : start + _AHEAD_AT_ONCE])
            yield

    def row(self, serial: int) -> bytes:
        """The JSON of one order, as the listing gives it."""
        columns = self._columns
        text = row_text(
            columns.identity_of(serial),
            columns.created[serial],
            self._updated.get(serial),
            min(max(columns.count[serial], 0), MAX_NUMBERS),
            self._status_texts[columns.status[serial]],
            _MET_TEXT[columns.met[serial]],
            self._reference_members[columns.reference[serial]],
        )
        overlay = self._overlays.get(serial)
        if overlay:
            text = to_json(json.loads(text) | overlay)
        return text.encode()

    def insert(self, fields: Mapping[str, object], *, now: int) -> int:
        """Create an order with some fields given, the others made up; returns its serial.

        Filters and ordering see the fields given. A list of `phone_numbers` without a
        `phone_numbers_count` is counted, and a `created_at` that is no time is listed and
        filtered as if it were `now`.

        Raises:
            ValueError: The id is not a text, or is taken.
            TypeError: A field has no form in JSON.
        """
        overlay: dict[str, object] = json.loads(to_json(fields, default=_time_text))
        numbers = overlay.get("phone_numbers")
        if isinstance(numbers, Sized):
            overlay.setdefault("phone_numbers_count", len(numbers))
        self._check_id(overlay)
        created = overlay.get("created_at")
        named = times.from_iso(created) if isinstance(created, str) else None
        columns = self._columns
        serial = columns.append(
            self._random.randbytes(IDENTITY_BYTES),
            created=now if named is None else named,
            status=overlay.get("status", "pending"),
            count=self._count_of(overlay),
            met=_met_of(overlay.get("requirements_met", True)),
            reference=overlay.get("customer_reference", self._random.choice(columns.references)),
        )
        if overlay:
            self._overlays[serial] = overlay
        self._updated[serial] = columns.created[serial]
        insort(self._listing, serial, key=self._place)
        if self._serials is not None:
            self._serials[self.id_of(serial)] = serial
        self._selections.clear()
        return serial

    def part_ids(self, serial: int) -> tuple[list[str], list[str]] | None:
        """The ids of an order's sub number orders and of its numbers, if they were made up here."""
        columns = self._columns
        overlay = self._overlays.get(serial, {})
        if "phone_numbers" in overlay or "sub_number_orders_ids" in overlay:
            return None
        count = min(max(columns.count[serial], 0), MAX_NUMBERS)
        return part_ids(columns.identity_of(serial), count)

    def remove(self, serial: int) -> None:
        """Take an order out of the listing."""
        order_id = self.id_of(serial)
        self._kept_rows.forget(serial)
        del self._listing[bisect_left(self._listing, self._place(serial), key=self._place)]
        if self._serials is not None:
            del self._serials[order_id]
        self._selections.clear()

    def change(
        self,
        serial: int,
        *,
        now: int,
        status: str | None = None,
        met: bool | None = None,
        reference: str | None = None,
    ) -> None:
        """Give an order other facts, and `now` as `updated_at`."""
        columns = self._columns
        changed = ["updated_at"]
        if status is not None:
            changed.append("status")
            columns.set_status(serial, status)
        if met is not None:
            changed.append("requirements_met")
            columns.met[serial] = met
        if reference is not None:
            changed.append("customer_reference")
            columns.set_reference(serial, reference)
        overlay = self._overlays.get(serial, {})
        for key in changed:
            overlay.pop(key, None)
        self._updated[serial] = max(now, columns.created[serial])
        self._kept_rows.forget(serial)
        self._selections.clear()

    def _check_id(self, overlay: Mapping[str, object]) -> None:
        if "id" not in overlay:
            return
        order_id = overlay["id"]
        if not isinstance(order_id, str) or not order_id:
            raise ValueError(f"id must be a text, not {order_id!r}")
        if order_id in self._by_id():
            raise ValueError(f"the sandbox already has an order with the id {order_id!r}")

    def _count_of(self, overlay: Mapping[str, object]) -> int:
        if "phone_numbers_count" not in overlay:
            return draw_counts(self._random, 1, self._numbers_per_order)[0]
        count = overlay["phone_numbers_count"]
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MAX_COUNT:
            return count
        return -1

    def _by_id(self) -> dict[str, int]:
        if self._serials is None:
            self._serials = {self.id_of(serial): serial for serial in self._listing}
        return self._serials

    def _place(self, serial: int) -> tuple[int, int, str]:
        """What the listing is sorted by."""
        created = self._columns.created[serial]
        match self._order_by:
            case ListingOrder.NEWEST_FIRST:
                return (-created, -serial, "")
            case ListingOrder.OLDEST_FIRST:
                return (created, serial, "")
            case ListingOrder.BY_ID:
                return (0, 0, self.id_of(serial))


def _met_of(value: object) -> int:
    return int(value) if isinstance(value, bool) else -1


def _time_text(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} has no form in JSON")
    return times.to_iso(times.from_datetime(value))
