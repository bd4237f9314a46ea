"""The public keys of an account: from an argument or the environment, checked when they are read.

An account has one key. Several are accepted while one takes the place of another.
"""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from telnyx_orders.errors import ConfigurationError
from telnyx_orders.webhooks.signature import decode_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["VARIABLE", "load_keys", "missing_extra", "public_keys"]

VARIABLE = "TELNYX_PUBLIC_KEY"

KEY_BYTES = 32

_P = 2**255 - 19
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _P - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)
"""The y of the eight points of small order (RFC 8032, 5.1.7): under one of them as a key,
signatures can be made without any secret. 32 zeros, a likely placeholder, are one of them."""


def public_keys(given: str | Sequence[str] | None) -> list[bytes]:
    """Give the account's public keys: the argument, or `TELNYX_PUBLIC_KEY`, where commas part them.

    Raises:
        ConfigurationError: There is none, or one cannot be a key.
    """
    source = VARIABLE if given is None else "public_key"
    texts = _listed(
        os.environ.get(VARIABLE, "").replace(",", " ").split() if given is None else given
    )
    if not texts:
        raise ConfigurationError(
            f"there is no public key: set {VARIABLE} or give public_key=. The account's is shown "
            "in the Mission Control portal, under Keys & Credentials, Public Key"
        )
    return [_key(source, text) for text in texts]


def _listed(given: object) -> list[object]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, Iterable) and not isinstance(given, bytes | bytearray):
        return list(cast("Iterable[object]", given))
    raise ConfigurationError(
        f"public_key: expected a str or several of them, got a {type(given).__name__}"
    )


def _key(source: str, text: object) -> bytes:
    expected = f"{source}: expected the base64 of {KEY_BYTES} bytes, 44 characters"
    if not isinstance(text, str):
        raise ConfigurationError(f"{expected}, got a {type(text).__name__}")
    key = decode_base64(text)
    # None of these shows what was given, which may be a secret in the wrong place.
    if key is None:
        raise ConfigurationError(f"{expected}, got {len(text)} that are no base64")
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{expected}, got the base64 of {len(key)} bytes")
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if y % _P in _SMALL_ORDER:
        raise ConfigurationError(
            f"{source}: this is no account's key, and anybody could sign for it; "
            "is it a placeholder?"
        )
    return key


def load_keys(keys: Sequence[bytes]) -> "list[Ed25519PublicKey]":
    """Make what verifies of the bytes of keys.

    Raises:
        ConfigurationError: cryptography is not installed, or cannot do Ed25519.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise missing_extra(error) from error
    try:
        return [Ed25519PublicKey.from_public_bytes(key) for key in keys]
    except UnsupportedAlgorithm as error:
        raise ConfigurationError(
            f"the OpenSSL of this Python's cryptography does not do Ed25519: {error}"
        ) from error


def missing_extra(error: ImportError) -> ConfigurationError:
    """Say that signatures cannot be verified, or made, without the extra."""
    return ConfigurationError(
        "signatures of webhooks need cryptography; "
        f"install it with: pip install 'telnyx-orders[webhooks]' ({error})"
    )
