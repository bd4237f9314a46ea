"""`WebhookVerifier.unwrap`: what is accepted, and every way of being refused."""

import base64
import copy
import pickle
import re
from collections.abc import Iterable
from http.client import HTTPMessage

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from starlette.datastructures import Headers

from telnyx_orders import Clock, TelnyxError
from telnyx_orders.webhooks import (
    NumberOrderEvent,
    SignatureFault,
    WebhookSignatureError,
    WebhookVerifier,
)
from tests.webhooks import BODY, HEADERS, NOW, OTHER_KEY, PUBLIC_KEY, SIGNATURE

TIMESTAMP = "telnyx-timestamp"
ED25519 = "telnyx-signature-ed25519"


def verifier(
    public_key: str | list[str] = PUBLIC_KEY, *, now: float = NOW, tolerance: float = 300
) -> WebhookVerifier:
    return WebhookVerifier(public_key, tolerance=tolerance, clock=Clock(now=lambda: now))


def fault_of(headers: object, body: bytes = BODY, *, now: float = NOW) -> SignatureFault:
    with pytest.raises(WebhookSignatureError) as caught:
        verifier(now=now).unwrap(body, headers)  # type: ignore[arg-type]
    return caught.value.fault


def test_a_delivery_that_another_library_has_signed_is_accepted() -> None:
    """What libsodium signed is genuine, and its event is typed."""
    event = verifier().unwrap(BODY, HEADERS)
    assert isinstance(event, NumberOrderEvent)
    assert event.id == "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"
    assert event.payload.id == "12ade33a-21c0-473b-b055-b3c836e1c292"


PAIRS = [("Host", "example.com"), *HEADERS.items()]


@pytest.mark.parametrize(
    "headers",
    [
        dict(PAIRS),
        {name.upper(): value for name, value in PAIRS},
        {name.title(): value for name, value in PAIRS},
        PAIRS,
        [(name.encode(), value.encode()) for name, value in PAIRS],
        iter(PAIRS),
        CIMultiDict(PAIRS),
        CIMultiDictProxy(CIMultiDict(PAIRS)),
        Headers(raw=[(name.lower().encode(), value.encode()) for name, value in PAIRS]),
    ],
    ids=["lower", "upper", "title", "pairs", "asgi", "iterator", "multidict", "proxy", "starlette"],
)
def test_headers_are_taken_in_any_form(headers: object) -> None:
    """Names in any case, in a mapping, a multi-mapping or pairs, as web frameworks have them."""
    verifier().unwrap(BODY, headers)  # type: ignore[arg-type]


def test_the_headers_of_the_standard_library_are_taken() -> None:
    """`http.server` gives an email message, which is no mapping."""
    message = HTTPMessage()
    for name, value in PAIRS:
        message[name] = value
    verifier().unwrap(BODY, message)


@pytest.mark.parametrize("name", [TIMESTAMP, ED25519])
def test_a_missing_header_is_refused(name: str) -> None:
    """Without one of the two headers nothing is signed; `None` is what programs copy then."""
    assert fault_of({key: v for key, v in HEADERS.items() if key != name}) == "missing_header"
    assert fault_of({**HEADERS, name: None}) == "missing_header"
    assert fault_of({}) == "missing_header"
    assert fault_of([]) == "missing_header"


@pytest.mark.parametrize("name", [TIMESTAMP, ED25519])
@pytest.mark.parametrize("make", [list, CIMultiDict], ids=["pairs", "multidict"])
def test_a_doubled_header_is_refused(name: str, make: type) -> None:
    """A header that comes twice is refused, even with the same value and in another case."""
    doubled = [*HEADERS.items(), (name.title(), HEADERS[name])]
    assert fault_of(make(doubled)) == "repeated_header"
    assert fault_of([*HEADERS.items(), (name, "")]) == "repeated_header"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-1", "+5", "1_0", "\u0661\u0667" + 8 * "\u0660", "0x10", "1e9", "1700000000.0",
        " 1700000000", "1700000000\n", "NaN", "now", "9" * 13, "9" * 5000,
        "1700000000, 1700000000", "\x00",
    ],
)  # fmt: skip
def test_a_timestamp_that_is_no_number_in_digits_is_refused(text: str) -> None:
    """Only ASCII digits, and not too many, are Unix seconds; `int()` takes more."""
    assert fault_of({**HEADERS, TIMESTAMP: text}) == "malformed_timestamp"


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        (NOW + 300, None),
        (NOW + 300.001, "too_old"),
        (NOW + 10**9, "too_old"),
        (NOW - 300, None),
        (NOW - 300.001, "from_the_future"),
        (0, "from_the_future"),
        (float("nan"), "too_old"),
    ],
)
def test_the_timestamp_may_be_five_minutes_away(now: float, fault: str | None) -> None:
    """300 seconds are tolerated either way, no more."""
    if fault is None:
        verifier(now=now).unwrap(BODY, HEADERS)
    else:
        assert fault_of(HEADERS, now=now) == fault


