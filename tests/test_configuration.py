"""The settings of a client: what is taken, what is refused, and what is never shown."""

import math
import platform
import re
import ssl

import aiohttp
import pytest
import yarl

from telnyx_orders import ConfigurationError, OrdersClient, RetryPolicy, Timeout, __version__
from telnyx_orders.configuration import user_agent

KEY = "KEY0123456789abcdef"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    """No test depends on the settings of whoever runs it."""
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    monkeypatch.delenv("TELNYX_BASE_URL", raising=False)


def root(given: str | None, **others: object) -> str:
    """Give the root that a client really uses, out of what it shows of itself."""
    shown = re.fullmatch(
        r"<OrdersClient (\S+) key=\.\.\.cdef open>",
        repr(OrdersClient(KEY, base_url=given, **others)),
    )
    assert shown is not None
    return shown[1]


def test_a_client_shows_its_root_and_the_end_of_its_key():
    """The representation tells two clients apart without giving the key away."""
    client = OrdersClient(KEY)
    assert repr(client) == "<OrdersClient https://api.telnyx.com/v2 key=...cdef open>"
    assert str(client) == repr(client)


async def test_a_closed_client_shows_that_it_is():
    """A closed client says so."""
    client = OrdersClient(KEY)
    assert client.closed is False
    await client.close()
    assert client.closed is True
    assert repr(client) == "<OrdersClient https://api.telnyx.com/v2 key=...cdef closed>"


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("KEY0123456789abcdef", "...cdef"),
        ("0123456789ab", "...89ab"),
        ("0123456789a", "..."),
        ("secret", "..."),
        ("1234", "..."),
        ("x", "..."),
    ],
)
def test_a_short_key_is_not_shown(key, shown):
    """Four characters of a short key would be too much of it."""
    assert f" key={shown} " in repr(OrdersClient(key))


def test_the_key_comes_from_the_environment(monkeypatch):
    """Without an argument the key is `TELNYX_API_KEY`."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEY-of-the-environment-env1")
    assert " key=...env1 " in repr(OrdersClient())


def test_the_argument_goes_before_the_environment(monkeypatch):
    """A key that is given is used, whatever the environment says."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEY-of-the-environment-env1")
    assert " key=...cdef " in repr(OrdersClient(KEY))
    assert " key=...cdef " in repr(OrdersClient(api_key=KEY))


@pytest.mark.parametrize("given", [None, ""])
def test_there_must_be_a_key(given):
    """Without a key the message says where to get one and where to put it."""
    with pytest.raises(
        ConfigurationError, match=r"TELNYX_API_KEY or give api_key=.*https://portal\.telnyx\.com/"
    ):
        OrdersClient(given)


def test_an_empty_variable_is_no_key(monkeypatch):
    """A variable that is set to nothing counts as not set."""
    monkeypatch.setenv("TELNYX_API_KEY", "")
    with pytest.raises(ConfigurationError, match="^there is no API key: "):
        OrdersClient()


def test_an_empty_argument_is_no_key(monkeypatch):
    """An empty argument does not fall back to another account's key in the environment."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    with pytest.raises(ConfigurationError, match="^there is no API key: "):
        OrdersClient("")


BAD_KEYS = [
    "KEY01234 56789abcdef",
    " KEY0123456789abcdef",
    "KEY0123456789abcdef ",
    "KEY0123456789abcdef\n",
    "KEY01234\r\n56789abcdef",
    "KEY01234\t56789abcdef",
    "KEY01234\x7f56789abcdef",
    "KEY01234\N{NO-BREAK SPACE}56789abcdef",
    "KEY01234é56789abcdef",
    "KEY01234\N{EN DASH}56789abcdef",
    "KEY01234\N{ZERO WIDTH SPACE}56789abcdef",
    "\N{BYTE ORDER MARK}KEY0123456789abcdef",
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_with_other_characters_is_refused(key):
    """A key that was copied with something around it is refused, and not shown."""
    with pytest.raises(ConfigurationError, match="^api_key holds a space, a line break") as caught:
        OrdersClient(key)
    assert "KEY" not in str(caught.value).removeprefix("api_key").replace("TELNYX_API_KEY", "")
    assert "56789" not in str(caught.value)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_variable_with_other_characters_is_refused(monkeypatch, key):
    """The message names the variable where the bad key came from."""
    monkeypatch.setenv("TELNYX_API_KEY", key)
    with pytest.raises(ConfigurationError, match="^TELNYX_API_KEY holds a space") as caught:
        OrdersClient()
    assert "56789" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "kind"), [(b"KEY0123456789abcdef", "bytes"), (56789, "int"), (["56789"], "list")]
)
def test_a_key_of_another_type_is_refused(key, kind):
    """The message names the type and not the value."""
    with pytest.raises(ConfigurationError, match=f"^api_key: expected a str, got {kind}$"):
        OrdersClient(key)


@pytest.mark.parametrize("key", ["KEY" + "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", "a" * 5000])
def test_a_key_may_hold_any_printable_character(key):
    """What a key looks like is the API's business."""
    assert key not in repr(OrdersClient(key))


