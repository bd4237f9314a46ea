"""Times as the sandbox keeps them: whole microseconds since 1970, in UTC.

A float of seconds would be a microsecond off here and there, and `created_at` is compared exactly.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000


def from_clock(seconds: float) -> int:
    """The time that a clock such as `time.time` shows."""
    return round(seconds * 1_000_000)


def from_datetime(moment: datetime) -> int:
    """The time of an aware `datetime`; a naive one is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def from_iso(text: str) -> int | None:
    """The time that an ISO 8601 text names, or `None` if it names none."""
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        return None


def to_iso(micros: int, zone: str = "+00:00") -> str:
    """The text of a time, in one of the two forms that the API writes.

    Args:
        micros: The time.
        zone: How UTC is written: `Z` or `+00:00`.
    """
    day, rest = divmod(micros, _DAY)
    minute, rest = divmod(rest, 60_000_000)
    return f"{_day_text(day)}{_minute_text(minute)}{rest / 1e6:09.6f}{zone}"


@lru_cache(maxsize=4096)  # more days than the three years of the seeded orders have
def _day_text(day: int) -> str:
    """The beginning of a time, such as `2025-01-01T`, from the days since 1970."""
    return (_EPOCH + timedelta(days=day)).isoformat()[:11]


@lru_cache(maxsize=1440)
def _minute_text(minute: int) -> str:
    """What follows, such as `12:30:`, from the minutes of the day."""
    return f"{minute // 60:02}:{minute % 60:02}:"
