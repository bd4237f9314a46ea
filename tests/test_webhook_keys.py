"""The public keys: where they come from, and what cannot be one."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from telnyx_orders import ConfigurationError
from telnyx_orders.webhooks import WebhookVerifier
from telnyx_orders.webhooks.keys import public_keys
from tests.webhooks import OTHER_KEY, PUBLIC_KEY

BOTH = [base64.b64decode(PUBLIC_KEY), base64.b64decode(OTHER_KEY)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (PUBLIC_KEY, BOTH[:1]),
        (f"{PUBLIC_KEY}\n", BOTH[:1]),
        (f"{PUBLIC_KEY},{OTHER_KEY}", BOTH),
        (f" {PUBLIC_KEY} , {OTHER_KEY},\n", BOTH),
    ],
)
def test_the_environment_holds_one_key_or_several(
    text: str, keys: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commas part them; blanks around them, as files leave behind, do not matter."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", text)
    assert public_keys(None) == keys


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given counts, one key or any sequence of them."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", PUBLIC_KEY)
    assert public_keys(OTHER_KEY) == BOTH[1:]
    assert public_keys((PUBLIC_KEY, OTHER_KEY)) == BOTH


@pytest.mark.parametrize("text", [None, "", " ", ",", " , \n"])
def test_no_key_is_an_error_at_once(text: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key no verifier is made, and the error says where the key is."""
    if text is not None:
        monkeypatch.setenv("TELNYX_PUBLIC_KEY", text)
    with pytest.raises(ConfigurationError, match=r"set TELNYX_PUBLIC_KEY or give public_key="):
        WebhookVerifier()


def test_an_empty_list_is_no_key() -> None:
    """A verifier that accepts nothing, or everything, cannot be made."""
    with pytest.raises(ConfigurationError, match="there is no public key"):
        WebhookVerifier([])


@pytest.mark.parametrize(
    "given",
    [
        "", "x", "KEY0123456789abcdef", PUBLIC_KEY[:-1], PUBLIC_KEY + "\n", PUBLIC_KEY * 2,
        PUBLIC_KEY.replace("/", "_"), PUBLIC_KEY.replace("bg=", "bh="), BOTH[0].hex(),
        base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode(),
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----", "é" * 44,
        [PUBLIC_KEY, ""], [None], [BOTH[0]], BOTH[0], 5, object(),
    ],
)  # fmt: skip
def test_what_is_no_key_is_an_error_that_does_not_show_it(given: object) -> None:
    """The error says what is expected; what was given may be a secret in the wrong place."""
    with pytest.raises(ConfigurationError, match="expected") as caught:
        WebhookVerifier(given)  # type: ignore[arg-type]
    for text in given if isinstance(given, list) else [given]:
        if isinstance(text, str) and len(text) > 5:
            assert text not in str(caught.value)


SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_that_anybody_can_sign_for_is_refused(key: str) -> None:
    """Points of small order, in every encoding, are no keys: zeros are a likely placeholder."""
    with pytest.raises(ConfigurationError, match="anybody could sign"):
        WebhookVerifier(base64.b64encode(bytes.fromhex(key)).decode())


def test_under_such_a_key_a_signature_needs_no_secret() -> None:
    """The reason for it: with the neutral element as a key, one signature is valid for any text."""
    neutral = (1).to_bytes(32, "little")
    key = Ed25519PublicKey.from_public_bytes(neutral)
    for text in (b"anything", b"anything else"):
        key.verify(neutral + bytes(32), text)


@pytest.mark.parametrize("tolerance", [0, -1, float("inf"), float("nan"), True, "300", None])
def test_a_tolerance_that_is_no_time_is_an_error(tolerance: object) -> None:
    """A verifier that takes any age, or none, cannot be made by mistake."""
    with pytest.raises(ConfigurationError, match="tolerance: expected seconds above 0"):
        WebhookVerifier(PUBLIC_KEY, tolerance=tolerance)  # type: ignore[arg-type]
