"""The pytest plugin, as the test suites of applications use it."""

import pytest

QUICKLY = [f"-pno:{name}" for name in ("cacheprovider", "cov", "hypothesispytest", "xdist")]
"""Without what takes long to load and is not needed."""

USES = """
import os
import pytest
from telnyx_orders import OrdersClient
from telnyx_orders.sandbox import Drift, Fault, Faults, RateLimit

"""


def run(pytester: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """Run a test file in a pytest of its own, which finds the plugin as any would."""
    pytester.makepyfile(USES + code)
    return pytester.runpytest_subprocess(*QUICKLY, "--strict-markers", *arguments)


EACH_LOOP = """
@pytest.fixture
def anyio_backend():
    return "asyncio"

class Uses:
    async def test_fetch(self, telnyx_sandbox, orders_client):
        assert len(await orders_client.number_orders.list().collect()) == 1000
        assert telnyx_sandbox.counters.requests == 4

    async def test_another_sandbox(self, orders_client, telnyx_sandbox):
        assert telnyx_sandbox.counters.requests == 0
        await orders_client.number_orders.list()
        assert telnyx_sandbox.counters.requests == 1
"""


def test_anyio(pytester: pytest.Pytester) -> None:
    code = f"{EACH_LOOP}\n@pytest.mark.anyio\nclass TestIt(Uses): ..."
    run(pytester, code).assert_outcomes(passed=2)


def test_each_loop_of_pytest_asyncio(pytester: pytest.Pytester) -> None:
    scopes = ("function", "class", "module", "package", "session")
    marks = ["asyncio", *(f"asyncio(loop_scope='{scope}')" for scope in scopes)]
    classes = "".join(
        f"@pytest.mark.{mark}\nclass Test{number}(Uses): ...\n" for number, mark in enumerate(marks)
    )
    run(pytester, EACH_LOOP + classes).assert_outcomes(passed=12)


def test_the_older_name_of_the_loop_scope(pytester: pytest.Pytester) -> None:
    """pytest-asyncio still takes `scope` for `loop_scope`, with a warning of its own."""
    code = EACH_LOOP + "@pytest.mark.asyncio(scope='module')\nclass TestIt(Uses): ..."
    run(pytester, code, "-W", "ignore").assert_outcomes(passed=2)


def test_plugins_that_are_named_by_their_modules(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where plugins are not found by themselves, as in a locked-down build."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    marks = ("asyncio", "anyio")
    code = EACH_LOOP + "".join(
        f"@pytest.mark.{one}\nclass Test_{one}(Uses): ...\n" for one in marks
    )
    plugins = ("pytest_asyncio.plugin", "anyio.pytest_plugin", "telnyx_orders.testing.plugin")
    options = [f"-p{plugin}" for plugin in plugins]
    run(pytester, code, *options).assert_outcomes(passed=4)


@pytest.mark.parametrize("version", ["0.23.8", "0.24.0", "0.25.3"])
def test_a_pytest_asyncio_that_is_too_old(pytester: pytest.Pytester, version: str) -> None:
    """It breaks nothing, until a test that it runs asks for a fixture."""
    pytester.makepyfile(older=f"import pytest_asyncio\npytest_asyncio.__version__ = '{version}'")
    pytester.syspathinsert()
    code = """
def test_another(): ...

@pytest.mark.asyncio
async def test_it(orders_client): ...
"""
    result = run(pytester, code, "-polder")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [f"*telnyx_sandbox needs pytest-asyncio 0.26 or a later one, and {version} is installed*"]
    )


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_test_that_two_plugins_run(pytester: pytest.Pytester, mode: str) -> None:
    """It would wait for ever; so it is told of."""
    code = "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n\n"
    code += "@pytest.mark.asyncio\n" if mode == "strict" else ""
    code += "@pytest.mark.anyio\nasync def test_it(orders_client): ..."
    result = run(pytester, code, "-o", f"asyncio_mode={mode}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_it is run by pytest-asyncio and by anyio*"])


@pytest.mark.parametrize("option", ["asyncio_mode=auto", "asyncio_default_test_loop_scope=session"])
def test_settings_of_pytest_asyncio(pytester: pytest.Pytester, option: str) -> None:
    mark = "" if option == "asyncio_mode=auto" else "@pytest.mark.asyncio\n"
    run(pytester, f"{EACH_LOOP}\n{mark}class TestIt(Uses): ...", "-o", option).assert_outcomes(
        passed=2
    )


