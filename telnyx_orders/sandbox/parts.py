"""What an order consists of: its numbers, and the sub number orders that they are split into.

An order is split by country and number type, and each sub number order runs on its own. Everything
here is a value; `ordering` says what happens to it, and `part_answers` how it is written.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Final, cast
from uuid import UUID, uuid5

from attrs import Factory, define

from telnyx_orders.sandbox.number_kinds import NumberKind, kind_of
from telnyx_orders.sandbox.requirements import Requirement, requirements_of

PENDING: Final = "pending"
SUCCESS: Final = "success"
FAILURE: Final = "failure"
CANCELLED: Final = "cancelled"

_NAMESPACE: Final = UUID("0d6ad6f1-52b5-4a3b-8a0e-2c8d6b0f4f10")


@define
class NumberPart:
    """One phone number of an order.

    Attributes:
        id: Its id, which is that of the listing.
        phone_number: In E.164 form.
        kind: Its country and type.
        requirements: What its country asks for; empty for most.
        values: What was given for it, by the requirement's id.
        approved: Whether all that is asked for was given and accepted.
        group: The requirement group that answers for all of it.
        bundle: The bundle it was ordered with.
    """

    id: str
    phone_number: str
    kind: NumberKind
    requirements: Sequence[Requirement] = ()
    values: dict[str, str] = Factory(dict[str, str])
    approved: bool = True
    group: str | None = None
    bundle: str | None = None

    @property
    def answered(self) -> bool:
        """Whether nothing is left to be given."""
        return (
            self.approved
            or self.group is not None
            or all(requirement.id in self.values for requirement in self.requirements)
        )


@define
class SubOrder:
    """The numbers of an order that are of one kind, or a part of these.

    Attributes:
        id: Its id, which is that of the listing.
        kind: The kind of its numbers.
        numbers: Its numbers.
        updated: When it last changed, in microseconds; `None` for when its order did.
        status: Where it stands. Its numbers stand where it does.
        running: Whether it will succeed by itself.
    """

    id: str
    kind: NumberKind
    numbers: list[NumberPart]
    status: str
    updated: int | None = None
    running: bool = False


@define
class OrderParts:
    """An order by its sub number orders, and its numbers in the order they were asked for."""

    sub_orders: list[SubOrder]
    numbers: list[NumberPart]

    @property
    def status(self) -> str:
        """The status of the whole: pending until every sub number order has ended."""
        statuses = {sub_order.status for sub_order in self.sub_orders}
        for decisive in (PENDING, FAILURE, SUCCESS):
            if decisive in statuses:
                return decisive
        return next(iter(statuses))

    @property
    def approved(self) -> bool:
        """Whether the requirements of all numbers are met."""
        return all(number.approved for number in self.numbers)

    def sub_order(self, sub_order_id: str) -> SubOrder:
        """A sub number order.

        Raises:
            KeyError: There is none with this id.
        """
        for sub_order in self.sub_orders:
            if sub_order.id == sub_order_id:
                return sub_order
        raise KeyError(sub_order_id)

    def holding(self, number_id: str) -> tuple[SubOrder, NumberPart]:
        """A number, and the sub number order that it is in.

        Raises:
            KeyError: There is none with this id.
        """
        for sub_order in self.sub_orders:
            for number in sub_order.numbers:
                if number.id == number_id:
                    return sub_order, number
        raise KeyError(number_id)


def split(
    numbers: Sequence[NumberPart], ids: Iterator[str], status: str = PENDING
) -> list[SubOrder]:
    """Split numbers by their kind, in the order in which the kinds appear."""
    by_kind: dict[NumberKind, list[NumberPart]] = {}
    for number in numbers:
        by_kind.setdefault(number.kind, []).append(number)
    return [SubOrder(next(ids), kind, members, status) for kind, members in by_kind.items()]


def kinds_of(phone_numbers: object) -> set[NumberKind]:
    """The kinds of what is, hopefully, the `phone_numbers` of an order."""
    return {kind_of(str(entry["phone_number"])) for entry in _entries(phone_numbers)}


def parts_of(row: Mapping[str, object], regulated: Container[str]) -> OrderParts:
    """The parts of an order that is known by its row of the listing only.

    Args:
        row: The row. Whoever made it may have put anything in it; what is no phone number is
            none of the parts.
        regulated: The countries that ask for something.
    """
    order_id, status = str(row["id"]), row.get("status")
    met = row.get("requirements_met") is not False
    numbers = [
        _number(order_id, place, entry, met, regulated)
        for place, entry in enumerate(_entries(row.get("phone_numbers")))
    ]
    ids = [str(given) for given in _list(row.get("sub_number_orders_ids"))]
    sub_orders = split(numbers, _ids(ids, order_id), status if isinstance(status, str) else PENDING)
    if len(sub_orders) == 1 < len(ids) <= len(numbers):
        _deal(sub_orders, ids)
    return OrderParts(sub_orders, numbers)


def _deal(sub_orders: list[SubOrder], ids: Sequence[str]) -> None:
    """Give the numbers of one kind to as many sub number orders as the row says there are.

    No two sub number orders of an order are of one kind, so the later ones are for numbers that
    belong to the whole country.
    """
    (whole,) = sub_orders
    numbers = whole.numbers
    national = NumberKind(whole.kind.country, "national")
    sub_orders[:] = [
        SubOrder(
            sub_order_id,
            national if place else whole.kind,
            numbers[place :: len(ids)],
            whole.status,
        )
        for place, sub_order_id in enumerate(ids)
    ]
    for sub_order in sub_orders:
        for number in sub_order.numbers:
            number.kind = sub_order.kind


def _number(
    order_id: str, place: int, entry: Mapping[str, object], met: bool, regulated: Container[str]
) -> NumberPart:
    phone_number, number_id = str(entry["phone_number"]), entry.get("id")
    kind = kind_of(phone_number)
    # An order that waits without being in such a country was made up, and still has to wait.
    asked = requirements_of(kind.country) if not met or kind.country in regulated else ()
    return NumberPart(
        number_id if isinstance(number_id, str) else str(uuid5(_NAMESPACE, f"{order_id}/{place}")),
        phone_number,
        kind,
        asked,
        values={requirement.id: f"given for {order_id}" for requirement in asked if met},
        approved=met,
    )


def _ids(given: Iterable[str], order_id: str) -> Iterator[str]:
    """The ids given, and as many more as are asked for."""
    yield from given
    place = 0
    while True:
        yield str(uuid5(_NAMESPACE, f"{order_id}/sub/{place}"))
        place += 1


def _entries(numbers: object) -> Iterator[Mapping[str, object]]:
    for entry in _list(numbers):
        if not isinstance(entry, Mapping):
            continue
        number = cast("Mapping[str, object]", entry)
        if isinstance(number.get("phone_number"), str):
            yield number


def _list(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else ()
