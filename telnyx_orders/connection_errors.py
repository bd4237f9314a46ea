"""What aiohttp, `ssl` and the system raise, turned into errors of this package by one table."""

import re
import ssl
from collections.abc import Callable

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from telnyx_orders.error_details import one_line, times
from telnyx_orders.errors import TRANSIENT_STATUSES, APIConnectionError, APITimeoutError

__all__ = ["CONNECTION_ERRORS", "NOT_CONNECTED", "map_connection_error", "shown_cause"]

CONNECTION_ERRORS = (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError)
"""What aiohttp, `ssl` and the system raise when no complete answer comes."""

NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""What is raised while there is no connection yet, so that nothing can have been sent."""

USERINFO = re.compile(r"//[^/@\s]*@")
"""The user and password in a URL."""

_CERTIFICATE = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    ssl.SSLCertVerificationError,
)

_TABLE: tuple[tuple[tuple[type[Exception], ...], type[APIConnectionError], bool, str, str], ...] = (
    # What it is, the error it becomes, whether it can pass, what happened, what to do. The first
    # row that fits counts; certificates come first, since they are also failed connections.
    (
        _CERTIFICATE,
        APIConnectionError,
        False,
        "the server's certificate was not accepted",
        "Check base_url, the clock of this machine and its certificates, or give ssl_context",
    ),
    (
        (TimeoutError,),
        APITimeoutError,
        True,
        "no answer in time",
        "If the network is well, allow more with `timeout`",
    ),
    (
        (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, aiohttp.RedirectClientError),
        APIConnectionError,
        False,
        "the address cannot be used",
        "Check base_url and the proxy settings of the environment",
    ),
    (
        (aiohttp.ClientPayloadError,),
        APIConnectionError,
        True,
        "the answer was cut off",
        "Try again later",
    ),
    (
        (aiohttp.ClientHttpProxyError,),
        APIConnectionError,
        False,
        "the proxy refused",
        "Check the proxy that the environment names, and the user and password in it",
    ),
    (
        (aiohttp.ClientResponseError, HttpProcessingError),
        APIConnectionError,
        True,
        "the answer is not HTTP as it should be",
        "Check base_url and what stands between this machine and the API",
    ),
    (
        (aiohttp.ClientConnectorDNSError,),
        APIConnectionError,
        True,
        "the host name was not found",
        "Check base_url and the network's name service",
    ),
    (
        (aiohttp.ClientConnectorError,),
        APIConnectionError,
        True,
        "no connection",
        "Check base_url, the network and the proxy settings of the environment",
    ),
    (
        CONNECTION_ERRORS,
        APIConnectionError,
        True,
        "the connection was lost",
        "Try again later",
    ),
)


def shown_cause(error: Exception, redact: Callable[[str], str]) -> Exception | None:
    """Give an error as the cause of ours, unless it carries what was sent with the request."""
    if isinstance(error, aiohttp.ClientResponseError):
        return None  # which holds the headers of the request, or of the one to the proxy
    shown = repr(error)
    secret = redact(shown) != shown or "BasicAuth(" in shown or USERINFO.search(shown)
    return None if secret else error


def map_connection_error(
    call: str, error: Exception, redact: Callable[[str], str] = str, attempts: int = 1
) -> APIConnectionError:
    """Turn what aiohttp, `ssl` or the system raised into an error of this package.

    Args:
        call: What was asked, such as `GET /number_orders`.
        error: One of `CONNECTION_ERRORS`.
        redact: Takes secrets out of a text.
        attempts: How many times the request was sent.
    """
    _, mapped, transient, happened, advice = next(
        row for row in _TABLE if isinstance(error, row[0])
    )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        transient = error.status in TRANSIENT_STATUSES
    # The address of a proxy may hold a password.
    detail = one_line(redact(USERINFO.sub("//", str(error)))).rstrip(".")
    named = f"{type(error).__name__}: {detail}" if detail else type(error).__name__
    return mapped(
        f"{call}: {happened} ({named}). {advice}. ({times(attempts)})",
        attempts=attempts,
        transient=transient,
    )
