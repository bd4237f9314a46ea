"""Servers that mean harm, or are broken as if they did, and what a client has to make of them."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import trustme
from attrs import field, frozen

from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    TelnyxError,
    Timeout,
)
from tests.servers import serve_raw

MIB = 1024 * 1024

WELL = 7
"""The page size to which every server answers well, as long as it gets to read a request."""

META = b'"meta": {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 1}'
GOOD = b'{"data": [{"id": "order-1", "status": "pending"}], %b}' % META
EMPTY = b'{"data": [], %b}' % META.replace(b'results": 1', b'results": 0')

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@frozen
class Hostile:
    """One server.

    Attributes:
        name: What it does.
        answer: Does it, after the head of a request was read.
        error: The type of the error that comes of it.
        says: What its message says, a regular expression.
        attempts: How often the request is sent, if two attempts are allowed.
        endless: Whether only a time limit ends it.
    """

    name: str
    answer: Answer
    error: type[TelnyxError]
    says: str
    attempts: int = field(default=1, kw_only=True)
    endless: bool = field(default=False, kw_only=True)


def settings(patience: float) -> dict[str, object]:
    """The client's limits: silence and a call may last so long, and a call takes two attempts."""
    retry = RetryPolicy(max_attempts=2, max_seconds=patience, backoff_base=0)
    return {"retry": retry, "timeout": Timeout(connect=patience, read=patience / 3)}


@asynccontextmanager
async def serve_hostile(hostile: Hostile) -> AsyncIterator[str]:
    """Serve it; gives the base URL. Ends once the client has hung up on all that goes on."""
    going_on: set[asyncio.Task[None] | None] = set()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        going_on.add(task)
        try:
            await answer(reader, writer)
        finally:
            going_on.discard(task)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"=%d " % WELL not in head:
                await hostile.answer(reader, writer)
            else:
                writer.write(response(EMPTY))
                await writer.drain()

    async with serve_raw(respond) as url:
        yield url
        while going_on:
            await asyncio.sleep(0.001)


# How they answer


