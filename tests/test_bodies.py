"""A body as it arrives: what is kept of it, and what it is refused for."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders.bodies import ArrivingBody, BodyFault, crowded
from tests.hostile import MIB, raw_deflate

CODINGS = {
    None: bytes,
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    " GZip ": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


def arrived(coding: str | None, *pieces: bytes, limit: int = 64 * MIB) -> ArrivingBody:
    """A body that came in these pieces."""
    body = ArrivingBody(coding, limit)
    for piece in pieces:
        assert all(step is None for step in body.add(piece))
    body.end()
    return body


@given(
    content=st.binary(max_size=300) | st.binary(max_size=3).map(lambda some: some * 100_000),
    coding=st.sampled_from(list(CODINGS)),
    size=st.integers(1, 100_000),
)
def test_what_was_sent_is_kept(content, coding, size):
    """However a body is coded and cut into pieces, its content is kept."""
    sent = CODINGS[coding](content)
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    body = arrived(coding, *pieces)
    assert body.fault is None
    assert body.content == content


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_without_a_byte(coding):
    """No bytes are an empty body, whatever they are said to be coded in."""
    body = arrived(coding)
    assert (body.fault, body.content) == (None, b"")


@pytest.mark.parametrize("coding", CODINGS)
def test_the_limit(coding):
    """A body of exactly the limit is taken, and one byte more is too much."""
    sent = CODINGS[coding](bytes(range(256)) * 40)
    assert arrived(coding, sent, limit=10_240).fault is None
    body = arrived(coding, sent, limit=10_239)
    assert body.content == (bytes(range(256)) * 40)[:10_239]
    fault = body.fault
    assert fault is not None
    assert (fault.expected, fault.got) == ("a body of at most 10239 bytes", "more")
    assert fault.advice is not None
    assert "max_body_bytes" in fault.advice
    assert not fault.transient


def test_a_small_piece_that_is_a_large_one():
    """A piece that inflates to much is taken in steps of a MiB, which give way to others."""
    body = ArrivingBody("gzip", 64 * MIB)
    piece = gzip.compress(bytes(10 * MIB))
    sizes = [len(body.content) for _ in body.add(piece)]
    assert sizes[:10] == [MIB * step for step in range(1, 11)]
    body.end()
    assert body.fault is None
    assert len(body.content) == 10 * MIB


def test_nothing_is_inflated_beyond_the_limit():
    """Of a bomb no more than one step beyond the limit is inflated."""
    body = ArrivingBody("gzip", 3 * MIB)
    steps = sum(1 for _ in body.add(gzip.compress(bytes(100 * MIB))))
    assert steps <= 4
    assert body.fault is not None


@pytest.mark.parametrize(
    ("coding", "pieces", "got"),
    [
        ("gzip", [b"{}"], "Error -3"),
        ("gzip", [gzip.compress(b"{}")[:-1]], "its beginning only"),
        ("gzip", [gzip.compress(b"{}"), b"\0"], "something behind its end"),
        ("gzip", [gzip.compress(b"{}") * 2], "something behind its end"),
        ("gzip", [gzip.compress(b"{}")[:-8] + bytes(8)], "Error -3"),
        ("deflate", [zlib.compress(b"{}")[:-1]], "its beginning only"),
        ("deflate", [zlib.compress(b"{}") + b"\0"], "something behind its end"),
        ("deflate", [b"\xff"], "Error -3"),
    ],
)
def test_what_is_garbled(coding, pieces, got):
    """What cannot be undone, breaks off or goes on behind its end is garbled, which can pass."""
    fault = arrived(coding, *pieces).fault
    assert fault is not None
    assert fault.expected == f"a body in {coding}"
    assert fault.got.startswith(got)
    assert fault.transient


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "x" * 9999, "a\nb"])
def test_a_coding_that_was_not_asked_for(coding):
    """What is in a coding that cannot be undone is not even read."""
    body = arrived(coding, b"{}")
    assert body.content == b""
    fault = body.fault
    assert fault is not None
    assert fault.expected == "a body without a coding or in one of gzip, deflate"
    shown = coding if len(coding) < 20 and coding.isprintable() else "one that is not known"
    assert fault.got == f"Content-Encoding: {shown}"
    assert len(fault.got) < 100
    assert not fault.transient


def test_the_beginning_of_what_is_refused_is_kept():
    """Of a body that is refused as much is kept as an error shows, and the rest is let go."""
    body = arrived("gzip", gzip.compress(b"x" * 100_000), limit=80_000)
    assert body.fault is not None
    assert body.content == b"x" * 65_536


def test_what_follows_a_fault_is_left():
    """The first fault is the one that is told."""
    body = ArrivingBody("gzip", 100)
    assert list(body.add(b"{}")) == []
    first = body.fault
    assert list(body.add(gzip.compress(bytes(1000)))) == []
    body.end()
    assert body.fault is first
    assert body.content == b""


NUMBER = b'{"id":"3b2d1c84-6a5f-4d0e-9b77-0c1d2e3f4a5b","phone_number":"+19705555000"},'
"""The smallest object that a page is full of."""


@pytest.mark.parametrize("unit", [NUMBER, b'"' + b"x" * 97 + b'",', b'"[{,",'])
def test_honest_bodies_are_not_crowded(unit):
    """A page that fills the limit with phone numbers is taken, and any that is small."""
    size = MIB if len(unit) > 10 else MIB // 32
    assert crowded(unit * (size // len(unit)), MIB) is None


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (b"[],", "a body of at most 16384 arrays and objects"),
        (b"[[]],", "a body of at most 16384 arrays and objects"),
        (b'{"":0},', "a body of at most 16384 arrays and objects"),
        (b"0,", "a body of at most 43690 values"),
        (b'"ab",', "a body of at most 43690 values"),
        (b'"":0,', "a body of at most 43690 values"),
    ],
)
def test_bodies_that_are_crowded(unit, expected):
    """A body of tiny values, which would take thirty times its size in memory, is refused."""
    fault = crowded(unit * (MIB // len(unit)), MIB)
    assert isinstance(fault, BodyFault)
    assert fault.expected == expected
    assert int(fault.got) > int(expected.split()[5])
    assert fault.advice is not None
    assert not fault.transient
