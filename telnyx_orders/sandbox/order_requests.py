"""What the body of a request that writes asks for."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from attrs import frozen

from telnyx_orders.sandbox.refusals import invalid, malformed

_E164: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_OPTIONAL: Final = (
    "connection_id",
    "messaging_profile_id",
    "billing_group_id",
    "customer_reference",
)


@frozen
class NumberRequest:
    """One number to order, with the group and the bundle given for it."""

    phone_number: str
    group: str | None
    bundle: str | None


@frozen
class OrderRequest:
    """An order to place.

    Attributes:
        numbers: What to order.
        fields: The other fields of the order's row, each given or `None`.
    """

    numbers: Sequence[NumberRequest]
    fields: Mapping[str, str | None]


@frozen
class UpdateRequest:
    """What to change about an order, or about a part of one.

    Attributes:
        reference: The new `customer_reference`; `None` leaves it.
        values: What is given, by the id of the requirement.
    """

    reference: str | None
    values: Mapping[str, str]


def read_order(body: bytes) -> OrderRequest:
    """Read the body of `POST /number_orders`.

    Raises:
        RefusedError: It asks for nothing that can be ordered.
    """
    members = _object(body)
    entries = members.get("phone_numbers")
    if not isinstance(entries, list) or not entries:
        raise invalid("/phone_numbers", "phone_numbers must be a list of at least one number")
    numbers: list[NumberRequest] = []
    taken: set[str] = set()
    for place, entry in enumerate(cast("list[object]", entries)):
        number = _number(f"/phone_numbers/{place}", entry)
        if number.phone_number in taken:
            raise invalid(
                f"/phone_numbers/{place}/phone_number",
                f"{number.phone_number} is in this order already",
            )
        taken.add(number.phone_number)
        numbers.append(number)
    return OrderRequest(numbers, {key: _text(members, key) for key in _OPTIONAL})


def read_update(body: bytes) -> UpdateRequest:
    """Read the body of a PATCH.

    Raises:
        RefusedError: It has a value that is not allowed.
    """
    members = _object(body)
    given = members.get("regulatory_requirements", [])
    if not isinstance(given, list):
        raise invalid("/regulatory_requirements", "regulatory_requirements must be a list")
    values: dict[str, str] = {}
    for place, entry in enumerate(cast("list[object]", given)):
        pointer = f"/regulatory_requirements/{place}"
        requirement = _member_object(pointer, entry)
        requirement_id = _needed(requirement, "requirement_id", pointer)
        values[requirement_id] = _needed(requirement, "field_value", pointer)
    return UpdateRequest(_text(members, "customer_reference"), values)


def read_group(body: bytes) -> str:
    """Read the body that names a requirement group.

    Raises:
        RefusedError: It names none.
    """
    return _needed(_object(body), "requirement_group_id")


def _number(pointer: str, entry: object) -> NumberRequest:
    members = _member_object(pointer, entry)
    phone_number = members.get("phone_number")
    if not isinstance(phone_number, str) or not _E164.fullmatch(phone_number):
        raise invalid(
            f"{pointer}/phone_number", f"{phone_number!r} is not a phone number in E.164 form"
        )
    return NumberRequest(
        phone_number,
        _text(members, "requirement_group_id", pointer),
        _text(members, "bundle_id", pointer),
    )


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except ValueError:  # what is not UTF-8 is one too
        raise malformed("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise malformed("The body is not a JSON object.")
    return cast("dict[str, object]", value)


def _member_object(pointer: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise invalid(pointer, "this must be an object")
    return cast("dict[str, object]", value)


def _text(members: Mapping[str, object], key: str, pointer: str = "") -> str | None:
    value = members.get(key)
    if value is None:
        return None
    # Half of a surrogate pair can be escaped in JSON, but never be written in an answer.
    if not isinstance(value, str) or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise invalid(f"{pointer}/{key}", f"{key} must be a text")
    return value


def _needed(members: Mapping[str, object], key: str, pointer: str = "") -> str:
    value = _text(members, key, pointer)
    if not value:
        raise invalid(f"{pointer}/{key}", f"{key} is missing or empty")
    return value
