"""What an answer tells of the rate limit, in whichever form it does.

Understood are `x-ratelimit-limit`, `-remaining` and `-reset` (as the API documents them, sometimes
with a policy behind the limit), the same names without `x-`, and the `RateLimit` and
`RateLimit-Policy` fields of draft-ietf-httpapi-ratelimit-headers, in its older and its newer form.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from attrs import frozen

__all__ = ["RateLimitHeaders", "http_date"]

EPOCH_BEFORE = 1e9
"""A reset beyond this many seconds is no duration but a Unix time."""

MILLISECONDS_FROM = 1e11
"""A Unix time beyond this, in the year 5138 as seconds, counts milliseconds."""

CLOCKS_AGREE = 2.0
"""Seconds that two clocks may differ; beyond it the server's own `Date` is gone by."""

_NUMBER = r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?"
_LEADING = re.compile(rf"\s*({_NUMBER})\s*(?:[,;].*)?", re.DOTALL)
_PARAMETER = re.compile(rf"\b([a-z]+)\s*=\s*({_NUMBER})(?![0-9.])")


@frozen(kw_only=True, eq=False, repr=False)
class RateLimitHeaders:
    """What one answer told. What it did not tell, or not sensibly, is `None`.

    Attributes:
        limit: Requests that a window allows.
        remaining: Requests that are left in the present window, for the whole account.
        reset: Seconds until the window ends, from when the server looked at the request.
        rounded: Whether `reset` is in whole seconds, and may be up to one too many.
        window: The length of a window, in seconds.
        retry_after: Seconds that `Retry-After` asks to stay away.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    rounded: bool = False
    window: float | None = None
    retry_after: float | None = None

    @classmethod
    def read(cls, headers: Mapping[str, str], now: float) -> "RateLimitHeaders":
        """Read the headers of an answer. Nothing in them raises.

        Args:
            headers: The headers, by case-insensitive name.
            now: Seconds since the Unix epoch.
        """
        draft = _draft(headers)
        limit = _told(headers, "limit", draft)
        remaining = _told(headers, "remaining", draft)
        reset = _told(headers, "reset", draft)
        if reset is not None and reset > EPOCH_BEFORE:
            reset = _since(reset, headers.get("Date"), now)
        policy = _parameters(_header(headers, "limit") or "")
        window = policy.get("w", draft.get("window"))
        return cls(
            limit=None if limit is None or limit < 1 else int(limit),
            remaining=None if remaining is None else max(0, int(remaining)),
            reset=None if reset is None else max(0.0, reset),
            rounded="." not in (_header(headers, "reset") or ""),
            window=window if window is not None and window > 0 else None,
            retry_after=_retry_after(headers, now),
        )

    def requested_wait(self, status: int) -> float | None:
        """Give the seconds that an answer of this status asks to stay away, if it does.

        The reset of the rate limit comes with every answer; only with a 429 it asks for a wait.
        """
        if status == 429 and not self.retry_after and self.reset is not None:
            return self.reset
        return self.retry_after


def _header(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(f"x-ratelimit-{name}")
    return headers.get(f"RateLimit-{name}") if value is None else value


def _told(headers: Mapping[str, str], name: str, draft: dict[str, float]) -> float | None:
    found = _LEADING.fullmatch(_header(headers, name) or "")
    return float(found[1]) if found else draft.get(name)


def _since(reset: float, date: str | None, now: float) -> float:
    """Turn a Unix time into seconds from now, by the server's clock if ours is another."""
    moment = reset / 1000 if reset > MILLISECONDS_FROM else reset
    served = http_date(date)
    if served is not None and abs(served - now) > CLOCKS_AGREE:
        return moment - served
    return moment - now


def _draft(headers: Mapping[str, str]) -> dict[str, float]:
    """Read the fields of the draft: of several policies the one that leaves the least."""
    text = headers.get("RateLimit", "")
    old = _parameters(text)
    if "remaining" in old:  # draft 03 to 07: limit=100, remaining=50, reset=5
        return old
    items = [(_name(item), _parameters(item)) for item in text.split(",")]
    told = [(found["r"], name, found) for name, found in items if "r" in found]
    if not told:
        return {}
    remaining, name, found = min(told, key=lambda one: one[0])
    fields = {"remaining": remaining}
    policies = headers.get("RateLimit-Policy", "").split(",")
    policy = next((_parameters(one) for one in policies if _name(one) == name), dict[str, float]())
    for source, key, field in (
        (found, "t", "reset"),
        (policy, "q", "limit"),
        (policy, "w", "window"),
    ):
        if key in source:
            fields[field] = source[key]
    return fields


def _name(item: str) -> str:
    return item.split(";")[0].strip()


def _parameters(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in _PARAMETER.findall(text)}


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read `Retry-After`, in seconds from now, or `None`."""
    asked = _seconds(headers.get("Retry-After"))
    return _seconds_until(headers.get("Retry-After"), now) if asked is None else asked


def _seconds(value: str | None) -> float | None:
    # Not whatever float() takes: "1_000" and "inf" are no numbers of HTTP.
    text = (value or "").strip()
    return float(text) if re.fullmatch(r"[0-9]{1,300}(\.[0-9]+)?", text) else None


def _seconds_until(date: str | None, now: float) -> float | None:
    moment = http_date(date)
    return None if moment is None else max(0.0, moment - now)


def http_date(date: str | None) -> float | None:
    """Read a date of HTTP (RFC 9110, 5.6.7) as seconds since the Unix epoch, or `None`."""
    try:
        moment = parsedate_to_datetime(date or "")
        # "-0000" means that the zone is unknown (RFC 5322); HTTP knows only GMT.
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
