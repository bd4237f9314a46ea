"""What each endpoint but the listing of orders answers: values in, values out."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import frozen

from telnyx_orders.sandbox.account import Account
from telnyx_orders.sandbox.order_requests import read_group, read_order, read_update
from telnyx_orders.sandbox.part_answers import (
    number_answer,
    sub_order_answer,
    sub_order_group_answer,
)
from telnyx_orders.sandbox.parts import CANCELLED
from telnyx_orders.sandbox.query import flag
from telnyx_orders.sandbox.refusals import not_there
from telnyx_orders.sandbox.sub_order_query import read_sub_order_filters

_INCLUDE: Final = "filter[include_phone_numbers]"


@frozen
class Asked:
    """One request, read.

    Attributes:
        path: Its path, to be named in an error.
        id: The id in its path, or nothing.
        query: Its query parameters, decoded.
        body: Its body.
    """

    path: str
    id: str
    query: Mapping[str, str]
    body: bytes


Answer = Callable[[Asked, int], object]
"""Does what was asked for at a time in microseconds, and returns the JSON of the answer.

It raises `RefusedError` or `BadParameterError` instead, and then has done nothing.
"""


class Endpoints:
    """The endpoints of one account, by method and path."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ordering = account.ordering
        self.all: Mapping[tuple[str, str], Answer] = {
            ("POST", "/number_orders"): self._place,
            ("GET", "/number_orders/{id}"): self._order,
            ("PATCH", "/number_orders/{id}"): self._update_order,
            ("GET", "/sub_number_orders"): self._sub_orders,
            ("GET", "/sub_number_orders/{id}"): self._sub_order,
            ("PATCH", "/sub_number_orders/{id}"): self._update_sub_order,
            ("PATCH", "/sub_number_orders/{id}/cancel"): self._cancel,
            ("POST", "/sub_number_orders/{id}/requirement_group"): self._sub_order_group,
            ("GET", "/number_order_phone_numbers"): self._numbers,
            ("GET", "/number_order_phone_numbers/{id}"): self._number,
            ("PATCH", "/number_order_phone_numbers/{id}"): self._update_number,
            ("POST", "/number_order_phone_numbers/{id}/requirement_group"): self._number_group,
        }

    def _place(self, asked: Asked, now: int) -> object:
        return {"data": self._account.order(self._account.place(read_order(asked.body), now))}

    def _order(self, asked: Asked, _now: int) -> object:
        return {"data": self._account.order(self._serial(asked))}

    def _update_order(self, asked: Asked, now: int) -> object:
        serial, update = self._serial(asked), read_update(asked.body)
        if update.values:
            self._ordering.answer(serial, update.values, now)
        if update.reference is not None:
            self._ordering.refer(serial, update.reference, now)
        return {"data": self._account.order(serial)}

    def _sub_orders(self, asked: Asked, _now: int) -> object:
        account = self._account
        filters = read_sub_order_filters(asked.query, account.orders.statuses)
        include = flag(asked.query, _INCLUDE) or False
        return _whole_list(
            sub_order_answer(row, sub_order, account.user_id, include_numbers=include)
            for serial in self._within(filters.order_id)
            for row in (account.row(serial),)
            for sub_order in self._ordering.parts(serial).sub_orders
            if filters.match(sub_order)
        )

    def _within(self, order_id: str | None) -> Iterable[int]:
        orders = self._account.orders
        if order_id is None:
            return orders.listing
        try:
            return (orders.serial_of(order_id),)
        except KeyError:
            return ()

    def _sub_order(self, asked: Asked, _now: int) -> object:
        include = flag(asked.query, _INCLUDE) or False
        return self._given_sub_order(
            self._serial_of_sub_order(asked), asked.id, include_numbers=include
        )

    def _update_sub_order(self, asked: Asked, now: int) -> object:
        serial, update = self._serial_of_sub_order(asked), read_update(asked.body)
        if update.values:
            self._ordering.answer(serial, update.values, now, within=asked.id)
        return self._given_sub_order(serial, asked.id)

    def _cancel(self, asked: Asked, now: int) -> object:
        serial = self._serial_of_sub_order(asked)
        self._ordering.end_sub_order(serial, asked.id, CANCELLED, now)
        return self._given_sub_order(serial, asked.id)

    def _sub_order_group(self, asked: Asked, now: int) -> object:
        serial = self._serial_of_sub_order(asked)
        self._ordering.assign_group(serial, read_group(asked.body), now, within=asked.id)
        sub_order = self._ordering.parts(serial).sub_order(asked.id)
        return {"data": sub_order_group_answer(self._account.row(serial), sub_order)}

    def _numbers(self, asked: Asked, _now: int) -> object:
        country = asked.query.get("filter[country_code]")
        return _whole_list(
            number_answer(row, sub_order, number)
            for serial in self._account.orders.listing
            for row in (self._account.row(serial),)
            for sub_order in self._ordering.parts(serial).sub_orders
            if country in (None, sub_order.kind.country)
            for number in sub_order.numbers
        )

    def _number(self, asked: Asked, _now: int) -> object:
        return self._given_number(self._serial_of_number(asked), asked.id)

    def _update_number(self, asked: Asked, now: int) -> object:
        serial, update = self._serial_of_number(asked), read_update(asked.body)
        if update.values:
            self._ordering.answer(serial, update.values, now, within=asked.id)
        return self._given_number(serial, asked.id)

    def _number_group(self, asked: Asked, now: int) -> object:
        serial = self._serial_of_number(asked)
        self._ordering.assign_group(serial, read_group(asked.body), now, within=asked.id)
        return self._given_number(serial, asked.id, of_group=True)

    def _serial(self, asked: Asked) -> int:
        try:
            return self._account.orders.serial_of(asked.id)
        except KeyError:
            raise not_there(asked.path) from None

    def _serial_of_sub_order(self, asked: Asked) -> int:
        try:
            serial = self._ordering.order_of(asked.id)
            self._ordering.parts(serial).sub_order(asked.id)
        except KeyError:
            raise not_there(asked.path) from None
        return serial

    def _serial_of_number(self, asked: Asked) -> int:
        try:
            serial = self._ordering.order_of(asked.id)
            self._ordering.parts(serial).holding(asked.id)
        except KeyError:
            raise not_there(asked.path) from None
        return serial

    def _given_sub_order(
        self, serial: int, sub_order_id: str, *, include_numbers: bool = False
    ) -> object:
        return {
            "data": sub_order_answer(
                self._account.row(serial),
                self._ordering.parts(serial).sub_order(sub_order_id),
                self._account.user_id,
                include_numbers=include_numbers,
            )
        }

    def _given_number(self, serial: int, number_id: str, *, of_group: bool = False) -> object:
        sub_order, number = self._ordering.parts(serial).holding(number_id)
        return {
            "data": number_answer(self._account.row(serial), sub_order, number, of_group=of_group)
        }


def _whole_list(rows: Iterable[object]) -> object:
    """A listing that knows no pages: all of it, as the only page."""
    data = list(rows)
    meta = {
        "total_pages": 1,
        "total_results": len(data),
        "page_number": 1,
        "page_size": max(1, len(data)),
    }
    return {"data": data, "meta": meta}
