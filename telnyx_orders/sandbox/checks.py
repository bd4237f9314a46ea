"""Checks of settings: each raises a `ValueError` that names the setting and what it allows."""

import math
import sys
from enum import StrEnum
from typing import TypeVar

_Choice = TypeVar("_Choice", bound=StrEnum)


def check_whole(name: str, value: object, *, low: int, high: int | None = None) -> None:
    """Refuse what is not a whole number from `low` to `high` (`None`: no upper end)."""
    top = math.inf if high is None else high
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= top:
        return
    allowed = f"of {low} or more" if high is None else f"from {low} to {high}"
    raise ValueError(f"{name} must be a whole number {allowed}, not {value!r}")


def check_number(name: str, value: object, *, low: float, high: float | None = None) -> None:
    """Refuse what is not a finite number from `low` to `high` (`None`: no upper end)."""
    top = sys.float_info.max if high is None else high
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= top:
        return
    allowed = f"of {low:g} or more" if high is None else f"from {low:g} to {high:g}"
    raise ValueError(f"{name} must be a number {allowed}, not {value!r}")


def check_type(name: str, value: object, kind: type, *, optional: bool = False) -> None:
    """Refuse what is not an instance of `kind` (nor `None`, where that is allowed)."""
    if not (isinstance(value, kind) or (optional and value is None)):
        allowed = kind.__name__ + (" or None" if optional else "")
        raise ValueError(f"{name} must be of type {allowed}, not {value!r}")


def choose(name: str, value: object, choices: type[_Choice]) -> _Choice:
    """The member of `choices` that `value` is, or names."""
    for choice in choices:
        if choice == value:
            return choice
    allowed = ", ".join(repr(choice.value) for choice in choices)
    raise ValueError(f"{name} must be one of {allowed}, not {value!r}")
