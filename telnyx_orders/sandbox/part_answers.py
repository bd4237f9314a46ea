"""How orders with their parts are written, each in the shape that its endpoint gives."""

from collections.abc import Iterator, Mapping
from typing import Final

from telnyx_orders.sandbox import times
from telnyx_orders.sandbox.parts import CANCELLED, SUCCESS, NumberPart, OrderParts, SubOrder

MOST_INCLUDED: Final = 50
"""How many numbers `include_phone_numbers` includes."""

_DAYS_TO_DEADLINE: Final = 5
_DAY: Final = 86_400_000_000
_ASKED: Final = ("record_type", "requirement_id", "field_type")
_WITH_VALUE: Final = (*_ASKED, "field_value")
_WITH_STATUS: Final = (*_WITH_VALUE, "status")
_IN_GROUP: Final = ("requirement_id", "field_type", "field_value", "status")

Json = dict[str, object]


def order_answer(row: Mapping[str, object], parts: OrderParts) -> Json:
    """An order as it is given alone: its row, with everything about its numbers."""
    if not parts.numbers:
        return dict(row)
    numbers = [
        _number(sub_order, number, _WITH_VALUE)
        | {"country_iso_alpha2": number.kind.country, "bundle_id": number.bundle}
        for sub_order, number in _with_sub_orders(parts)
    ]
    ids = [sub_order.id for sub_order in parts.sub_orders]
    return {**row, "phone_numbers": numbers, "sub_number_orders_ids": ids}


def sub_order_answer(
    row: Mapping[str, object], sub_order: SubOrder, user_id: str, *, include_numbers: bool
) -> Json:
    """A sub number order, on request with its first numbers."""
    answer: Json = {
        "id": sub_order.id,
        "record_type": "sub_number_order",
        "order_request_id": row["id"],
        "user_id": user_id,
        "country_code": sub_order.kind.country,
        "phone_number_type": sub_order.kind.type,
        "phone_numbers_count": len(sub_order.numbers),
        "regulatory_requirements": _asked(sub_order),
        "requirements_met": all(number.approved for number in sub_order.numbers),
        "status": sub_order.status,
        "customer_reference": row.get("customer_reference"),
        "is_block_sub_number_order": False,
        "created_at": row.get("created_at"),
        "updated_at": _updated(row, sub_order),
    }
    if include_numbers:
        answer["phone_numbers"] = _included(sub_order, _WITH_STATUS)
    return answer


def sub_order_group_answer(row: Mapping[str, object], sub_order: SubOrder) -> Json:
    """A sub number order as its requirement group's endpoint gives it."""
    answer = sub_order_answer(row, sub_order, "", include_numbers=False)
    del answer["user_id"]
    return answer | {"phone_numbers": _included(sub_order, _IN_GROUP)}


def number_answer(
    row: Mapping[str, object], sub_order: SubOrder, number: NumberPart, *, of_group: bool = False
) -> Json:
    """A number as it is given alone, or (`of_group`) as its requirement group's endpoint does."""
    created = times.from_iso(str(row.get("created_at"))) or 0
    return _number(sub_order, number, _IN_GROUP if of_group else _WITH_VALUE) | {
        "order_request_id": row["id"],
        "sub_number_order_id": sub_order.id,
        "bundle_id": number.bundle,
        "locality": None,
        "deadline": times.to_iso(created + _DAYS_TO_DEADLINE * _DAY, "Z"),
        "is_block_number": False,
    }


def _number(sub_order: SubOrder, number: NumberPart, keys: tuple[str, ...]) -> Json:
    return {
        "id": number.id,
        "record_type": "number_order_phone_number",
        "phone_number": number.phone_number,
        "country_code": number.kind.country,
        "phone_number_type": number.kind.type,
        "regulatory_requirements": list(_requirements(number, keys)),
        "requirements_met": number.approved,
        "requirements_status": _requirements_status(sub_order, number),
        "status": sub_order.status,
    }


def _requirements(number: NumberPart, keys: tuple[str, ...]) -> Iterator[Json]:
    for requirement in number.requirements:
        value = number.values.get(requirement.id, number.group)
        whole = {
            "record_type": "phone_number_regulatory_requirement",
            "requirement_id": requirement.id,
            "field_type": requirement.field_type,
            "field_value": value,
            "status": _requirement_status(number, value),
        }
        yield {key: whole[key] for key in keys}


def _requirement_status(number: NumberPart, value: str | None) -> str:
    if number.approved:
        return "approved"
    return "awaiting-value" if value is None else "pending-approval"


def _requirements_status(sub_order: SubOrder, number: NumberPart) -> str:
    if sub_order.status == CANCELLED:
        return "cancelled"
    if number.approved or sub_order.status == SUCCESS:
        return "approved"
    return "requirement-info-under-review" if number.answered else "requirement-info-pending"


def _asked(sub_order: SubOrder) -> list[Json]:
    asked = {
        requirement["requirement_id"]: requirement
        for number in sub_order.numbers
        for requirement in _requirements(number, _ASKED)
    }
    return list(asked.values())


def _included(sub_order: SubOrder, keys: tuple[str, ...]) -> list[Json]:
    return [
        _number(sub_order, number, keys) | {"bundle_id": number.bundle}
        for number in sub_order.numbers[:MOST_INCLUDED]
    ]


def _updated(row: Mapping[str, object], sub_order: SubOrder) -> object:
    if sub_order.updated is None:
        return row.get("updated_at")
    zone = "Z" if str(row.get("created_at")).endswith("Z") else "+00:00"  # as the order's own
    return times.to_iso(sub_order.updated, zone)


def _with_sub_orders(parts: OrderParts) -> Iterator[tuple[SubOrder, NumberPart]]:
    holding = {id(number): sub for sub in parts.sub_orders for number in sub.numbers}
    return ((holding[id(number)], number) for number in parts.numbers)
