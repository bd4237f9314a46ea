"""Which listing answers are broken, and how: the settings and the decision, without any I/O."""

from collections.abc import Iterable
from enum import StrEnum
from random import Random

from attrs import field, frozen

from telnyx_orders.sandbox.checks import check_number, check_type, check_whole, choose


class Fault(StrEnum):
    """One way in which an answer is broken."""

    INTERNAL_ERROR = "internal_error"
    """500 with the API's JSON error 10007."""
    BAD_GATEWAY = "bad_gateway"
    """502 with a gateway's HTML page."""
    UNAVAILABLE = "unavailable"
    """503 with plain text."""
    GATEWAY_TIMEOUT = "gateway_timeout"
    """504 with an empty body."""
    REQUEST_TIMEOUT = "request_timeout"
    """408 with plain text."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """429 with the API's JSON error 10011, whatever the rate limit says."""
    RESET = "reset"
    """The connection is reset (TCP RST) before any answer."""
    CUT_BODY = "cut_body"
    """200 and the full `Content-Length`, then half of the body and the end of the connection."""
    NOT_JSON = "not_json"
    """200 with an HTML page."""
    SILENCE = "silence"
    """No answer, until the client goes away or the sandbox stops."""
    SLOW_BYTES = "slow_bytes"
    """The right answer, in small pieces with pauses in between."""
    CLOSED_KEEP_ALIVE = "closed_keep_alive"
    """The right answer on a connection that is kept alive, and is closed right after it."""


def _script(script: Iterable[Fault | str | None]) -> tuple[Fault | None, ...]:
    return tuple(
        None if fault is None else choose("Faults.script entries", fault, Fault) for fault in script
    )


def _kinds(kinds: Iterable[Fault | str]) -> tuple[Fault, ...]:
    return tuple(choose("Faults.kinds entries", kind, Fault) for kind in kinds)


@frozen
class Faults:
    """Which listing requests get broken answers.

    Only requests with the right API key, and within the rate limit, come so far as to meet one.

    Attributes:
        rate: Share of the requests after the script that meet a fault, 0 to 1.
        kinds: The faults that `rate` draws from, each as likely as the others. All by default,
            `Fault.SILENCE` included.
        script: What the first requests meet, one entry each; `None` is a healthy answer.
        retry_after: `Retry-After` of the 429 and 503 faults, sent as it stands; `None` sends none.
        slow_interval: Seconds between two pieces of a `Fault.SLOW_BYTES` answer.
        slow_pieces: How many pieces such an answer comes in.
    """

    rate: float = 0.0
    kinds: tuple[Fault, ...] = field(default=tuple(Fault), converter=_kinds)
    script: tuple[Fault | None, ...] = field(default=(), converter=_script)
    retry_after: str | None = None
    slow_interval: float = 0.01
    slow_pieces: int = 10

    def __attrs_post_init__(self) -> None:
        check_number("Faults.rate", self.rate, low=0, high=1)
        check_type("Faults.retry_after", self.retry_after, str, optional=True)
        check_number("Faults.slow_interval", self.slow_interval, low=0)
        check_whole("Faults.slow_pieces", self.slow_pieces, low=1)
        if self.rate and not self.kinds:
            raise ValueError("Faults.kinds must name a fault when Faults.rate is above 0")


class FaultScript:
    """Says for one listing request after the other which fault it meets."""

    def __init__(self, faults: Faults, random: Random) -> None:
        self.faults = faults
        self._random = random
        self._script = iter(faults.script)

    def next(self) -> Fault | None:
        """The fault of the next listing request, or `None` for a healthy answer."""
        for scripted in self._script:
            return scripted
        if self._random.random() < self.faults.rate:
            return self._random.choice(self.faults.kinds)
        return None
