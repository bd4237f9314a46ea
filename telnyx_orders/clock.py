"""Time and chance as arguments, so that whoever waits can be tested exactly and at once."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable

import attrs
from attrs import frozen

__all__ = ["Clock", "check_seconds", "check_seconds_or_zero", "checked_seconds"]


@frozen(kw_only=True)
class Clock:
    """Where a client takes time and chance from.

    Attributes:
        monotonic: Seconds that only rise; durations are measured with it.
        now: Seconds since the Unix epoch; HTTP dates are compared with it.
        sleep: Waits for a number of seconds.
        random: A number in [0, 1), for jitter.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


def checked_seconds(argument: str, value: float, *, or_zero: bool = False) -> float:
    """Give a time to wait, if it is one: seconds that end, above 0 or from 0 on.

    Raises:
        TypeError: It is no number.
        ValueError: It is negative, has no end, or is 0 where that is none.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        expected = "seconds" if or_zero else "seconds above 0"
        raise TypeError(f"{argument}: expected {expected}, got {type(value).__name__} {value!r}")
    if not (0 <= value < math.inf and (value or or_zero)):
        expected = "0 seconds or more" if or_zero else "seconds above 0"
        raise ValueError(f"{argument}: expected {expected}, got {value!r}")
    return value


def check_seconds(_: object, attribute: "attrs.Attribute[float]", value: float | None) -> None:
    """Refuse, as an attrs validator, what is no time to wait. `None` is for the class to allow."""
    if value is not None:
        _validated(attribute, value, or_zero=False)


def check_seconds_or_zero(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    """Refuse, as an attrs validator, what is no time to wait; 0 is one."""
    _validated(attribute, value, or_zero=True)


def _validated(attribute: "attrs.Attribute[float]", value: float, *, or_zero: bool) -> None:
    try:
        checked_seconds(attribute.name, value, or_zero=or_zero)
    except TypeError as error:
        # The classes promise one error for a setting that cannot be used.
        raise ValueError(str(error)) from None
