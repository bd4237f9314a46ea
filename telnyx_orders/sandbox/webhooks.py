"""Which webhooks a sandbox sends: its settings, and each event's deliveries, without any I/O."""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from random import Random
from typing import Final

import yarl
from attrs import field, frozen

from telnyx_orders.sandbox import times
from telnyx_orders.sandbox.checks import check_number, check_whole, choose
from telnyx_orders.sandbox.rows import to_json, uuid_text
from telnyx_orders.sandbox.signing import SigningKey

LATE: Final = 900
"""How many seconds old the timestamp of a late delivery is; Telnyx says to refuse 300."""


class DeliveryKind(StrEnum):
    """What a delivery is like."""

    PLAIN = "plain"
    """As it should be."""
    REPEATED = "repeated"
    """As it should be, of an event that was taken before."""
    LATE = "late"
    """Genuine, but signed a quarter of an hour ago, so that it must be refused."""
    WRONG_KEY = "wrong_key"
    """Forged: signed with another key."""
    CHANGED_BODY = "changed_body"
    """Forged: a genuine signature, over another body."""
    UNSIGNED = "unsigned"
    """Forged: without a signature."""

    @property
    def forged(self) -> bool:
        """Whether it is not genuine, and must be refused."""
        return self in FORGERIES


FORGERIES: Final = (DeliveryKind.WRONG_KEY, DeliveryKind.CHANGED_BODY, DeliveryKind.UNSIGNED)


def _kinds(kinds: Iterable[DeliveryKind | str]) -> tuple[DeliveryKind, ...]:
    return tuple(choose("Webhooks.script entries", kind, DeliveryKind) for kind in kinds)


@frozen(kw_only=True)
class Webhooks:
    """Where the events of a sandbox are delivered, and how badly.

    Shares are of the events, 0 to 1, and are drawn for each event by itself.

    Attributes:
        url: Where to deliver them.
        repeat: Share that is delivered again after it was taken.
        late: Share whose first attempt comes too late; the second does not.
        forged: Share that is preceded by a forgery of it.
        shuffled: Share that is held back until another event was delivered, or none is left.
        script: What the first events meet, one entry each, instead of what is drawn.
        omit: Keys that the payload lacks; Telnyx leaves out `status` at times.
        attempts: How often an event is delivered until it is taken with a 2xx.
        retry_after: Seconds between these attempts.
        timeout: Seconds that an answer may take.
    """

    url: str = field()
    repeat: float = 0.0
    late: float = 0.0
    forged: float = 0.0
    shuffled: float = 0.0
    script: tuple[DeliveryKind, ...] = field(default=(), converter=_kinds)
    omit: tuple[str, ...] = field(default=(), converter=tuple)
    attempts: int = 3
    retry_after: float = 1.0
    timeout: float = 10.0

    def __attrs_post_init__(self) -> None:
        try:
            url = yarl.URL(self.url)
        except (TypeError, ValueError):
            url = yarl.URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"Webhooks.url must be a URL with http or https, not {self.url!r}")
        for name in ("repeat", "late", "forged", "shuffled"):
            check_number(f"Webhooks.{name}", getattr(self, name), low=0, high=1)
        check_whole("Webhooks.attempts", self.attempts, low=1)
        check_number("Webhooks.retry_after", self.retry_after, low=0)
        check_number("Webhooks.timeout", self.timeout, low=0.001)


@frozen(kw_only=True)
class Event:
    """An event that is to be delivered.

    Attributes:
        id: Identifies it.
        order: The order that it is about.
        occurred_at: When it happened, in microseconds since 1970.
        oddities: What is odd in its deliveries.
        held_back: Whether another event is delivered before it, if there is one.
    """

    id: str
    order: Mapping[str, object]
    occurred_at: int
    oddities: frozenset[DeliveryKind]
    held_back: bool


class Postbag:
    """The events that wait to be delivered, and what will be odd in how they are."""

    def __init__(self, settings: Webhooks, random: Random) -> None:
        self.settings = settings
        self._random = random
        self._script = iter(settings.script)
        self._waiting: list[Event] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, order: Mapping[str, object], now: float) -> Event:
        """Make the event of an order that has ended."""
        event = Event(
            id=uuid_text(self._random.randbytes(16).hex()),
            order={key: value for key, value in order.items() if key not in self.settings.omit},
            occurred_at=times.from_clock(now),
            oddities=self._oddities(),
            held_back=self._random.random() < self.settings.shuffled,
        )
        self._waiting.append(event)
        return event

    def _oddities(self) -> frozenset[DeliveryKind]:
        drawn = {
            DeliveryKind.REPEATED: self.settings.repeat,
            DeliveryKind.LATE: self.settings.late,
            self._random.choice(FORGERIES): self.settings.forged,
        }
        odd = frozenset([kind for kind, share in drawn.items() if self._random.random() < share])
        scripted = next(self._script, None)
        return odd if scripted is None else frozenset([scripted]) - {DeliveryKind.PLAIN}

    def take(self) -> Event:
        """Take the event that is delivered next: the oldest that is not held back, or the newest.

        Raises:
            IndexError: None waits.
        """
        for place, event in enumerate(self._waiting):
            if not event.held_back:
                return self._waiting.pop(place)
        return self._waiting.pop()


def event_body(event: Event, *, attempt: int, url: str) -> bytes:
    """Write the body of a delivery.

    Args:
        event: What is delivered.
        attempt: Which delivery of the event it is, from 1.
        url: Where it is delivered.
    """
    body = {
        "data": {
            "event_type": "number_order.complete",
            "id": event.id,
            "occurred_at": times.to_iso(event.occurred_at, "Z"),
            "payload": event.order,
            "record_type": "event",
        },
        "meta": {"attempt": attempt, "delivered_to": url},
    }
    return to_json(body).encode()


def signed_delivery(
    kind: DeliveryKind, body: bytes, key: SigningKey, now: float
) -> tuple[bytes, dict[str, str]]:
    """Give what is posted for a delivery: the body, and the headers of its signature."""
    timestamp = int(now)
    match kind:
        case DeliveryKind.LATE:
            return body, key.signed(body, timestamp - LATE)
        case DeliveryKind.WRONG_KEY:
            return body, SigningKey("forger").signed(body, timestamp)
        case DeliveryKind.CHANGED_BODY:
            return _altered(body), key.signed(body, timestamp)
        case DeliveryKind.UNSIGNED:
            return body, {}
        case _:
            return body, key.signed(body, timestamp)


def _altered(body: bytes) -> bytes:
    # As a forger would: an event of its own, about the same order.
    event = json.loads(body)
    event["data"]["id"] = event["data"]["id"][::-1]
    return to_json(event).encode()
