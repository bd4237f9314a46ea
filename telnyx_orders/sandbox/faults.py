"""Which answers are broken, and how: the settings and the decision, without any I/O."""

from collections.abc import Iterable
from enum import StrEnum
from random import Random
from typing import Final

from attrs import field, frozen

from telnyx_orders.sandbox.checks import check_number, check_type, check_whole, choose


class Fault(StrEnum):
    """One way in which an answer is broken.

    A request that writes is not carried out when it meets one of these, unless the right answer is
    sent, or a part of it. The faults from `COMMIT_THEN_ERROR` on are for requests that write only.
    """

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
    COMMIT_THEN_ERROR = "commit_then_error"
    """Carried out, then what `INTERNAL_ERROR` answers."""
    COMMIT_THEN_BAD_GATEWAY = "commit_then_bad_gateway"
    """Carried out, then what `BAD_GATEWAY` answers."""
    COMMIT_THEN_RESET = "commit_then_reset"
    """Carried out, then what `RESET` does."""
    COMMIT_THEN_SILENCE = "commit_then_silence"
    """Carried out, then what `SILENCE` does."""
    COMMIT_THEN_CUT_BODY = "commit_then_cut_body"
    """Carried out, then what `CUT_BODY` answers: the same as `CUT_BODY`, by its full name."""
    COMMIT_LATER = "commit_later"
    """What `GATEWAY_TIMEOUT` answers, at once; carried out `Faults.commit_delay` seconds later."""


AFTER_COMMIT: Final = {
    Fault.COMMIT_THEN_ERROR: Fault.INTERNAL_ERROR,
    Fault.COMMIT_THEN_BAD_GATEWAY: Fault.BAD_GATEWAY,
    Fault.COMMIT_THEN_RESET: Fault.RESET,
    Fault.COMMIT_THEN_SILENCE: Fault.SILENCE,
    Fault.COMMIT_THEN_CUT_BODY: Fault.CUT_BODY,
}
"""What a request meets once it was carried out."""

READING_FAULTS: Final = tuple(
    fault for fault in Fault if fault not in AFTER_COMMIT and fault is not Fault.COMMIT_LATER
)
"""The faults that a request that reads can meet."""

WRITING_FAULTS: Final = tuple(Fault)
"""The faults that a request that writes can meet: all."""


def _script(script: Iterable[Fault | str | None]) -> tuple[Fault | None, ...]:
    return tuple(
        None if fault is None else choose("Faults.script entries", fault, Fault) for fault in script
    )


def _kinds(kinds: Iterable[Fault | str] | None) -> tuple[Fault, ...] | None:
    if kinds is None:
        return None
    return tuple(choose("Faults.kinds entries", kind, Fault) for kind in kinds)


@frozen
class Faults:
    """Which requests get broken answers.

    Only requests with the right API key, and within the rate limit, come so far as to meet one.

    Attributes:
        rate: Share of the requests after the script that meet a fault, 0 to 1.
        kinds: The faults that `rate` draws from, each as likely as the others. `None` draws from
            all that its requests can meet, `Fault.SILENCE` included: `READING_FAULTS` or
            `WRITING_FAULTS`.
        script: What the first requests meet, one entry each; `None` is a healthy answer.
        retry_after: `Retry-After` of the 429 and 503 faults, sent as it stands; `None` sends none.
        slow_interval: Seconds between two pieces of a `Fault.SLOW_BYTES` answer.
        slow_pieces: How many pieces such an answer comes in.
        commit_delay: Seconds, by the sandbox's clock, until `Fault.COMMIT_LATER` is carried out.
    """

    rate: float = 0.0
    kinds: tuple[Fault, ...] | None = field(default=None, converter=_kinds)
    script: tuple[Fault | None, ...] = field(default=(), converter=_script)
    retry_after: str | None = None
    slow_interval: float = 0.01
    slow_pieces: int = 10
    commit_delay: float = 5.0

    def __attrs_post_init__(self) -> None:
        check_number("Faults.rate", self.rate, low=0, high=1)
        check_type("Faults.retry_after", self.retry_after, str, optional=True)
        check_number("Faults.slow_interval", self.slow_interval, low=0)
        check_whole("Faults.slow_pieces", self.slow_pieces, low=1)
        check_number("Faults.commit_delay", self.commit_delay, low=0)
        if self.rate and self.kinds == ():
            raise ValueError("Faults.kinds must name a fault when Faults.rate is above 0")


class FaultScript:
    """Says for one request after the other which fault it meets.

    Args:
        faults: The settings.
        random: What is drawn from.
        possible: The faults that these requests can meet.

    Raises:
        ValueError: The settings name another.
    """

    def __init__(self, faults: Faults, random: Random, possible: tuple[Fault, ...]) -> None:
        for fault in (*(faults.kinds or ()), *faults.script):
            if fault is not None and fault not in possible:
                raise ValueError(
                    f"{fault.name} is for requests that write: give it to placing_faults"
                )
        self.faults = faults
        self._kinds = possible if faults.kinds is None else faults.kinds
        self._random = random
        self._script = iter(faults.script)

    def next(self) -> Fault | None:
        """The fault of the next request, or `None` for a healthy answer."""
        for scripted in self._script:
            return scripted
        if self._random.random() < self.faults.rate:
            return self._random.choice(self._kinds)
        return None