def test_the_tolerance_can_be_set() -> None:
    """Another tolerance moves the bounds."""
    verifier(now=NOW + 900, tolerance=900).unwrap(BODY, HEADERS)
    with pytest.raises(WebhookSignatureError, match="signed 61 s ago, and 60 s are tolerated"):
        verifier(now=NOW + 61, tolerance=60).unwrap(BODY, HEADERS)


@pytest.mark.parametrize(
    "text",
    [
        "", "=", "====", "a", "not base64", SIGNATURE[:-1], SIGNATURE[:-2], SIGNATURE + "=",
        SIGNATURE + "\n", " " + SIGNATURE, SIGNATURE[:40] + "\n" + SIGNATURE[40:],
        SIGNATURE.replace("/", "_"), SIGNATURE.replace("CQ==", "CR=="), SIGNATURE + SIGNATURE,
        base64.b64encode(b"\x00" * 63).decode(), base64.b64encode(b"\x00" * 65).decode(),
        base64.b64decode(SIGNATURE).hex(), "é" * 88, "\u0661" * 88, "A" * 1_000_000,
    ],
)  # fmt: skip
def test_a_signature_of_another_form_is_refused(text: str) -> None:
    """Only the canonical base64 of 64 bytes is a signature: one text for each."""
    assert fault_of({**HEADERS, ED25519: text}) == "malformed_signature"


def test_another_key_is_refused() -> None:
    """What one key signed, another does not verify."""
    with pytest.raises(WebhookSignatureError) as caught:
        verifier(OTHER_KEY).unwrap(BODY, HEADERS)
    assert caught.value.fault == SignatureFault.MISMATCH


@pytest.mark.parametrize("keys", [[PUBLIC_KEY, OTHER_KEY], [OTHER_KEY, PUBLIC_KEY]])
def test_any_of_several_keys_will_do(keys: list[str]) -> None:
    """While keys are rotated, either is accepted."""
    verifier(keys).unwrap(BODY, HEADERS)


def test_every_changed_bit_is_refused() -> None:
    """A body, a timestamp or a signature with any one bit turned is not what was signed."""

    def flips(data: bytes) -> Iterable[bytes]:
        for at in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[at // 8] ^= 1 << at % 8
            yield bytes(flipped)

    for body in flips(BODY):
        assert fault_of(HEADERS, body) == "mismatch"
    for signature in flips(base64.b64decode(SIGNATURE)):
        text = base64.b64encode(signature).decode()
        assert fault_of({**HEADERS, ED25519: text}) == "mismatch"
    for name, value in HEADERS.items():
        for changed in flips(value.encode()):
            # In either form, and never another error.
            fault_of([*(one for one in HEADERS.items() if one[0] != name), (name, changed)])


@pytest.mark.parametrize("body", [b"", BODY + b"\n", BODY[1:], BODY[:-1], BODY * 2])
def test_a_body_that_was_cut_or_extended_is_refused(body: bytes) -> None:
    """The signature is over all of the body and nothing else."""
    assert fault_of(HEADERS, body) == "mismatch"


def test_the_second_form_of_a_signature_is_refused() -> None:
    """A signature whose second half is raised by the group's order would be another text for it."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = base64.b64decode(SIGNATURE)
    raised = int.from_bytes(signature[32:], "little") + order
    text = base64.b64encode(signature[:32] + raised.to_bytes(32, "little")).decode()
    assert fault_of({**HEADERS, ED25519: text}) == "mismatch"


@pytest.mark.parametrize("body", [BODY.decode(), bytearray(BODY), memoryview(BODY), None, {}])
def test_a_body_that_is_not_bytes_is_a_mistake_of_the_program(body: object) -> None:
    """Text or parsed JSON cannot be verified, and the error says what to pass."""
    with pytest.raises(TypeError, match=re.escape("await request.read()")):
        verifier().unwrap(body, HEADERS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "headers", [None, 5, "text", ["text"], [1, 2], [("a",)], {1: "x"}, {TIMESTAMP: [str(NOW)]}]
)
def test_what_are_no_headers_is_a_mistake_of_the_program(headers: object) -> None:
    """No request comes like this, so it is the program's `TypeError`."""
    with pytest.raises(TypeError, match="headers: expected"):
        verifier().unwrap(BODY, headers)  # type: ignore[arg-type]


def test_the_error_is_one_of_the_packages_and_crosses_processes() -> None:
    """It is a `TelnyxError` that will not pass by itself, and it pickles and copies."""
    with pytest.raises(TelnyxError) as caught:
        verifier().unwrap(BODY, {**HEADERS, TIMESTAMP: "\x1b[2Jsoon" + "!" * 500})
    error = caught.value
    assert not error.transient
    assert str(error).isprintable()
    assert len(str(error)) < 200
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert isinstance(twin, WebhookSignatureError)
        assert (str(twin), twin.fault) == (str(error), SignatureFault.MALFORMED_TIMESTAMP)


def test_the_repr_is_short() -> None:
    """It says how many keys there are."""
    assert repr(verifier([PUBLIC_KEY, OTHER_KEY])) == "<WebhookVerifier, 2 keys, tolerance 300 s>"
