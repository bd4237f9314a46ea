"""What aiohttp, `ssl` and the system raise, each mapped to an error of this package."""

import socket
import ssl
from types import SimpleNamespace

import aiohttp
import pytest
import yarl
from aiohttp import http_exceptions
from aiohttp.client_exceptions import UnixClientConnectorError
from multidict import CIMultiDict, CIMultiDictProxy

from telnyx_orders import APIConnectionError, APITimeoutError
from telnyx_orders.connection_errors import CONNECTION_ERRORS, map_connection_error

URL = yarl.URL("https://api.example/v2/number_orders")
KEY = SimpleNamespace(host="api.example", port=443, is_ssl=True, ssl=True)
REQUEST = aiohttp.RequestInfo(URL, "GET", CIMultiDictProxy(CIMultiDict()), URL)


def all_subclasses(*roots: type[Exception]) -> list[type[Exception]]:
    found = list(roots)
    for cls in found:
        found += [child for child in cls.__subclasses__() if child not in found]
    # An application's own subclasses, and those of other tests, may want other arguments.
    return sorted(
        (cls for cls in found if cls.__module__.split(".")[0] in ("aiohttp", "telnyx_orders")),
        key=lambda cls: cls.__name__,
    )


def made(cls: type[Exception]) -> Exception:
    """Make an instance as aiohttp does, so that its text can be had."""
    refused = OSError(111, "it broke")
    if issubclass(cls, UnixClientConnectorError):
        return cls("/run/api.sock", KEY, refused)
    if issubclass(cls, aiohttp.ClientConnectorCertificateError):
        return cls(KEY, ssl.SSLCertVerificationError(1, "it broke"))
    if issubclass(cls, aiohttp.ClientConnectorError):
        return cls(KEY, refused)
    if issubclass(cls, aiohttp.ServerFingerprintMismatch):
        return cls(b"expected", b"it broke", "api.example", 443)
    if issubclass(cls, aiohttp.ClientResponseError):
        return cls(REQUEST, (), status=502, message="it broke")
    if issubclass(cls, aiohttp.InvalidURL):
        return cls(URL, "it broke")
    if issubclass(cls, OSError) and not issubclass(cls, TimeoutError):
        return cls(104, "it broke")
    if cls is http_exceptions.HttpProcessingError:
        return cls(code=400, message="it broke")
    return cls("it broke")


AIOHTTP = all_subclasses(aiohttp.ClientError, http_exceptions.HttpProcessingError)

SYSTEM = [
    TimeoutError("it broke"),
    ssl.SSLError(1, "it broke"),
    ssl.SSLCertVerificationError(1, "it broke"),
    ssl.SSLEOFError(8, "it broke"),
    ssl.SSLZeroReturnError(6, "it broke"),
    ConnectionRefusedError(111, "it broke"),
    ConnectionResetError(104, "it broke"),
    ConnectionAbortedError(103, "it broke"),
    BrokenPipeError(32, "it broke"),
    OSError(101, "it broke"),
    OSError(110, "it broke"),
    socket.gaierror(-2, "it broke"),
    socket.herror(1, "it broke"),
]

# These alone cannot pass: neither a certificate nor an address mends itself.
PERMANENT = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    aiohttp.RedirectClientError,
    ssl.SSLCertVerificationError,
)

EVERY_ERROR = [*map(made, AIOHTTP), *SYSTEM]

every_error = pytest.mark.parametrize(
    "error", EVERY_ERROR, ids=[type(error).__name__ for error in EVERY_ERROR]
)


@pytest.mark.parametrize(
    "name",
    [
        "ClientError",
        "ClientConnectionError",
        "ClientConnectionResetError",
        "ClientConnectorCertificateError",
        "ClientConnectorDNSError",
        "ClientConnectorError",
        "ClientConnectorSSLError",
        "ClientHttpProxyError",
        "ClientOSError",
        "ClientPayloadError",
        "ClientProxyConnectionError",
        "ClientResponseError",
        "ConnectionTimeoutError",
        "ContentTypeError",
        "ConnectionLostError",
        "InvalidURL",
        "InvalidUrlRedirectClientError",
        "ServerDisconnectedError",
        "ServerFingerprintMismatch",
        "SocketTimeoutError",
        "TooManyRedirects",
        "TransferEncodingError",
        "UnixClientConnectorError",
    ],
)
def test_the_walk_finds_the_classes_of_aiohttp(name):
    """The tests below are of every class that aiohttp raises, near and far from the root."""
    assert name in [cls.__name__ for cls in AIOHTTP]


@every_error
def test_the_examples_are_made_as_by_those_who_raise_them(error):
    """Each example can be shown, and tells that it broke."""
    assert "it broke" in str(error) + repr(error)


@every_error
def test_every_error_is_caught_and_mapped(error):
    """Nothing foreign is left through: each becomes an error of a lost connection."""
    assert isinstance(error, CONNECTION_ERRORS)
    mapped = map_connection_error("GET /number_orders", error)
    assert type(mapped) in (APIConnectionError, APITimeoutError)
    assert mapped.attempts == 1


@every_error
def test_timeouts_are_timeouts(error):
    """What is a timeout, and nothing else, becomes one."""
    mapped = map_connection_error("GET /number_orders", error)
    assert (type(mapped) is APITimeoutError) is isinstance(error, TimeoutError)


