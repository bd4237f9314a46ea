"""How the values of options are read, stricter than cyclopts would."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

__all__ = ["flag", "moment", "seconds", "whole", "whole_from"]


MOST_SECONDS = 1_000_000_000
"""Some 30 years; what is added to a time must not lead beyond the last one that can be told."""


def moment(_: object, tokens: Sequence[Token]) -> datetime:
    """Read a date or time; one without a zone is in UTC."""
    text = tokens[0].value
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a date or time in ISO 8601, such as 2026-01-31, 2026-01-31T12:30 (both UTC) "
            f'or 2026-01-31T12:30:00+01:00, got "{text}".'
        ) from None


def whole(_: object, tokens: Sequence[Token]) -> int:
    """Read a whole number; cyclopts would round 2.9."""
    text = tokens[0].value
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError(f'expected a whole number, got "{text}".')
    return int(text)


def whole_from(least: int, most: int | None = None, **options: Any) -> Parameter:
    """Take a whole number within bounds."""
    return Parameter(converter=whole, validator=Number(gte=least, lte=most), **options)


def _seconds(_: object, tokens: Sequence[Token]) -> float:
    text = tokens[0].value
    try:
        read = float(text)
    except ValueError:
        read = math.nan
    if not 0 <= read <= MOST_SECONDS:
        raise ValueError(f'expected seconds, 0 to {MOST_SECONDS:,}, got "{text}".')
    return read


def seconds(**options: Any) -> Parameter:
    """Take a number of seconds."""
    return Parameter(converter=_seconds, **options)


def flag(**options: Any) -> Parameter:
    """Take an option that is there or not, without a `--no-` form."""
    return Parameter(negative="", show_default=False, **options)
