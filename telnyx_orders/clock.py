"""Time and chance as arguments, so that whoever waits can be tested exactly and at once."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable

import attrs
from attrs import frozen

__all__ = ["Clock", "check_seconds", "check_seconds_or_zero"]


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


def check_seconds(_: object, attribute: "attrs.Attribute[float]", value: float | None) -> None:
    """Refuse, as an attrs validator, what is no time to wait. `None` is for the class to allow."""
    if value is not None and not (_is_number(value) and 0 < value < math.inf):
        raise ValueError(f"{attribute.name}: expected seconds above 0, got {value!r}")


def check_seconds_or_zero(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    """Refuse, as an attrs validator, what is no time to wait; 0 is one."""
    if not (_is_number(value) and value >= 0):
        raise ValueError(f"{attribute.name}: expected 0 seconds or more, got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
