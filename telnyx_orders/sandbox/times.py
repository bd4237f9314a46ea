"""Times as the sandbox keeps them: whole microseconds since 1970, in UTC.

A float of seconds would be a microsecond off here and there, and `created_at` is compared exactly.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Two times are written per row; without a zone it takes half the time.
_EPOCH_TO_WRITE = datetime(1970, 1, 1)  # noqa: DTZ001
_MICROSECOND = timedelta(microseconds=1)


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


def to_iso(micros: int, *, zulu: bool) -> str:
    """The text of a time, in one of the two forms that the API writes.

    Args:
        micros: The time.
        zulu: Whether UTC is written as `Z`; otherwise as `+00:00`.
    """
    moment = _EPOCH_TO_WRITE + timedelta(0, 0, micros)
    return moment.isoformat(timespec="microseconds") + ("Z" if zulu else "+00:00")