def test_a_configuration_error_is_a_value_error():
    """Code that knows nothing of this package catches a bad setting as a `ValueError`."""
    with pytest.raises(ValueError, match="concurrency"):
        OrdersClient(KEY, concurrency=0)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com/v2", "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com/v2/", "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com/v2//", "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com", "https://api.telnyx.com"),
        ("https://api.telnyx.com/", "https://api.telnyx.com"),
        ("HTTPS://API.Telnyx.com/V2", "https://api.telnyx.com/V2"),
        ("https://proxy.example:8443/telnyx/v2", "https://proxy.example:8443/telnyx/v2"),
        ("https://10.0.0.1/v2", "https://10.0.0.1/v2"),
        ("https://[2001:db8::1]:8443/v2", "https://[2001:db8::1]:8443/v2"),
        ("https://bücher.example/v2", "https://xn--bcher-kva.example/v2"),
        ("https://h.example/a%2Fb", "https://h.example/a%2Fb"),
        ("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/v2"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.8.9.10:1", "http://127.8.9.10:1"),
        ("http://[::1]:8080/v2/", "http://[::1]:8080/v2"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://LOCALHOST:8080", "http://localhost:8080"),
        ("http://api.localhost", "http://api.localhost"),
    ],
)
def test_a_root_that_can_be_used(given, used):
    """With https a key goes anywhere, with http to this machine only; a slash at the end is cut."""
    assert root(given) == used


def test_the_root_comes_from_the_environment(monkeypatch):
    """Without an argument the root is `TELNYX_BASE_URL`; an argument goes before it."""
    monkeypatch.setenv("TELNYX_BASE_URL", "https://proxy.example/v2/")
    assert root(None) == "https://proxy.example/v2"
    assert root("https://other.example/v2") == "https://other.example/v2"


def test_an_empty_variable_is_no_root(monkeypatch):
    """A variable that is set to nothing counts as not set."""
    monkeypatch.setenv("TELNYX_BASE_URL", "")
    assert root(None) == "https://api.telnyx.com/v2"


CLEAR_TEXT = [
    "http://api.telnyx.com/v2",
    "http://10.0.0.1/v2",
    "http://192.168.0.1",
    "http://0.0.0.0",
    "http://[2001:db8::1]",
    "http://[::]",
    "http://localhost.example",
    "http://127.0.0.1.example",
    "http://notlocalhost",
    "http://128.0.0.1",
    "HTTP://api.telnyx.com",
]


@pytest.mark.parametrize("given", CLEAR_TEXT)
def test_http_to_another_machine_is_refused(given):
    """A key is not sent in clear text by mistake; the message names the way out."""
    with pytest.raises(
        ConfigurationError, match=r"^base_url: .* in clear text; use https, or .*allow_insecure=Tr"
    ):
        OrdersClient(KEY, base_url=given)


