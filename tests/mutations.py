"""Good answers with something changed at random: in the text, in the JSON, on the wire."""

import asyncio
import copy
import gzip
import json
import pickle
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from telnyx_orders import (
    NumberOrder,
    NumberOrderPhoneNumber,
    OrdersClient,
    Page,
    RateLimitError,
    RetryPolicy,
    SubNumberOrder,
    TelnyxError,
)
from telnyx_orders.bodies import ArrivingBody
from telnyx_orders.models import Listed, Single
from telnyx_orders.rate_limit_headers import RateLimitHeaders, http_date
from telnyx_orders.responses import Answer, AnswerReader
from tests.servers import KEY, serve_raw

ORDER: dict[str, object] = {
    "id": "12ade33a-21c0-473b-b055-b3c836e1c292",
    "record_type": "number_order",
    "phone_numbers_count": 2,
    "connection_id": "346789098765567",
    "messaging_profile_id": None,
    "phone_numbers": [
        {"phone_number": "+19705555000", "id": "number-1"},
        {
            "id": "number-2",
            "status": "success",
            "requirements_met": False,
            "regulatory_requirements": [{"requirement_id": "r-1", "field_value": None}],
        },
    ],
    "sub_number_orders_ids": ["sub-1"],
    "status": "pending",
    "customer_reference": "fr\u00fch \U0001f4de",
    "created_at": "2018-01-01T00:00:00.000000Z",
    "updated_at": "2024-09-13T09:12:19.728170+00:00",
    "requirements_met": True,
}
META = {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 2}
PAGE = {"data": [ORDER, {"id": "order-2"}], "meta": META}
LISTED = {
    "data": [
        {
            "id": "sub-1",
            "order_request_id": "order-1",
            "country_code": "AT",
            "phone_numbers_count": 1,
            "phone_numbers": [{"id": "number-1", "status": "pending"}],
            "regulatory_requirements": [{"requirement_id": "r-1", "field_type": "textual"}],
            "status": "cancelled",
            "is_block_sub_number_order": False,
            "created_at": "2018-01-01T00:00:00.000000Z",
            "updated_at": None,
        },
        {"id": "sub-2"},
    ],
    "meta": {"page_number": 1, "total_pages": 1, "total_results": 2},
}
SINGLE = {
    "data": {
        "id": "number-1",
        "phone_number": "+43800300238",
        "locality": "AUSTRIA",
        "regulatory_requirements": [{"requirement_id": "r-1", "field_value": "1"}],
        "requirements_met": False,
        "deadline": "2024-05-31T11:14:00Z",
        "status": "pending",
        "is_block_number": False,
    }
}
GOOD: list[tuple[object, Any]] = [
    (PAGE, Page[NumberOrder]),
    (LISTED, Listed[SubNumberOrder]),
    (SINGLE, Single[NumberOrderPhoneNumber]),
]
"""Good bodies, and what they become."""

ERRORS = {
    "errors": [
        {
            "code": "10015",
            "title": "Bad Request",
            "detail": "It is bad.",
            "source": {"pointer": "/a", "parameter": "page[size]"},
            "meta": {"url": "https://example.com/10015"},
        }
    ]
}

VALUES: list[object] = [
    *(None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400, 0.5, 1e308),
    *("", "x", "pending", "2018-01-01", "2018-01-01T00:00:00", "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00+23:59", "\x00", "\u2028", "\x1b[31m", "a" * 3000, KEY, "\U0001f4de"),
    *([], {}, [[]], [None], {"id": None}, {"": {}}, [[[[[[]]]]]], ORDER, [ORDER] * 3, META),
]
"""What stands in the place of a value."""

RAW = [
    *(b"1e400", b"-1e999", b"9" * 30, b"9" * 400, b"9" * 5000, b"18446744073709551615"),
    *(b"NaN", b"-Infinity", b"[" * 3000 + b"]" * 3000, b'{"":' * 3000 + b"1" + b"}" * 3000),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\xff"', b'"\xed\xa0\x80"'),
    *(b'"\x01"', b'{"id":1,"id":"x"}', b"[1,]", b"", b"tru"),
]
"""What stands there too, and no JSON library would write; a text of its number holds the place."""

VALUES += [f"raw {number}" for number in range(len(RAW))]

