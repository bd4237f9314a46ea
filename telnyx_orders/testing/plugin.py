"""A sandbox and a client of it, as fixtures.

pytest finds it by itself. It loads nothing of the package until a test asks for a fixture. The
tests run under pytest-asyncio or anyio, in whose event loop the sandbox and the client live.
"""

import importlib
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


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and the fixtures of the plugins that run asynchronous tests."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    for plugin in ("asyncio", "anyio"):
        if config.pluginmanager.hasplugin(plugin):
            fixtures = importlib.import_module(f"telnyx_orders.testing.for_{plugin}")
            config.pluginmanager.register(fixtures)


@pytest.fixture
def telnyx_sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> "Sandbox":
    """A running `Sandbox`, to which `TELNYX_BASE_URL` and `TELNYX_API_KEY` lead for the test.

    So an application finds it without being told, and never the account of whoever runs the tests.
    Its settings come from `@pytest.mark.telnyx_sandbox(orders=50, rate_limit=RateLimit(10))`, the
    nearest marker first, and from the parameter where it is parametrized with `indirect=True`.
    """
    sandbox: Sandbox = _provide("telnyx_sandbox", request)
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    return sandbox


@pytest.fixture
def orders_client(request: pytest.FixtureRequest, telnyx_sandbox: "Sandbox") -> "OrdersClient":
    """An open `OrdersClient` of `telnyx_sandbox`, closed after the test.

    It does not wait before it tries again. Its settings come from
    `@pytest.mark.orders_client(concurrency=2)`, as those of `telnyx_sandbox` do.
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
    if marker is not None and request.config.pluginmanager.hasplugin("asyncio"):
        default = request.config.getini("asyncio_default_test_loop_scope")
        return f"asyncio_{marker.kwargs.get('loop_scope') or default}"
    if "anyio_backend" in request.fixturenames:
        return "anyio"
    raise pytest.UsageError(
        f"{name} lives in the event loop of the test, and {request.node.name} has none: make it an "
        "async function that pytest-asyncio or anyio runs"
    )