@pytest.mark.parametrize("given", CLEAR_TEXT)
def test_http_to_another_machine_can_be_allowed(given):
    """Whoever says so gets it."""
    assert root(given, allow_insecure=True) == given.lower()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "expected a URL such as https://api.telnyx.com/v2"),
        ("api.telnyx.com/v2", "with http or https and a host, got 'api.telnyx.com/v2'"),
        ("//api.telnyx.com/v2", "expected a URL"),
        ("/v2", "expected a URL"),
        ("https:", "expected a URL"),
        ("https://", "expected a URL"),
        ("https:///v2", "expected a URL"),
        ("https:api.telnyx.com", "expected a URL"),
        ("ftp://api.telnyx.com/v2", "with http or https"),
        ("ws://localhost/v2", "with http or https"),
        ("file:///etc/passwd", "with http or https"),
        ("localhost:8080", "expected a URL"),
        ("https://api.telnyx.com/v2?page=1", "expected a URL"),
        ("https://api.telnyx.com/v2#fragment", "expected a URL"),
        ("https://user@api.telnyx.com/v2", "without a user name or password"),
        ("https://user:word@api.telnyx.com/v2", "without a user name or password"),
        ("https://:word@api.telnyx.com/v2", "without a user name or password"),
        ("http://127.0.0.1@api.telnyx.com/v2", "without a user name or password"),
        ("https://api.telnyx.com:port/v2", "is no URL"),
        ("https://api.telnyx.com:99999/v2", "is no URL"),
        ("https://[::1/v2", "is no URL"),
        ("https://[nonsense]/v2", "is no URL"),
        ("https://api..telnyx.com/v2", "is no URL"),
        (f"https://{'a' * 64}.example/v2", "is no URL"),
    ],
)
@pytest.mark.parametrize("allow_insecure", [False, True])
def test_a_root_that_cannot_be_used(given, message, allow_insecure):
    """What is no root of an API is refused when the client is made, not when it is used."""
    with pytest.raises(ConfigurationError, match=f"^base_url: .*{re.escape(message)}"):
        OrdersClient(KEY, base_url=given, allow_insecure=allow_insecure)


@pytest.mark.parametrize("given", ["ftp://api.telnyx.com", "http://api.telnyx.com", "https://[::1"])
def test_a_bad_variable_is_named(monkeypatch, given):
    """The message names the variable where the bad root came from."""
    monkeypatch.setenv("TELNYX_BASE_URL", given)
    with pytest.raises(ConfigurationError, match="^TELNYX_BASE_URL: "):
        OrdersClient(KEY)


@pytest.mark.parametrize(
    ("given", "kind"),
    [(3, "int"), (b"https://api.telnyx.com", "bytes"), (yarl.URL("https://a.example"), "URL")],
)
def test_a_root_of_another_type_is_refused(given, kind):
    """A root is a str."""
    with pytest.raises(ConfigurationError, match=f"^base_url: expected a str, got {kind}$"):
        OrdersClient(KEY, base_url=given)


@pytest.mark.parametrize(
    "given",
    [
        "https://user:word@api.telnyx.com/v2",
        "https://user:word@api.telnyx.com:port/v2",
        "https://user:word@api..telnyx.com/v2",
        "https://user:word@[::1/v2",
        "http://user:word@api.telnyx.com/v2",
        "ftp://user:word@api.telnyx.com/v2",
    ],
)
def test_a_password_in_a_root_is_not_shown(given):
    """Whatever else is wrong with it, a root with a password is refused without showing that."""
    with pytest.raises(ConfigurationError, match=r"^base_url: ") as caught:
        OrdersClient(KEY, base_url=given)
    assert "user:word" not in str(caught.value)


@pytest.mark.parametrize("given", [1, 2, 8, 1000])
def test_a_concurrency_that_can_be_used(given):
    """Any number of requests from one is allowed."""
    assert OrdersClient(KEY, concurrency=given).closed is False


@pytest.mark.parametrize("setting", ["concurrency", "max_body_bytes"])
@pytest.mark.parametrize("given", [0, -1, True, False, 8.0, 2.5, "8", None, math.inf])
def test_a_count_that_cannot_be_used(setting, given):
    """What is no number of requests or bytes is refused, and shown."""
    with pytest.raises(
        ConfigurationError,
        match=rf"^{setting}: expected an integer from 1, got {re.escape(repr(given))}$",
    ):
        OrdersClient(KEY, **{setting: given})


@pytest.mark.parametrize(
    "given", [None, 1, 0.5, 3600, Timeout(), Timeout(connect=3), Timeout(connect=3.5, read=60)]
)
def test_a_timeout_that_can_be_used(given):
    """A timeout is a `Timeout`, seconds for both its limits, or the default."""
    assert OrdersClient(KEY, timeout=given).closed is False


@pytest.mark.parametrize(
    "given", [0, -1, 0.0, math.nan, math.inf, -math.inf, True, False, "30", (3, 30), {"read": 3}]
)
def test_a_timeout_that_cannot_be_used(given):
    """What is no time to wait is refused when the client is made, and shown."""
    with pytest.raises(
        ConfigurationError,
        match=rf"^timeout: expected a Timeout or seconds above 0, .*got {re.escape(repr(given))}$",
    ):
        OrdersClient(KEY, timeout=given)


