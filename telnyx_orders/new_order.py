"""What an order asks for, checked before anything is sent: an order is money."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard, cast

import attrs
from attrs import field, frozen

__all__ = ["NewOrder", "NumbersToOrder", "OrderedNumber"]

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
"""ITU-T E.164, 6: a plus and at most 15 digits, country code first. The shortest in use have 7."""


def _text_or_none(argument: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{argument}: expected a str, got {_kind(value)}")
    if not value:
        raise ValueError(f"{argument}: expected a text, got an empty one; leave it out instead")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{argument}: UTF-8 cannot carry {value!r:.60}") from None


def _check_e164(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(
            f"{attribute.name}: expected a str in E.164 form such as '+19705555000', "
            f"got {_kind(value)}"
        )
    if not E164.fullmatch(value):
        raise ValueError(
            f"{attribute.name}: {value!r:.60} is not in E.164 form: a plus, the country code and "
            "the number, 7 to 15 digits without spaces, such as '+19705555000'"
        )


def _check_text(_: object, attribute: "attrs.Attribute[str | None]", value: object) -> None:
    _text_or_none(attribute.name, value)


@frozen
class OrderedNumber:
    """A phone number to order, with what belongs to it.

    Attributes:
        phone_number: In E.164 form (ITU-T E.164), such as `+19705555000`.
        requirement_group_id: The requirement group that fulfils its regulatory requirements.
        bundle_id: The bundle it is to belong to.

    Raises:
        TypeError: A value is no text.
        ValueError: The number is not in E.164 form, or another value is empty.
    """

    phone_number: str = field(validator=_check_e164)
    requirement_group_id: str | None = field(default=None, kw_only=True, validator=_check_text)
    bundle_id: str | None = field(default=None, kw_only=True, validator=_check_text)


NumbersToOrder = Iterable["str | OrderedNumber | Mapping[str, str]"]
"""Phone numbers to order: texts in E.164 form, `OrderedNumber`s, or mappings of their shape."""


def _ordered_numbers(value: object) -> tuple[OrderedNumber, ...]:
    if not _is_list(value):
        raise TypeError(
            "phone_numbers: expected a list of numbers such as ['+19705555000'], "
            f"got {_kind(value)}"
        )
    numbers = tuple(_ordered_number(one) for one in value)
    if not numbers:
        raise ValueError("phone_numbers: expected at least one number, got none")
    seen: set[str] = set()
    for number in numbers:
        if number.phone_number in seen:
            raise ValueError(f"phone_numbers: {number.phone_number} is there twice")
        seen.add(number.phone_number)
    return numbers


def _is_list(value: object) -> TypeGuard[Iterable[object]]:
    single = isinstance(value, str | bytes | Mapping | OrderedNumber)
    return isinstance(value, Iterable) and not single


def _kind(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"


def _ordered_number(value: object) -> OrderedNumber:
    if isinstance(value, OrderedNumber):
        return value
    if not isinstance(value, Mapping):
        return OrderedNumber(cast("str", value))
    given = cast("Mapping[str, Any]", value)
    allowed = [one.name for one in attrs.fields(OrderedNumber)]
    for key in given:
        if key not in allowed:
            raise ValueError(f"phone_numbers: there is no {key!r}; it has {', '.join(allowed)}")
    if "phone_number" not in given:
        raise ValueError("phone_numbers: a mapping lacks its 'phone_number'")
    return OrderedNumber(**given)


@frozen
class NewOrder:
    """What an order asks for.

    Attributes:
        phone_numbers: The numbers, each once; texts become `OrderedNumber`s.
        connection_id: The connection to assign the numbers to.
        messaging_profile_id: The messaging profile to assign the numbers to.
        billing_group_id: The billing group to assign the numbers to.
        customer_reference: Your own reference, by which the order can be found again.

    Raises:
        TypeError: A value has the wrong type; the message names it.
        ValueError: There is no number, one is not in E.164 form or comes twice, or a text is empty.

    Example:
        >>> NewOrder(["+19705555000"], customer_reference="job-17").numbers
        ('+19705555000',)
    """

    phone_numbers: tuple[OrderedNumber, ...] = field(converter=_ordered_numbers)
    connection_id: str | None = field(default=None, kw_only=True, validator=_check_text)
    messaging_profile_id: str | None = field(default=None, kw_only=True, validator=_check_text)
    billing_group_id: str | None = field(default=None, kw_only=True, validator=_check_text)
    customer_reference: str | None = field(default=None, kw_only=True, validator=_check_text)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers as texts."""
        return tuple(one.phone_number for one in self.phone_numbers)

    def body(self) -> dict[str, object]:
        """Give the body of the request, without what was left out."""
        body = _given(self)
        body["phone_numbers"] = [_given(number) for number in self.phone_numbers]
        return body


def _given(value: NewOrder | OrderedNumber) -> dict[str, object]:
    return attrs.asdict(value, recurse=False, filter=lambda _, item: item is not None)
