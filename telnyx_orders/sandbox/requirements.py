"""What the countries of the sandbox ask for before a number may be used."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from attrs import frozen

REGULATED: Final = ("DE", "FR")
"""The countries that ask for something, unless a sandbox is told others."""

_NAMESPACE: Final = UUID("6f1a7c58-7c1d-4d38-9a52-0a4c5d6f7e81")
_FIELD_TYPES: Final = ("textual", "address")


@frozen
class Requirement:
    """One thing that is asked for.

    Attributes:
        id: The `requirement_id`.
        field_type: `textual` or `address`: how it is answered.
    """

    id: str
    field_type: str


def requirements_of(country: str) -> Sequence[Requirement]:
    """What a country asks for: always the same, and never what another one asks for."""
    return tuple(
        Requirement(str(uuid5(_NAMESPACE, f"{country}/{field_type}")), field_type)
        for field_type in _FIELD_TYPES
    )
