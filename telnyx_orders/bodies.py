"""The body of an answer as it arrives: its content coding undone, and no more of it than allowed.

Pure. aiohttp would undo the coding too. But its older releases inflate at once whatever one read of
the socket brings, a thousandfold at worst, its newer ones each have a limit of their own, and which
codings it knows depends on what else is installed.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

from attrs import frozen

from telnyx_orders.errors import KEPT_BODY_BYTES

__all__ = ["ACCEPTED_CODINGS", "DEFAULT_MAX_BODY_BYTES", "ArrivingBody", "BodyFault", "crowded"]

ACCEPTED_CODINGS = "gzip, deflate"
"""The `Accept-Encoding` of each request (RFC 9110, 12.5.3): what can be undone here."""

DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
"""Some fifty times what 250 orders of 20 numbers take."""

STEP_BYTES = 1024 * 1024
"""How much is inflated in one go, so that the event loop is never held for long."""

BYTES_A_VALUE = 24
BYTES_A_CONTAINER = 64
"""How long JSON values, and arrays and objects, are on average at least in a body that fills the
limit. A phone number, the smallest object that comes in numbers, takes 80. Parsed, `[]` and `{}`
take thirty times their text, so that the limit on bytes alone would not bound the memory."""

TOO_LARGE = (
    "The answer is larger than this client takes: ask for fewer orders at once with `page_size`, "
    "or allow more with `max_body_bytes`."
)


@frozen(eq=False, repr=False)
class BodyFault:
    """Why a body is not used.

    Attributes:
        expected: What the body should have been.
        got: What came instead.
        advice: What to do about it; the usual advice if `None`.
        transient: Whether the same call can succeed later.
    """

    expected: str
    got: str
    advice: str | None = None
    transient: bool = True


class _Inflater(Protocol):
    """What `zlib.decompressobj()` gives, whose type has no public name."""

    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


CODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "compress", "x-compress", "zstd"})
"""What may be shown of a `Content-Encoding`; anything else may be a secret that was sent back."""


class ArrivingBody:
    """Takes the pieces of a body and keeps what they hold, its content coding undone.

    Args:
        coding: The `Content-Encoding` of the answer (RFC 9110, 8.4), if it has one.
        limit: How many bytes it may have, as received and as kept.

    Attributes:
        fault: Why reading on is of no use; `content` is the beginning, as an error keeps it.
    """

    def __init__(self, coding: str | None, limit: int) -> None:
        self.fault: BodyFault | None = None
        self._coding = (coding or "identity").strip().lower()
        self._limit = limit
        self._received = 0
        self._content = bytearray()
        self._inflater: _Inflater | None = None
        if self._coding not in ("identity", "gzip", "x-gzip", "deflate"):
            self.fault = BodyFault(
                f"a body without a coding or in one of {ACCEPTED_CODINGS}",
                f"Content-Encoding: {_shown(self._coding)}",
                transient=False,
            )

    @property
    def content(self) -> bytes:
        """What was kept so far."""
        return bytes(self._content)

    def add(self, piece: bytes) -> Iterator[None]:
        """Take the next piece, giving way whenever a step of it is done."""
        if self._coding == "identity":
            self._keep(piece)
            return
        self._received += len(piece)
        more = self.fault is None and bool(piece)
        while more:
            try:
                inflater = self._inflater = self._inflater or self._begin(piece[0])
                inflated = inflater.decompress(piece, STEP_BYTES)
            except zlib.error as error:
                self._garbled(str(error))
                return
            self._keep(inflated)
            if inflater.unused_data:
                self._garbled("something behind its end")
            piece = inflater.unconsumed_tail
            more = self.fault is None and (bool(piece) or len(inflated) == STEP_BYTES)
            if more:
                yield
        if self._received > self._limit:
            self._too_large()  # though there may be nothing in it, for ever

    def end(self) -> None:
        """Take in that there is no further piece."""
        if self.fault is None and self._inflater is not None and not self._inflater.eof:
            self._garbled("its beginning only")

    def _begin(self, first: int) -> _Inflater:
        if self._coding != "deflate":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # Some servers leave the zlib header out (RFC 9110, 8.4.1.2), which always begins with an 8.
        return zlib.decompressobj(zlib.MAX_WBITS if first & 0xF == 8 else -zlib.MAX_WBITS)

    def _keep(self, content: bytes) -> None:
        room = self._limit - len(self._content)
        if len(content) <= room:
            self._content += content
        else:
            self._content += content[:room]
            self._too_large()

    def _too_large(self) -> None:
        expected = f"a body of at most {self._limit} bytes"
        self._refuse(BodyFault(expected, "more", TOO_LARGE, transient=False))

    def _garbled(self, got: str) -> None:
        self._refuse(BodyFault(f"a body in {self._coding}", got))

    def _refuse(self, fault: BodyFault) -> None:
        self.fault = self.fault or fault
        del self._content[KEPT_BODY_BYTES:]


def crowded(body: bytes, limit: int) -> BodyFault | None:
    """Tell whether a body of JSON holds more values than one of its size can need.

    Args:
        body: The body, not yet parsed.
        limit: How many bytes a body may have.
    """
    if len(body) // 2 <= limit // BYTES_A_CONTAINER:
        return None  # since even `[]` takes two
    # Brackets and commas within a text count too; no text consists of them.
    containers = body.count(b"[") + body.count(b"{")
    values = containers + body.count(b",")
    for what, number, most in (
        ("arrays and objects", containers, limit // BYTES_A_CONTAINER),
        ("values", values, limit // BYTES_A_VALUE),
    ):
        if number > most:
            expected = f"a body of at most {most} {what}"
            return BodyFault(expected, str(number), TOO_LARGE, transient=False)
    return None


def _shown(coding: str) -> str:
    known = all(one.strip() in CODINGS for one in coding.split(","))
    return coding if known else "one that is not known"