def response(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def sends(*pieces: bytes) -> Answer:
    """Send this, and go on with the next request."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


def stays(*pieces: bytes) -> Answer:
    """Send this, and wait for the client to hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sends(*pieces)(reader, writer)
        await reader.read()

    return answer


def hangs_up(*pieces: bytes) -> Answer:
    """Send this, and hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sends(*pieces)(reader, writer)
        writer.close()

    return answer


def repeats(start: bytes, piece: bytes, *, times: int | None = None, pause: float = 0) -> Answer:
    """Send one piece after the other, for ever or so many, for as long as the client listens."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        left = times
        while left != 0:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
            left = None if left is None else left - 1
        await reader.read()

    return answer


def counts(start: bytes, line: bytes) -> Answer:
    """Send a line for ever, each with another number in it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        number = 0
        while True:
            writer.write(b"".join(line % one for one in range(number, number + 500)))
            number += 500
            await writer.drain()
            await asyncio.sleep(0)

    return answer


def sends_json(body: bytes, *headers: bytes) -> Answer:
    return sends(response(body, b"Content-Type: application/json", *headers))


def makes_json(make: Callable[[], bytes]) -> Answer:
    """Send a body that is too large to be kept."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sends_json(make())(reader, writer)

    return answer


def sends_coded(coding: bytes, body: bytes, *, status: bytes = b"200 OK") -> Answer:
    return sends(response(body, b"Content-Encoding: " + coding, status=status))


# What they send

OK = b"HTTP/1.1 200 OK\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def bomb(wbits: int, mebibytes: int = 1024) -> bytes:
    """Compress so many MiB of blanks, a thousandfold. Its checksum is wrong: nobody gets there."""
    compressor = zlib.compressobj(9, wbits=wbits)
    blanks = b" " * MIB
    # After a full flush nothing refers to what came before, so that the block can be repeated.
    start = compressor.compress(blanks) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(blanks) + compressor.flush(zlib.Z_FULL_FLUSH)
    return start + block * (mebibytes - 1) + compressor.flush()


GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def raw_deflate(content: bytes) -> bytes:
    """Compress as some servers do that leave out the zlib header."""
    compressor = zlib.compressobj(wbits=RAW)
    return compressor.compress(content) + compressor.flush()


EMPTY_BLOCK = b"\0\0\0\xff\xff"
"""A block of DEFLATE without a byte in it (RFC 1951, 3.2.4)."""


def with_value(text: str) -> bytes:
    """A good page whose number of orders is written so."""
    return GOOD.replace(b'"total_results": 1', b'"total_results": ' + text.encode())


def with_id(raw: bytes) -> bytes:
    """A good page in which the order's id is written so."""
    return GOOD.replace(b'"order-1"', raw)


def with_text(raw: bytes) -> bytes:
    """A good page in which the status is written so."""
    return GOOD.replace(b"pending", raw)


def filled(unit: bytes, size: int) -> bytes:
    """A page of so many bytes, whose rows are all the same."""
    return b'{"data": [%b], %b}' % ((unit * (size // len(unit)))[:-1], META)


TOO_LARGE = r"at most \d+ bytes, got more\. .* `page_size`, .* `max_body_bytes`"
NOT_HTTP = "not HTTP as it should be"
CUT_OFF = "cut off|lost|not HTTP as it should be"
"""What is said of it depends on the release of aiohttp."""

NO_JSON = r"^\$: expected JSON, got b"
OVER_TIME = r"max_seconds"

HOSTILE = [
    # Time
    Hostile("silence", stays(), APITimeoutError, "no answer in time", attempts=2),
    Hostile(
        "silence in the headers",
        stays(OK, b"X-A: b\r\n"),
        APITimeoutError,
        "no answer in time",
        attempts=2,
    ),
    Hostile(
        "silence in the body",
        stays(OK, b"Content-Length: 9\r\n\r\n{"),
        APITimeoutError,
        "no answer in time",
        attempts=2,
    ),
    Hostile(
        "a body that drips",
        repeats(OK + b"Content-Length: 99999\r\n\r\n", b" ", pause=0.02),
        APITimeoutError,
        OVER_TIME,
        endless=True,
    ),
    Hostile(
        "an error that drips",
        repeats(BAD + b"Content-Length: 99999\r\n\r\n", b" ", pause=0.02),
        APITimeoutError,
        OVER_TIME,
        endless=True,
    ),
    Hostile(
        "headers that drip",
        repeats(OK + b"X-A: ", b"b", pause=0.02),
        APITimeoutError,
        OVER_TIME,
        endless=True,
    ),
    Hostile(
        "interim answers without end",
        repeats(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500),
        APITimeoutError,
        OVER_TIME,
        endless=True,
    ),
    # Headers
    Hostile(
        "headers without end",
        counts(OK, b"X-%d: " + b"b" * 100 + b"\r\n"),
        APIConnectionError,
        NOT_HTTP,
        attempts=2,
    ),
    Hostile(
        "a header without end",
        repeats(OK + b"X-A: ", b"b" * 4096),
        APIConnectionError,
        NOT_HTTP,
        attempts=2,
    ),
    Hostile(
        "a header's name without end",
        repeats(OK, b"X" * 4096),
        APIConnectionError,
        NOT_HTTP,
        attempts=2,
    ),
    Hostile(
        "a status line without end",
        repeats(b"HTTP/1.1 200 ", b"O" * 4096),
        APIConnectionError,
        NOT_HTTP,
        attempts=2,
    ),
    Hostile(
        "control characters in headers",
        sends_json(b"[]", b"X-A: b\x01\x1b[31m\x00"),
        APIConnectionError,
        NOT_HTTP,
        attempts=2,
    ),
    Hostile(
        "an id that acts on a terminal",
        sends_json(b"[]", b"x-request-id: a\xff\xc2\x9b31m\xe2\x80\xaeb"),
        ResponseDecodeError,
        r"\(request id a\\udcff\\x9b31m\\u202eb, 1 attempt\)",
    ),
    Hostile(
        "waits that make no sense",
        sends(
            response(
                b"",
                b"Retry-After: " + b"9" * 400,
                b"x-ratelimit-reset: -1e999",
                b"x-ratelimit-limit: \xff",
                b"Date: Thu, 99 Nan 99999999999 99:99:99 +9999",
                status=b"429 No",
            )
        ),
        RateLimitError,
        "answered 429",
        attempts=2,
    ),
    # Size
    Hostile(
        "a body of 200 MB",
        repeats(OK + b"Content-Length: 200000000\r\n\r\n", b" " * 100_000, times=2000),
        ResponseDecodeError,
        TOO_LARGE,
    ),
    Hostile(
        "a body without end", repeats(OK + b"\r\n", b" " * 100_000), ResponseDecodeError, TOO_LARGE
    ),
    Hostile(
        "chunks without end",
        repeats(CHUNKED, b"186a0\r\n" + b" " * 100_000 + b"\r\n"),
        ResponseDecodeError,
        TOO_LARGE,
    ),
    Hostile(
        "an error of 200 MB",
        repeats(BAD + b"Content-Length: 200000000\r\n\r\n", b" " * 100_000, times=2000),
        BadRequestError,
        "answered 400",
    ),
    Hostile(
        "64 MB of empty lists",
        makes_json(lambda: filled(b"[],", 64_000_000)),
        ResponseDecodeError,
        r"at most \d+ arrays and objects, got 2\d+\. .*max_body_bytes",
    ),
    Hostile(
        "64 MB of zeros",
        makes_json(lambda: filled(b"0,", 64_000_000)),
        ResponseDecodeError,
        r"at most \d+ values, got 3\d+\. .*max_body_bytes",
    ),
    Hostile(
        "as many objects as are taken",
        makes_json(lambda: filled(b'{"":0},', 7_340_000)),
        ResponseDecodeError,
        r"^\$\.data\[0\]\.id: expected a string, got nothing",
    ),
    Hostile(
        "as many values as are taken",
        makes_json(lambda: filled(b'"abcdefghijklmnopqrstu",', 67_000_000)),
        ResponseDecodeError,
        r"^\$\.data\[0\]: expected an object, got \"abc",
    ),
    Hostile(
        "a million bad rows",
        makes_json(lambda: filled(b"0,", 2_000_000)),
        ResponseDecodeError,
        r"^\$\.data\[0\]: expected an object, got 0",
    ),
    Hostile(
        "the last of 100,000 rows",
        makes_json(lambda: filled(b'{"id":""},', 10**6).replace(b"], ", b",0], ")),
        ResponseDecodeError,
        r"^\$\.data\[100000\]: expected an object, got 0",
    ),
    Hostile(
        "a million keys in a row",
        makes_json(lambda: with_id(b"0,%b" % b",".join(b'"%x":0' % n for n in range(10**6)))),
        ResponseDecodeError,
        r"^\$\.data\[0\]\.id: expected a string, got 0",
    ),
    Hostile(
        "a value of 60 MB",
        makes_json(lambda: with_id(b'["%b"]' % (b"\\n" * 3 * 10**7))),
        ResponseDecodeError,
        r"^\$\.data\[0\]\.id: expected a string, got \[",
    ),
    # Codings
    Hostile("a gzip bomb", sends_coded(b"gzip", bomb(GZIP)), ResponseDecodeError, TOO_LARGE),
    Hostile("a zlib bomb", sends_coded(b"deflate", bomb(ZLIB)), ResponseDecodeError, TOO_LARGE),
    Hostile("a deflate bomb", sends_coded(b"deflate", bomb(RAW)), ResponseDecodeError, TOO_LARGE),
    Hostile(
        "an error that is a bomb",
        sends_coded(b"x-gzip", bomb(GZIP), status=b"500 No"),
        InternalServerError,
        "answered 500",
        attempts=2,
    ),
    Hostile(
        "blocks of nothing without end",
        repeats(
            OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compressobj().flush(zlib.Z_SYNC_FLUSH),
            EMPTY_BLOCK * 20_000,
        ),
        ResponseDecodeError,
        TOO_LARGE,
    ),
    Hostile(
        "gzip after gzip",
        sends_coded(b"gzip", gzip.compress(GOOD) * 2),
        ResponseDecodeError,
        "expected a body in gzip, got something behind its end",
        attempts=2,
    ),
    Hostile(
        "half of a gzip",
        sends_coded(b"gzip", gzip.compress(GOOD)[:-20]),
        ResponseDecodeError,
        "expected a body in gzip, got its beginning only",
        attempts=2,
    ),
    Hostile(
        "no gzip",
        sends_coded(b"gzip", GOOD),
        ResponseDecodeError,
        "expected a body in gzip, got Error -3",
        attempts=2,
    ),
    *(
        Hostile(
            f"a body in {coding.decode()}",
            sends_coded(coding, b"\x1b\x0b\x00\xf8"),
            ResponseDecodeError,
            "without a coding or in one of gzip, deflate, got Content-Encoding: "
            + shown,
        )
        for coding, shown in (
            (b"br", "br"),
            (b"zstd", "zstd"),
            (b"gzip, gzip", "gzip, gzip"),
            (b"KEY0123", "one that is not known"),
        )
    ),
    # JSON
    Hostile(
        "JSON 100,000 deep",
        sends_json(b"[" * 100_000 + b"]" * 100_000),
        ResponseDecodeError,
        NO_JSON,
        attempts=2,
    ),
    *(
        Hostile(
            f"the number {text:.12}",
            sends_json(with_value(text)),
            ResponseDecodeError,
            NO_JSON,
            attempts=2,
        )
        for text in ("NaN", "Infinity", "-Infinity", "1e400", "9" * 5000, "-" + "9" * 400)
    ),
    *(
        Hostile(
            f"the number {text:.25}",
            sends_json(with_value(text)),
            ResponseDecodeError,
            r"^\$\.meta\.total_results: expected an integer, got",
        )
        for text in ("123456789012345678901234567890", "-9223372036854775809", "1e3", "1.0")
    ),
    *(
        Hostile(name, sends(response(body, header)), ResponseDecodeError, NO_JSON, attempts=2)
        for name, body, header in (
            ("invalid UTF-8", with_text(b"\xff\xfe"), b"X: y"),
            ("UTF-8 of a surrogate", with_text("\ud800".encode(errors="surrogatepass")), b"X: y"),
            ("a lone surrogate", with_text(b"\\ud800"), b"X: y"),
            ("surrogates in reverse", with_text(b"\\udc00\\ud800"), b"X: y"),
            ("Latin-1", with_text(b"fr\xfch"), b"Content-Type: text/json; charset=latin-1"),
            ("UTF-16", GOOD.decode().encode("utf-16"), b"Content-Type: text/json; charset=utf-16"),
            ("UTF-32", GOOD.decode().encode("utf-32"), b"Content-Type: text/json; charset=utf-32"),
            ("a byte order mark", b"\xef\xbb\xbf" + GOOD, b"X: y"),
            ("an unknown charset", b"\x80" + GOOD, b"Content-Type: text/json; charset=nonsense"),
        )
    ),
    Hostile(
        "an error in JSON 60,000 deep",
        sends(response(b'{"errors": ' + b"[" * 60_000, status=b"400 No")),
        BadRequestError,
        "answered 400",
    ),
    Hostile(
        "an error with numbers of 5,000 digits",
        sends(response(b'{"errors": [{"code": %b}]}' % (b"9" * 5000), status=b"400 No")),
        BadRequestError,
        "answered 400",
    ),
    Hostile(
        "an error with lone surrogates",
        sends(response(b'{"errors": [{"title": "\\ud800", "code": 1e999}]}', status=b"400 No")),
        BadRequestError,
        r"answered 400: \\ud800 \(code inf\)",
    ),
    Hostile(
        "an error in Latin-1",
        sends(response(b"fr\xfch", b"Content-Type: text/x; charset=latin-1", status=b"400 No")),
        BadRequestError,
        "answered 400",
    ),
    # Framing
    *(
        Hostile(name, answer, APIConnectionError, CUT_OFF, attempts=2)
        for name, answer in (
            ("nothing", hangs_up()),
            ("another protocol", hangs_up(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
            ("HTTP/0.9", hangs_up(GOOD)),
            ("a status without end", hangs_up(b"HTTP/1.1 200000000000 OK\r\n\r\n")),
            ("no status", hangs_up(b"HTTP/1.1 \r\n\r\n")),
            ("a TLS alert", hangs_up(b"\x15\x03\x03\x00\x02\x02\x28")),
            ("a long Content-Length", hangs_up(OK + b"Content-Length: 9999\r\n\r\n" + GOOD)),
            ("a negative Content-Length", stays(OK + b"Content-Length: -1\r\n\r\n" + GOOD)),
            ("a vast Content-Length", stays(OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n")),
            ("two Content-Lengths", stays(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n")),
            ("a Content-Length in words", stays(OK + b"Content-Length: all\r\n\r\n" + GOOD)),
            ("a chunk without a size", stays(CHUNKED + b"\r\n" + GOOD)),
            ("a chunk of negative size", stays(CHUNKED + b"-5\r\n" + GOOD)),
            ("a chunk of vast size", stays(CHUNKED + b"f" * 40 + b"\r\n" + GOOD)),
            ("a chunk that is longer", stays(CHUNKED + b"5\r\n" + GOOD + b"\r\n0\r\n\r\n")),
            ("chunks that break off", hangs_up(CHUNKED + b"5\r\n{")),
        )
    ),
    Hostile(
        "a short Content-Length",
        stays(OK + b"Content-Length: 9\r\n\r\n" + GOOD),
        TelnyxError,
        f"{NO_JSON}|{CUT_OFF}",
        attempts=2,
    ),
    Hostile("no content", sends(response(b"", status=b"204 No")), ResponseDecodeError, NO_JSON,
            attempts=2),
    Hostile(
        "another protocol from here on",
        stays(b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n" + b"\0" * 99),
        APIStatusError,
        "answered 101",
    ),
    Hostile(
        "a redirect loop",
        sends(response(b"", b"Location: /v2/number_orders", status=b"302 Here")),
        APIStatusError,
        "points to /v2/number_orders",
    ),
    Hostile(
        "a status beyond all",
        sends(response(b"", status=b"999 No")),
        InternalServerError,
        "answered 999",
    ),
]  # fmt: skip


def named(name: str) -> Hostile:
    return next(one for one in HOSTILE if one.name == name)


# Certificates, which are met before a request is sent


def context_of(authority: trustme.CA, name: str, *, expired: bool = False) -> ssl.SSLContext:
    """The TLS side of a server with such a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        authority.issue_cert(name, not_before=yesterday - timedelta(days=9), not_after=yesterday)
        if expired
        else authority.issue_cert(name)
    )
    certificate.configure_cert(context)
    return context


@asynccontextmanager
async def serve_tls(contexts: Iterable[ssl.SSLContext | None]) -> AsyncIterator[str]:
    """Serve a good page; each connection takes the next context, and `None` stays silent."""
    following = iter(contexts)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        context = next(following)
        if context is None:
            await reader.read()
            return
        try:
            await writer.start_tls(context)
        except ssl.SSLError:
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(EMPTY))
        await writer.drain()

    async with serve_raw(respond) as url:
        yield url.replace("http:", "https:")