def test_the_limits_of_a_timeout():
    """A connection gets ten seconds, and silence thirty, unless told otherwise."""
    assert Timeout() == Timeout(connect=10.0, read=30.0)
    assert Timeout(read=5) == Timeout(connect=10.0, read=5)
    with pytest.raises(TypeError, match="positional argument"):
        Timeout(5)


@pytest.mark.parametrize("limit", ["connect", "read"])
@pytest.mark.parametrize("given", [0, -1, math.nan])
def test_a_limit_that_cannot_be_used(limit, given):
    """Each limit is above zero, and named if it is not."""
    with pytest.raises(ValueError, match=limit):
        Timeout(**{limit: given})


def test_a_connection_cannot_be_waited_for_without_end():
    """Each request would fail, as aiohttp cannot count to infinity: it is refused beforehand."""
    with pytest.raises(ValueError, match="connect"):
        Timeout(connect=math.inf)


OWN_AGENT = (
    f"telnyx-orders/{__version__} Python/{platform.python_version()} aiohttp/{aiohttp.__version__}"
)


@pytest.mark.parametrize(
    ("addition", "sent"),
    [
        (None, OWN_AGENT),
        ("my-app/1.0", f"{OWN_AGENT} my-app/1.0"),
        ("my-app/1.0 (+https://my.example)", f"{OWN_AGENT} my-app/1.0 (+https://my.example)"),
    ],
)
def test_the_user_agent(addition, sent):
    """A client names itself, Python and aiohttp, then what its user adds."""
    assert user_agent(addition) == sent
    assert OrdersClient(KEY, user_agent=addition).closed is False


@pytest.mark.parametrize(
    "addition",
    ["my\napp", "my\r\nX-Other: 1", "my\tapp", "my\0app", "möglich", "\x7f", 3, b"my-app"],
)
def test_a_user_agent_that_cannot_be_sent(addition):
    """Nothing can be smuggled into the header."""
    with pytest.raises(ConfigurationError, match="^user_agent: expected printable ASCII, got "):
        OrdersClient(KEY, user_agent=addition)


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "https://[bad"},
        {"base_url": "http://api.telnyx.com"},
        {"concurrency": 0},
        {"timeout": 0},
        {"user_agent": "\n"},
    ],
)
def test_no_message_shows_the_key(settings):
    """Whatever is wrong, the key is in no message."""
    with pytest.raises(ConfigurationError) as caught:
        OrdersClient(KEY, **settings)
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in str(error) + repr(error)
        error = error.__cause__ or error.__context__


def test_settings_are_given_by_name():
    """Only the key can be given by position."""
    with pytest.raises(TypeError, match="positional argument"):
        OrdersClient(KEY, "https://api.telnyx.com/v2")


def test_a_client_can_be_made_outside_a_loop():
    """A module can make its client at import time, with a policy of its own."""
    assert OrdersClient(KEY, retry=RetryPolicy(max_attempts=1)).closed is False


@pytest.mark.parametrize("name", ["ssl_context", "resolver", "trace_configs"])
async def test_a_borrowed_session_has_its_own_settings(name):
    """Settings that only an own session takes are refused beside a borrowed one."""
    own = {
        "ssl_context": ssl.create_default_context(),
        "resolver": aiohttp.ThreadedResolver(),
        "trace_configs": [aiohttp.TraceConfig()],
    }
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match=rf"^session: .* own {name}; set them there$"):
            OrdersClient(KEY, session=session, **{name: own[name]})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # aiohttp 4 will do without `auth`
async def test_a_borrowed_session_must_leave_the_key_its_header():
    """A session with an `auth` of its own would make each request fail."""
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("user", "word")) as session:
        with pytest.raises(ConfigurationError, match=r"^session: .*`auth`") as caught:
            OrdersClient(KEY, session=session)
    assert "word" not in str(caught.value)


async def test_a_borrowed_session_is_not_closed():
    """Closing the client leaves a borrowed session open."""
    async with aiohttp.ClientSession() as session:
        client = OrdersClient(KEY, session=session)
        await client.close()
        assert client.closed
        assert not session.closed