def test_the_environment_leads_to_the_sandbox(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEYof-a-real-account")
    code = """
@pytest.mark.asyncio
async def test_an_application(telnyx_sandbox):
    async with OrdersClient() as client:
        assert (await client.number_orders.list()).meta.total_results == 1000

def test_afterwards():
    assert os.environ["TELNYX_API_KEY"] == "KEYof-a-real-account"
    assert "TELNYX_BASE_URL" not in os.environ
"""
    run(pytester, code, "-p", "no:randomly").assert_outcomes(passed=2)


def test_the_public_key_is_that_of_who_sends_webhooks(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that verifies by the environment does so by the sandbox's key."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", "the-key-of-a-real-account")
    code = """
from telnyx_orders.sandbox import Webhooks
from telnyx_orders.webhooks import WebhookVerifier

pytestmark = pytest.mark.asyncio

@pytest.mark.telnyx_sandbox(webhooks=Webhooks(url="http://127.0.0.1:9/"))
async def test_webhooks(telnyx_sandbox):
    assert os.environ["TELNYX_PUBLIC_KEY"] == telnyx_sandbox.public_key
    WebhookVerifier()

async def test_none(telnyx_sandbox):
    assert "TELNYX_PUBLIC_KEY" not in os.environ

def test_afterwards():
    assert os.environ["TELNYX_PUBLIC_KEY"] == "the-key-of-a-real-account"
"""
    run(pytester, code, "-p", "no:randomly").assert_outcomes(passed=3)


def test_settings_by_marker(pytester: pytest.Pytester) -> None:
    """Of a module, a class and a function; the nearest wins, setting by setting."""
    code = """
pytestmark = [pytest.mark.telnyx_sandbox(orders=30, seed=7), pytest.mark.asyncio]

@pytest.mark.orders_client(concurrency=1, user_agent="mine/1.0")
class TestOrders:
    @pytest.mark.telnyx_sandbox(orders=5)
    async def test_fetch(self, telnyx_sandbox, orders_client):
        page = await orders_client.number_orders.list()
        assert page.meta.total_results == 5
        assert page.data[0] == (await seeded(5))

    async def test_module(self, orders_client):
        assert (await orders_client.number_orders.list()).meta.total_results == 30

async def seeded(orders):
    from telnyx_orders.sandbox import Sandbox
    async with (
        Sandbox(orders, 7) as sandbox,
        OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        return (await client.number_orders.list()).data[0]
"""
    run(pytester, code).assert_outcomes(passed=2)


def test_faults_limits_and_drift(pytester: pytest.Pytester) -> None:
    code = """
pytestmark = pytest.mark.asyncio

@pytest.mark.telnyx_sandbox(faults=Faults(script=(Fault.RESET, Fault.INTERNAL_ERROR)))
async def test_faults(telnyx_sandbox, orders_client):
    assert len(await orders_client.number_orders.list().collect()) == 1000
    assert orders_client.stats.retries == 2

@pytest.mark.telnyx_sandbox(orders=100, rate_limit=RateLimit(3, window=0.2))
async def test_limit(orders_client):
    pager = orders_client.number_orders.list(page_size=10)
    await pager.collect()
    assert pager.report.rate_limit_seconds > 0

@pytest.mark.parametrize(
    "telnyx_sandbox", [{"drift": Drift(insert=1)}, {"drift": Drift(remove=1)}], indirect=True
)
async def test_drift(telnyx_sandbox, orders_client):
    orders = await orders_client.number_orders.list(page_size=50).collect()
    assert {order.id for order in orders} >= set(telnyx_sandbox.survivors())
"""
    run(pytester, code).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def test_it(telnyx_sandbox): ...", "*telnyx_sandbox lives in the event loop*has none*"),
        (
            "@pytest.mark.asyncio\n@pytest.mark.telnyx_sandbox(5)\n"
            "async def test_it(telnyx_sandbox): ...",
            "*@pytest.mark.telnyx_sandbox: expected keyword arguments only*",
        ),
        (
            "@pytest.mark.asyncio\n"
            "@pytest.mark.parametrize('orders_client', ['fast'], indirect=True)\n"
            "async def test_it(orders_client): ...",
            "*orders_client: expected a mapping of settings as its parameter, got 'fast'*",
        ),
        (
            "@pytest.fixture\ndef anyio_backend(): return 'trio'\n"
            "@pytest.mark.anyio\nasync def test_it(telnyx_sandbox): ...",
            "*the client runs on asyncio, not on trio*",
        ),
    ],
)
def test_what_cannot_be(pytester: pytest.Pytester, code: str, message: str) -> None:
    result = run(pytester, code)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


def test_nothing_is_loaded_unless_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import sys

def test_it():
    ours = {name for name in sys.modules if name.startswith("telnyx_orders")}
    assert ours == {
        "telnyx_orders",
        "telnyx_orders.testing",
        "telnyx_orders.testing.plugin",
        "telnyx_orders.testing.for_anyio",
        "telnyx_orders.testing.for_asyncio",
    }
    assert not {"aiohttp", "cattrs", "tenacity"} & set(sys.modules)
""")
    pytester.runpytest_subprocess(*QUICKLY).assert_outcomes(passed=1)
    without = pytester.runpytest_subprocess(*QUICKLY, "-pno:telnyx_orders")
    without.assert_outcomes(failed=1)
    without.stdout.fnmatch_lines(["*assert set() ==*"])


def test_without_a_plugin_for_asynchronous_tests(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): ...", "-p", "no:asyncio", "-p", "no:anyio")
    result.assert_outcomes(passed=1)
