"""The life of orders: placed, waiting for what is asked for, running, ended."""

import json
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from itertools import islice
from random import Random

from telnyx_orders.sandbox.agenda import Agenda
from telnyx_orders.sandbox.number_kinds import kind_of
from telnyx_orders.sandbox.order_requests import NumberRequest, OrderRequest
from telnyx_orders.sandbox.orders import OrderBook
from telnyx_orders.sandbox.part_index import PartIndex
from telnyx_orders.sandbox.parts import (
    PENDING,
    SUCCESS,
    NumberPart,
    OrderParts,
    SubOrder,
    kinds_of,
    parts_of,
    split,
)
from telnyx_orders.sandbox.refusals import ended, invalid
from telnyx_orders.sandbox.requirements import requirements_of
from telnyx_orders.sandbox.rows import uuid_text


class Ordering:
    """Places orders and changes them, by the rules of the API.

    An order is kept in parts only from the first change to one of them on; until then its parts
    are made from its row each time they are asked for.

    Args:
        orders: The orders.
        seed: What the ids of placed orders' parts are drawn from.
        regulated: The countries whose numbers wait for what is asked for.
        agenda: Where what happens by itself is entered.
        on_status: Called with the serial of an order that got another status, and the status
            that it had before.

    Attributes:
        settle_after: Microseconds until what runs becomes `success`; `None` for never.
    """

    def __init__(
        self,
        orders: OrderBook,
        *,
        seed: int,
        regulated: Container[str],
        agenda: Agenda,
        on_status: Callable[[int, object], None],
    ) -> None:
        self.settle_after: int | None = None
        self._orders = orders
        self._regulated = regulated
        self._agenda = agenda
        self._on_status = on_status
        self._random = Random(f"{seed}/placed")
        self._changed: dict[int, OrderParts] = {}
        self._index = PartIndex(orders, self.parts)

    def row(self, serial: int) -> dict[str, object]:
        """An order as the listing gives it."""
        row: dict[str, object] = json.loads(self._orders.row(serial))
        return row

    def parts(self, serial: int) -> OrderParts:
        """The parts of an order."""
        changed = self._changed.get(serial)
        return parts_of(self.row(serial), self._regulated) if changed is None else changed

    def order_of(self, part_id: str) -> int:
        """The serial of the order that has a sub number order, or a number, with this id.

        Raises:
            KeyError: No order has.
        """
        return self._index.serial_of(part_id)

    def with_sub_orders(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """The fields of an order, with the ids of what its numbers are split into, if given."""
        kinds = kinds_of(fields.get("phone_numbers"))
        if not kinds or "sub_number_orders_ids" in fields:
            return fields
        return {**fields, "sub_number_orders_ids": list(islice(self._new_ids(), len(kinds)))}

    def place(self, request: OrderRequest, now: int) -> int:
        """Place an order and return its serial."""
        ids = self._new_ids()
        numbers = [self._ordered(number, next(ids)) for number in request.numbers]
        parts = OrderParts(split(numbers, ids), numbers)
        fields = {
            **request.fields,
            "phone_numbers": [
                {"phone_number": number.phone_number, "id": number.id} for number in numbers
            ],
            "sub_number_orders_ids": [sub_order.id for sub_order in parts.sub_orders],
            "status": PENDING,
            "requirements_met": parts.approved,
        }
        serial = self._orders.insert(fields, now=now)
        self._changed[serial] = parts
        for sub_order in parts.sub_orders:
            sub_order.updated = now
            self._run_if_answered(serial, sub_order, now)
        return serial

    def refer(self, serial: int, reference: str, now: int) -> None:
        """Give an order another customer reference."""
        self._orders.change(serial, now=now, reference=reference)

    def answer(
        self, serial: int, values: Mapping[str, str], now: int, *, within: str | None = None
    ) -> None:
        """Give what the pending numbers of an order, or of one of its parts, ask for.

        Args:
            serial: The order.
            values: What is given, by the id of the requirement.
            now: The time.
            within: The id of a sub number order, or of a number, to which it is given; `None`
                gives it to all.

        Raises:
            RefusedError: The numbers are not pending, or do not ask for one of the values.
        """
        parts = self.parts(serial)
        chosen = _pending(parts, within)
        asked = {asked.id for _, number in chosen for asked in number.requirements}
        for requirement_id in values:
            if requirement_id not in asked:
                raise invalid(
                    "/regulatory_requirements", f"{requirement_id!r} is not asked for here"
                )
        for _, number in chosen:
            mine = {asked.id for asked in number.requirements}
            number.values.update({key: value for key, value in values.items() if key in mine})
        self._answered(serial, parts, chosen, now)

    def assign_group(self, serial: int, group: str, now: int, *, within: str) -> None:
        """Let a requirement group give all that is asked for within a part of an order.

        Raises:
            RefusedError: The numbers are not pending.
        """
        parts = self.parts(serial)
        chosen = _pending(parts, within)
        for _, number in chosen:
            number.group = group
        self._answered(serial, parts, chosen, now)

    def end_sub_order(self, serial: int, sub_order_id: str, status: str, now: int) -> None:
        """Give a pending sub number order the status that it ends with.

        Raises:
            RefusedError: It has ended.
        """
        parts = self.parts(serial)
        sub_order = parts.sub_order(sub_order_id)
        if sub_order.status != PENDING:
            raise ended("sub number order", sub_order.status)
        self._changed[serial] = parts
        self._end(serial, parts, sub_order, status, now)

    def settle(self, serial: int, status: str, now: int) -> None:
        """Give an order, and all of its parts, another status."""
        parts = self._changed.get(serial)
        if parts is not None:
            for sub_order in parts.sub_orders:
                _give(sub_order, status, now)
        self._update(serial, status, True if status == SUCCESS else None, now)

    def forget(self, serial: int) -> None:
        """Forget the parts of an order that is about to be removed."""
        self._changed.pop(serial, None)

    def _ordered(self, number: NumberRequest, number_id: str) -> NumberPart:
        kind = kind_of(number.phone_number)
        asked = requirements_of(kind.country) if kind.country in self._regulated else ()
        return NumberPart(
            number_id,
            number.phone_number,
            kind,
            asked,
            approved=not asked,
            group=number.group,
            bundle=number.bundle,
        )

    def _answered(
        self, serial: int, parts: OrderParts, chosen: list[tuple[SubOrder, NumberPart]], now: int
    ) -> None:
        self._changed[serial] = parts
        for sub_order in {id(sub_order): sub_order for sub_order, _ in chosen}.values():
            sub_order.updated = now
            self._run_if_answered(serial, sub_order, now)
        self._orders.change(serial, now=now)

    def _run_if_answered(self, serial: int, sub_order: SubOrder, now: int) -> None:
        if sub_order.running or not all(number.answered for number in sub_order.numbers):
            return
        sub_order.running = True
        if self.settle_after is not None:
            self._agenda.enter(now + self.settle_after, partial(self._succeed, serial, sub_order))

    def _succeed(self, serial: int, sub_order: SubOrder, now: int) -> None:
        parts = self._changed.get(serial)  # none if the order was removed meanwhile
        if parts is not None and sub_order.running:
            self._end(serial, parts, sub_order, SUCCESS, now)

    def _end(
        self, serial: int, parts: OrderParts, sub_order: SubOrder, status: str, now: int
    ) -> None:
        _give(sub_order, status, now)
        self._update(serial, parts.status, parts.approved or None, now)

    def _update(self, serial: int, status: str, met: bool | None, now: int) -> None:
        before = self._orders.status_of(serial)
        self._orders.change(serial, now=now, status=status, met=met)
        if before != status:
            self._on_status(serial, before)

    def _new_ids(self) -> Iterator[str]:
        while True:
            yield uuid_text(self._random.randbytes(16).hex())


def _give(sub_order: SubOrder, status: str, now: int) -> None:
    sub_order.status = status
    sub_order.updated = now
    sub_order.running = False
    for number in sub_order.numbers:
        number.approved = number.approved or status == SUCCESS


def _pending(parts: OrderParts, within: str | None) -> list[tuple[SubOrder, NumberPart]]:
    """The numbers within a part that can still be changed."""
    chosen = [
        (sub_order, number)
        for sub_order in parts.sub_orders
        for number in sub_order.numbers
        if within in (None, sub_order.id, number.id)
    ]
    pending = [(sub_order, number) for sub_order, number in chosen if sub_order.status == PENDING]
    if chosen and not pending:
        raise ended("order", chosen[0][0].status)
    return pending