@every_error
def test_what_cannot_pass_is_not_tried_again(error):
    """Certificates and addresses are permanent, and all else can pass."""
    mapped = map_connection_error("GET /number_orders", error)
    assert mapped.transient is not isinstance(error, PERMANENT)


@every_error
def test_the_message_is_one_line_that_names_the_error(error):
    """A message names the call, the class of what was raised, and what to do."""
    text = str(map_connection_error("GET /number_orders", error, attempts=3))
    assert text.startswith("GET /number_orders: ")
    assert f"({type(error).__name__}" in text
    assert text.endswith(". (3 attempts)")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "cls", "transient", "text"),
    [
        (
            TimeoutError(),
            APITimeoutError,
            True,
            "GET /x: no answer in time (TimeoutError). If the network is well, allow more with "
            "`timeout`. (1 attempt)",
        ),
        (
            ConnectionResetError(104, "Connection reset by peer"),
            APIConnectionError,
            True,
            "GET /x: the connection was lost (ConnectionResetError: [Errno 104] Connection reset "
            "by peer). Try again later. (1 attempt)",
        ),
        (
            aiohttp.ServerDisconnectedError(),
            APIConnectionError,
            True,
            "GET /x: the connection was lost (ServerDisconnectedError: Server disconnected). Try "
            "again later. (1 attempt)",
        ),
        (
            aiohttp.ClientPayloadError("Response payload is not completed"),
            APIConnectionError,
            True,
            "GET /x: the answer was cut off (ClientPayloadError: Response payload is not "
            "completed). Try again later. (1 attempt)",
        ),
        (
            aiohttp.InvalidURL("https://[bad"),
            APIConnectionError,
            False,
            "GET /x: the address cannot be used (InvalidURL: https://[bad). Check base_url and "
            "the proxy settings of the environment. (1 attempt)",
        ),
        (
            ssl.SSLCertVerificationError("self-signed"),
            APIConnectionError,
            False,
            "GET /x: the server's certificate was not accepted (SSLCertVerificationError: "
            "('self-signed',)). Check base_url, the clock of this machine and its certificates, "
            "or give ssl_context. (1 attempt)",
        ),
    ],
)
def test_what_a_message_says(error, cls, transient, text):
    """A message says what happened, in the system's own words too, and what to do."""
    mapped = map_connection_error("GET /x", error)
    assert (type(mapped), mapped.transient, str(mapped)) == (cls, transient, text)


@pytest.mark.parametrize(
    ("cls", "happened"),
    [
        (aiohttp.ClientConnectorDNSError, "the host name was not found"),
        (aiohttp.ClientConnectorError, "no connection"),
        (aiohttp.ClientProxyConnectionError, "no connection"),
        (UnixClientConnectorError, "no connection"),
        (aiohttp.ClientConnectorCertificateError, "the server's certificate was not accepted"),
        (aiohttp.ServerFingerprintMismatch, "the server's certificate was not accepted"),
        (aiohttp.ConnectionTimeoutError, "no answer in time"),
        (aiohttp.SocketTimeoutError, "no answer in time"),
        (aiohttp.ServerTimeoutError, "no answer in time"),
        (aiohttp.ClientResponseError, "the answer is not HTTP as it should be"),
        (aiohttp.ClientHttpProxyError, "the proxy refused"),
        (http_exceptions.BadStatusLine, "the answer is not HTTP as it should be"),
        (http_exceptions.ContentEncodingError, "the answer is not HTTP as it should be"),
        (aiohttp.ClientOSError, "the connection was lost"),
        (aiohttp.ClientError, "the connection was lost"),
    ],
)
def test_the_most_telling_row_counts(cls, happened):
    """An error that several rows fit is told by the most telling one."""
    assert f"GET /x: {happened} (" in str(map_connection_error("GET /x", made(cls)))


def test_attempts_are_kept():
    """How often the request was sent is a field, and in the message."""
    mapped = map_connection_error("GET /x", TimeoutError(), attempts=4)
    assert mapped.attempts == 4
    assert str(mapped).endswith("(4 attempts)")


@pytest.mark.parametrize("text", ["a\nb", "a\r\n\tb", "a \N{LINE SEPARATOR} b"])
def test_line_breaks_do_not_break_the_message(text):
    """A proxy's words stay on the line."""
    assert "(ClientError: a b). " in str(map_connection_error("GET /x", aiohttp.ClientError(text)))


def test_a_long_text_is_shortened():
    """A megabyte in a status line does not become a message of one."""
    mapped = map_connection_error("GET /x", aiohttp.ClientError("x" * 1_000_000))
    assert len(str(mapped)) < 500


def redact(text: str) -> str:
    return text.replace("KEY0123456789abcdef", "[redacted]")


def test_secrets_are_taken_out():
    """What the caller wants taken out of a text is not in the message."""
    mapped = map_connection_error("GET /x", OSError("Bearer KEY0123456789abcdef refused"), redact)
    assert "(OSError: Bearer [redacted] refused). " in str(mapped)


@pytest.mark.parametrize("before", range(0, 500, 10))
def test_shortening_leaves_no_part_of_a_secret(before):
    """A secret that stands where a long text is cut off is taken out before the cut."""
    mapped = map_connection_error("GET /x", OSError("." * before + "KEY0123456789abcdef"), redact)
    assert "KEY" not in str(mapped)
