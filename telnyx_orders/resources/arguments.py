"""What the methods of the resources take: ids that become a part of a path, and requirements."""

from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

from telnyx_orders.models import RegulatoryRequirement

__all__ = ["Requirements", "check_id", "path_of", "requirement_values"]

Requirements = Iterable["RegulatoryRequirement | Mapping[str, str]"]
"""Values for regulatory requirements: each a `RegulatoryRequirement` or a mapping, of which
`requirement_id` and `field_value` are sent."""


def path_of(collection: str, argument: str, given: str) -> str:
    """Give the path of one resource, such as `/number_orders/12ade33a`.

    Args:
        collection: The path of all of them.
        argument: What the id is called, for the error.
        given: The id.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty, or would lead elsewhere.
    """
    return f"{collection}/{quote(check_id(argument, given), safe='')}"


def check_id(argument: str, given: str) -> str:
    """Give an id if it is one; see `path_of`."""
    if not isinstance(given, str):
        raise TypeError(f"{argument}: expected an id, got {type(given).__name__} {given!r:.60}")
    if given.strip() in ("", ".", ".."):
        raise ValueError(f"{argument}: expected an id, got {given!r}")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{argument}: UTF-8 cannot carry {given!r:.60}") from None
    return given


def requirement_values(given: Requirements) -> list[dict[str, str]]:
    """Give the `regulatory_requirements` of a request's body.

    Raises:
        TypeError: It is no list of requirements.
        ValueError: There is none, or one lacks its `requirement_id` or its `field_value`.
    """
    name = "regulatory_requirements"
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise TypeError(f"{name}: expected a list, got {type(cast('object', given)).__name__}")
    values = [_requirement_value(f"{name}[{index}]", one) for index, one in enumerate(given)]
    if not values:
        raise ValueError(f"{name}: expected at least one, got none")
    return values


def _requirement_value(argument: str, given: object) -> dict[str, str]:
    if isinstance(given, RegulatoryRequirement):
        value: dict[str, Any] = {
            "requirement_id": given.requirement_id,
            "field_value": given.field_value,
        }
    elif isinstance(given, Mapping):
        value = dict(cast("Mapping[str, Any]", given))
    else:
        expected = "a RegulatoryRequirement or a mapping"
        raise TypeError(f"{argument}: expected {expected}, got {type(given).__name__}")
    for key in ("requirement_id", "field_value"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ValueError(f"{argument}: expected a text as {key!r}, got {value.get(key)!r:.60}")
    return {"requirement_id": value["requirement_id"], "field_value": value["field_value"]}
