"""A sandbox and a client of it, as fixtures.

pytest finds it by itself. It loads nothing of the package until a test asks for a fixture. The
tests run under pytest-asyncio or anyio, in whose event loop the sandbox and the client live.
"""

import importlib
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from telnyx_orders.client import OrdersClient
    from telnyx_orders.sandbox import Sandbox

__all__ = ["SETTINGS", "orders_client", "telnyx_sandbox"]

SETTINGS: Final = pytest.StashKey[dict[str, dict[str, Any]]]()
"""What a test asks of its sandbox and its client, by the names of the fixtures."""

_MARKERS: Final = (
    "telnyx_sandbox(**settings): what the fixture telnyx_sandbox gives to its Sandbox",
    "orders_client(**settings): what the fixture orders_client gives to its OrdersClient",
)


_ASYNCIO: Final = "pytest_asyncio.plugin"
_ANYIO: Final = "anyio.pytest_plugin"

_OLDEST_ASYNCIO: Final = (0, 26)
"""Earlier ones have no default loop scope of tests, and the earliest none of fixtures."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and the fixtures of the plugins that run asynchronous tests."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    # A plugin that is too old for its fixtures must break no project that does not ask for them.
    if _runs(_ASYNCIO, config) and _too_old() is None:
        _register("for_asyncio", config)
    if _runs(_ANYIO, config):
        _register("for_anyio", config)


def _runs(plugin: str, config: pytest.Config) -> bool:
    # By its module, since `-p pytest_asyncio.plugin` gives it another name than pytest does.
    module = sys.modules.get(plugin)
    return module is not None and config.pluginmanager.is_registered(module)


def _too_old() -> str | None:
    """Give the version of pytest-asyncio where it cannot be used."""
    import pytest_asyncio

    version = pytest_asyncio.__version__
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return version if numbers < _OLDEST_ASYNCIO else None


def _register(module: str, config: pytest.Config) -> None:
    config.pluginmanager.register(importlib.import_module(f"telnyx_orders.testing.{module}"))


@pytest.fixture
def telnyx_sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> "Sandbox":
    """A running `Sandbox`, to which `TELNYX_BASE_URL` and `TELNYX_API_KEY` lead for the test.

    So an application finds it without being told, and never the account of whoever runs the tests.
    `TELNYX_PUBLIC_KEY` is its own if it sends webhooks, and is not there otherwise. Its settings
    come from `@pytest.mark.telnyx_sandbox(orders=50, rate_limit=RateLimit(10))`, the nearest marker
    first, and from the parameter where it is parametrized with `indirect=True`.
    """
    sandbox: Sandbox = _provide("telnyx_sandbox", request)
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    if sandbox.webhook_sender is None:  # the key needs the extra `webhooks`, as the sender does
        monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    else:
        monkeypatch.setenv("TELNYX_PUBLIC_KEY", sandbox.public_key)
    return sandbox


@pytest.fixture
def orders_client(request: pytest.FixtureRequest, telnyx_sandbox: "Sandbox") -> "OrdersClient":
    """An open `OrdersClient` of `telnyx_sandbox`, closed after the test.

    It tries again without backoff, and waits only for as long as the sandbox asks it to, as with a
    rate limit. Its settings come from `@pytest.mark.orders_client(concurrency=2)`, as those of
    `telnyx_sandbox` do.
    """
    client: OrdersClient = _provide(
        "orders_client",
        request,
        api_key=telnyx_sandbox.api_key,
        base_url=telnyx_sandbox.base_url,
    )
    return client


def _provide(name: str, request: pytest.FixtureRequest, **settings: Any) -> Any:
    for marker in reversed(list(request.node.iter_markers(name))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{name}: expected keyword arguments only")
        settings.update(marker.kwargs)
    parameter: object = getattr(request, "param", {})
    if not isinstance(parameter, Mapping):
        raise pytest.UsageError(
            f"{name}: expected a mapping of settings as its parameter, got {parameter!r}"
        )
    settings.update(cast("Mapping[str, Any]", parameter))
    request.node.stash.setdefault(SETTINGS, {})[name] = settings
    return request.getfixturevalue(f"_{name}_{_loop(name, request)}")


def _loop(name: str, request: pytest.FixtureRequest) -> str:
    """Name the event loop that the test runs in."""
    marker = request.node.get_closest_marker("asyncio")
    by_asyncio = marker is not None and _runs(_ASYNCIO, request.config)
    by_anyio = "anyio_backend" in request.fixturenames and _runs(_ANYIO, request.config)
    if by_asyncio and by_anyio:
        # Each would run a part of the test in a loop of its own, and the parts would wait for ever.
        raise pytest.UsageError(
            f"{request.node.name} is run by pytest-asyncio and by anyio, and {name} lives in one "
            "event loop: leave one of the marks out, or set asyncio_mode to strict"
        )
    if marker is not None and by_asyncio:
        version = _too_old()
        if version is not None:
            oldest = ".".join(map(str, _OLDEST_ASYNCIO))
            raise pytest.UsageError(
                f"{name} needs pytest-asyncio {oldest} or a later one, and {version} is installed"
            )
        default = request.config.getini("asyncio_default_test_loop_scope")
        # `scope` is the older name of `loop_scope`.
        scope = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope") or default
        return f"asyncio_{scope}"
    if by_anyio:
        return "anyio"
    raise pytest.UsageError(
        f"{name} lives in the event loop of the test, and {request.node.name} has none: make it an "
        "async function that pytest-asyncio or anyio runs"
    )
