"""The settings of a client, checked before anything is sent."""

import ipaddress
import math
import os
import platform

import aiohttp
import yarl

from telnyx_orders.errors import ConfigurationError
from telnyx_orders.retry import RetryPolicy
from telnyx_orders.transport import Timeout
from telnyx_orders.version import __version__

__all__ = [
    "api_key",
    "base_url",
    "check_borrowed",
    "check_concurrency",
    "key_ending",
    "retry_policy",
    "timeout",
    "user_agent",
]

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"

KEY_PAGE = "https://portal.telnyx.com/#/app/api-keys"


def api_key(given: str | None) -> str:
    """Give the API key: the argument, or `TELNYX_API_KEY`. No message ever shows it."""
    key = os.environ.get("TELNYX_API_KEY") if given is None else given
    if not key:
        raise ConfigurationError(
            f"there is no API key: set TELNYX_API_KEY or give api_key=. Keys are made at {KEY_PAGE}"
        )
    if not isinstance(key, str):
        raise ConfigurationError(f"api_key: expected a str, got {type(key).__name__}")
    if not (key.isascii() and key.isprintable()) or " " in key:
        source = "TELNYX_API_KEY" if given is None else "api_key"
        raise ConfigurationError(
            f"{source} holds a space, a line break or another character that no key has; "
            f"copy it again from {KEY_PAGE}"
        )
    return key


def key_ending(key: str) -> str:
    """Give what may be shown of a key, enough to tell two apart."""
    return f"...{key[-4:]}" if len(key) >= 12 else "..."


def base_url(given: str | None, *, allow_insecure: bool) -> str:
    """Give the API's root without a slash at its end: the argument, or `TELNYX_BASE_URL`."""
    source = "TELNYX_BASE_URL" if given is None else "base_url"
    text = (os.environ.get(source) or DEFAULT_BASE_URL) if given is None else given
    if not isinstance(text, str):
        raise ConfigurationError(f"base_url: expected a str, got {type(text).__name__}")
    if "@" in text:
        # Before anything else, so that no other message shows the password.
        raise ConfigurationError(f"{source}: expected a URL without a user name or password in it")
    if not text.isprintable() or " " in text:
        raise ConfigurationError(f"{source}: {text!r} holds a space or a line break")
    try:
        url = yarl.URL(text)
        host = (url.host or "").encode("idna").decode()
    except ValueError as error:
        raise ConfigurationError(f"{source}: {text!r} is no URL: {error}") from None
    if url.scheme not in ("http", "https") or not host or url.query_string or url.fragment:
        raise ConfigurationError(
            f"{source}: expected a URL such as {DEFAULT_BASE_URL}, with http or https and a host, "
            f"got {text!r}"
        )
    if url.scheme == "http" and not (allow_insecure or _is_loopback(host)):
        raise ConfigurationError(
            f"{source}: {text!r} would send the API key in clear text; use https, "
            "or say allow_insecure=True"
        )
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_concurrency(given: int) -> None:
    """Refuse a number of requests in flight that makes no sense."""
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ConfigurationError(f"concurrency: expected an integer from 1, got {given!r}")


def check_borrowed(session: aiohttp.ClientSession, own_settings: list[str]) -> None:
    """Refuse a session that cannot be used, and settings that only an own session takes."""
    if own_settings:
        raise ConfigurationError(
            f"session: it comes with its own {' and '.join(own_settings)}; set them there"
        )
    if getattr(session, "auth", None) is not None:  # aiohttp 4 will have none
        raise ConfigurationError(
            "session: it has an `auth` of its own, which aiohttp cannot combine with an API key; "
            "pass a session without one"
        )


def retry_policy(given: RetryPolicy | None) -> RetryPolicy:
    """Give how often and how long a call is retried."""
    if given is not None and not isinstance(given, RetryPolicy):
        raise ConfigurationError(f"retry: expected a RetryPolicy, got {given!r}")
    return given or RetryPolicy()


def timeout(given: Timeout | float | None) -> Timeout:
    """Give the limits of an attempt; a number stands for both."""
    if given is None:
        return Timeout()
    if isinstance(given, Timeout):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < math.inf:
        raise ConfigurationError(f"timeout: expected a Timeout or seconds above 0, got {given!r}")
    return Timeout(connect=given, read=given)


def user_agent(addition: str | None) -> str:
    """Give the `User-Agent` (RFC 9110, 10.1.5), with what the user adds."""
    own = (
        f"telnyx-orders/{__version__} Python/{platform.python_version()} "
        f"aiohttp/{aiohttp.__version__}"
    )
    if addition is None or addition == "":
        return own
    if not isinstance(addition, str) or not (addition.isascii() and addition.isprintable()):
        raise ConfigurationError(f"user_agent: expected printable ASCII, got {addition!r}")
    return f"{own} {addition}"