TOKENS = [
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e400", b"1E999999", b"-0", b"01", b"1.", b".5"),
    *(b"9" * 25, b"9" * 400, b"9" * 5000, b"0x1", b'"', b"\\", b"\\u0000", b"\\ud800", b"\\udc00"),
    *(b"\\ud83d\\ude00", b"\\x", b"{", b"}", b"[", b"]", b"[" * 2000, b'{"a":' * 900, b",", b":"),
    *(b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x00", b"\n"),
    *(b"//", b"/**/", b"'", b'"id":1,', b'"data":[],', b'"meta":null,', b'"":"",', KEY.encode()),
]  # fmt: skip
"""What is put between the bytes."""

HEADERS = [
    *("0", "3", "-1", "1.5", "1e3", "9" * 300, "9" * 400, "1_000", "\u0663", "inf", "", "\udcff"),
    *("Wed, 21 Oct 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT", "21 Oct 2015 07:28"),
    *("Wed Oct 21 07:28:00 2015", "Wed, 31 Feb 2015 07:28:00 -9999", "Thu, 1 Jan 0000 00:00:00 Z"),
    *("1, 1;w=60", "100, 100;w=60;burst=9", "1700000000", "1700000000000", "a\x1b[31m\u202eb", KEY),
]  # fmt: skip


def changed_bytes(good: bytes, rng: random.Random) -> bytes:
    """Change a few bytes."""
    body = bytearray(good)
    for _ in range(1 + int(rng.expovariate(0.7))):
        at, end = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
        end = min(end, at + 1 + int(rng.expovariate(0.1)))
        match rng.randrange(8):
            case 0 if at < len(body):
                body[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(body):
                body[at] = rng.randrange(256)
            case 2:
                del body[at:end]
            case 3:
                body[at:at] = body[at:end] * rng.randint(1, 3)
            case 4:
                body[at:end] = rng.choice(TOKENS)
            case 5:
                body[at:at] = rng.choice(TOKENS)
            case 6:
                del body[at:]
            case _:
                cut = rng.randrange(len(body) + 1)
                body[cut:cut] = body[at:end]
    return bytes(body)


def changed_json(good: object, rng: random.Random) -> bytes:
    """Change a few values, whose names and places stay right."""
    value = json.loads(json.dumps(good))
    for _ in range(1 + int(rng.expovariate(1))):
        holder, place = {"": value}, ""
        while rng.random() < 0.85:
            inner = holder[place]
            if not inner or not isinstance(inner, dict | list):
                break
            holder = inner
            place = rng.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if holder == {"": value}:
            value = copy.deepcopy(rng.choice([value, rng.choice(VALUES)]))
        elif isinstance(holder, dict) and rng.random() < 0.2:
            del holder[place]
        else:
            holder[place] = copy.deepcopy(rng.choice(VALUES))
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    body = text.encode(rng.choice(["utf-8"] * 20 + ["utf-16", "utf-32", "utf-8-sig"]))
    return re.sub(rb'"raw (\d+)"', lambda found: RAW[int(found[1])], body)


def changed_text(good: str, rng: random.Random) -> str:
    """Change a header's value."""
    if rng.random() < 0.5:
        return good
    changed = changed_bytes(good.encode(errors="surrogateescape"), rng)
    return changed.decode(errors="surrogateescape")


def arrived(body: bytes, rng: random.Random) -> ArrivingBody:
    """Let a body arrive in pieces, now and then compressed and changed once more."""
    coding, compress = rng.choice(CODINGS)
    body = compress(body)
    if compress is not bytes and rng.random() < 0.3:
        body = changed_bytes(body, rng)
    arriving = ArrivingBody(coding, LIMIT)
    size = rng.choice([1 + len(body) // 3, max(1, len(body))])
    for start in range(0, len(body), size):
        for _ in arriving.add(body[start : start + size]):
            pass
    arriving.end()
    return arriving


CODINGS: list[tuple[str | None, Callable[[bytes], bytes]]] = [
    *[(None, bytes)] * 12,
    *(("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bytes), ("br", bytes)),
]

LIMIT = 1024 * 1024

READER = AnswerReader(KEY, None, LIMIT)


def outcome(rng: random.Random) -> str:
    """Read one changed answer, and tell what came of it: a class of this package.

    Raises:
        Exception: Something else came of it, which is what is looked for.
    """
    status = rng.choice([200] * 12 + [204, 302, 400, 401, 404, 422, 429, 500, 503, 999])
    body_of_success, wanted = rng.choice([GOOD[0], *GOOD])
    good = body_of_success if status < 300 else ERRORS
    if rng.random() < 0.5:
        body = changed_json(good, rng)
    else:
        body = changed_bytes(json.dumps(good, ensure_ascii=False).encode(), rng)
    arriving = arrived(body, rng)
    headers = {
        name: changed_text(rng.choice(HEADERS), rng)
        for name in ("Retry-After", "x-ratelimit-reset", "Date", "Location", "x-request-id")
    }
    now = rng.choice([0.0, 1_700_000_000.0])
    answer = Answer(
        status=status,
        body=arriving.content,
        fault=arriving.fault if status < 300 else None,
        request_id=headers["x-request-id"],
        date=http_date(headers["Date"]),
        location=headers["Location"],
        retry_after=RateLimitHeaders.read(headers, now).requested_wait(status),
    )
    error: TelnyxError | None = None
    try:
        value = READER.read(answer, wanted, call="GET /number_orders", attempts=1)
    except TelnyxError as raised:
        error = raised
    if error is None:
        rows = value.data if isinstance(value.data, tuple) else (value.data,)
        assert all(
            type(row) in (NumberOrder, SubNumberOrder, NumberOrderPhoneNumber) for row in rows
        )
        return type(value).__name__
    assert KEY not in f"{error} {error!r} {vars(error)}"
    assert str(error).isprintable()
    assert len(str(error)) < 3000
    assert RetryPolicy().wait(1, error, 0.5) >= 0
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    return type(error).__name__ + (", which can pass" if error.transient else "")


RESPONSE = b"""\
HTTP/1.1 200 OK\r
Content-Type: application/json\r
x-request-id: request-1\r
x-ratelimit-limit: 100, 100;w=60\r
x-ratelimit-remaining: 99\r
x-ratelimit-reset: 1\r
Date: Wed, 21 Oct 2015 07:28:00 GMT\r
Set-Cookie: a=b; Path=/\r
"""


def changed_response(rng: random.Random) -> bytes:
    """Change a whole answer as it is on the wire."""
    body = json.dumps(PAGE).encode()
    if rng.random() < 0.5:
        cut = rng.randrange(len(body))
        framing = b"Transfer-Encoding: chunked\r\n\r\n"
        pieces = (body[:cut], body[cut:], b"")
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    else:
        framing, framed = b"Content-Length: %d\r\n\r\n" % len(body), body
    head = RESPONSE + framing
    if rng.random() < 0.3:
        head = head.replace(b"200 OK", b"%d No" % rng.choice([100, 103, 204, 302, 404, 429, 503]))
    if rng.random() < 0.7:
        return changed_bytes(head, rng) + framed
    return head + changed_bytes(framed, rng)


async def outcomes_on_the_wire(seeds: Iterable[int]) -> Counter[str]:
    """Answer requests with changed answers, over sockets; tell what came of each.

    Raises:
        Exception: Something else than a page, orders or an error of this package came of one.
    """

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rng = random.Random(seed)
        answer = changed_response(rng)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(answer)
            await writer.drain()
            if rng.random() < 0.95:
                return

    def client(url: str) -> OrdersClient:
        retry = RetryPolicy(max_attempts=1, max_seconds=20)
        return OrdersClient(KEY, base_url=url, max_body_bytes=LIMIT, retry=retry, timeout=0.2)

    outcomes: Counter[str] = Counter()
    remaining = iter(seeds)
    seed = next(remaining, None)
    async with serve_raw(respond) as url:
        while seed is not None:
            async with client(url) as asking:
                came: object = None
                # A client may hold to what an answer says of the rate limit; the next does not.
                while seed is not None and not isinstance(came, RateLimitError):
                    listing = asking.number_orders.list()
                    try:
                        came = await (listing if seed % 2 else listing.collect())
                    except TelnyxError as error:
                        came = error
                    except Exception as error:
                        error.add_note(f"seed {seed}")
                        raise
                    outcomes[type(came).__name__] += 1
                    seed = next(remaining, None)
    return outcomes
