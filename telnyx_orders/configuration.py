"""The settings of a client, checked before anything is sent."""

import inspect
import ipaddress
import netrc
import os
import platform
from datetime import datetime
from typing import cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
import cattrs
import yarl

from telnyx_orders.calls import Timeout
from telnyx_orders.clock import checked_seconds
from telnyx_orders.errors import KEY_PAGE, ConfigurationError
from telnyx_orders.retry import RetryPolicy
from telnyx_orders.version import __version__

__all__ = [
    "api_key",
    "base_url",
    "check_borrowed",
    "check_converter",
    "check_count",
    "check_observer",
    "check_seconds",
    "check_type",
    "key_ending",
    "proxy",
    "retry_policy",
    "timeout",
    "user_agent",
]

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"


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


def proxy(url: str) -> str | None:
    """Give the proxy that the environment names for a URL, if any.

    Looked up here, once: aiohttp's own `trust_env` asks a thread before each request, and refuses
    every request when .netrc names the host, as we send a header of our own.
    """
    parsed = yarl.URL(url)
    host = parsed.host or ""
    # To this machine the key may go in clear text, but not by way of another.
    named = None if _is_loopback(host) else _named_proxy(parsed.scheme, host)
    if named is None:
        return None
    source = f"{parsed.scheme.upper()}_PROXY"
    try:
        address = yarl.URL(named)
    except ValueError:
        address = yarl.URL()
    if address.scheme not in ("http", "https") or not address.host:
        # Without its text, which may hold a password.
        raise ConfigurationError(
            f"{source} names no proxy that can be used: expected a URL such as "
            "http://proxy.example:3128, with http or https; or say trust_env=False"
        )
    return named


def _named_proxy(scheme: str, host: str) -> str | None:
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_count(argument: str, given: int) -> None:
    """Refuse a number of requests or bytes that makes no sense."""
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ConfigurationError(f"{argument}: expected an integer from 1, got {given!r}")


def check_seconds(argument: str, given: float, *, or_zero: bool = False) -> None:
    """Refuse a time that makes no sense, or does not end."""
    try:
        checked_seconds(argument, given, or_zero=or_zero)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from None


def check_type(argument: str, value: object, expected: type) -> None:
    """Refuse a setting of another type than the one that is expected, or `None`."""
    if value is not None and not isinstance(value, expected):
        raise ConfigurationError(f"{argument}: expected a {expected.__name__}, got {value!r}")


def check_observer(observer: object) -> None:
    """Refuse an observer that cannot be called, or that would have to be awaited."""
    if observer is None:
        return
    if not callable(observer):
        raise ConfigurationError(f"observer: expected a callable, got {observer!r}")
    # Of an object with `async def __call__` only the method is known to be one.
    if any(inspect.iscoroutinefunction(one) for one in (observer, type(observer).__call__)):
        raise ConfigurationError(
            f"observer: expected a plain function, got {observer!r}, which is a coroutine "
            "function; nothing would await it"
        )


def check_converter(converter: cattrs.Converter) -> None:
    """Refuse a converter that has no hooks for what an order holds."""
    try:
        # The one field of an order that a plain converter knows nothing of.
        sample: list[datetime | None] = [
            converter.structure("2018-01-01T00:00:00.000000Z", wanted)
            for wanted in (datetime, cast("type[datetime]", datetime | None))
        ]
    except cattrs.StructureHandlerNotFoundError as error:
        raise ConfigurationError(
            "converter: it cannot structure an order, as it has no hook for times; "
            "start from make_converter() and add your hooks to it"
        ) from error
    if any(moment is None or moment.tzinfo is None for moment in sample):
        raise ConfigurationError(
            "converter: its times have no zone, so that it cannot be told what came first; "
            "give aware times"
        )


def check_borrowed(session: aiohttp.ClientSession, url: str, own_settings: list[str]) -> None:
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
    parsed = yarl.URL(url)
    host = parsed.host or ""
    by_proxy = getattr(session, "_default_proxy", None) or (
        session.trust_env and _named_proxy(parsed.scheme, host)
    )
    if by_proxy and parsed.scheme == "http" and _is_loopback(host):
        raise ConfigurationError(
            f"session: it would send the API key for {host} in clear text to a proxy; "
            "pass a session without one"
        )
    if session.trust_env and _netrc_names(host):
        raise ConfigurationError(
            "session: with its trust_env=True aiohttp takes a password from .netrc for this host, "
            "and cannot combine it with an API key; pass a session without trust_env"
        )


def _netrc_names(host: str) -> bool:
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def retry_policy(given: RetryPolicy | None) -> RetryPolicy:
    """Give how often and how long a call is retried."""
    check_type("retry", given, RetryPolicy)
    return given or RetryPolicy()


def timeout(given: Timeout | float | None) -> Timeout:
    """Give the limits of an attempt; a number stands for both."""
    if given is None:
        return Timeout()
    if isinstance(given, Timeout):
        return given
    try:
        return Timeout(connect=given, read=given)
    except ValueError:
        raise ConfigurationError(
            f"timeout: expected a Timeout or seconds above 0, got {given!r}"
        ) from None


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
