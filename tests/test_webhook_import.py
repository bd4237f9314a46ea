"""What `telnyx_orders.webhooks` loads, and what it does where its extra is not installed."""

import subprocess
import sys

import pytest

from tests.test_import import loaded_by
from tests.webhooks import PUBLIC_KEY

WITHOUT_EXTRA = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "cryptography":
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from telnyx_orders import ConfigurationError
from telnyx_orders.sandbox.signing import SigningKey
from telnyx_orders.webhooks import WebhookVerifier

for make in (lambda: WebhookVerifier({PUBLIC_KEY!r}), SigningKey):
    try:
        make()
    except ConfigurationError as error:
        print(error)
"""


def test_without_its_extra_there_is_no_verifier() -> None:
    """Where cryptography is missing nothing is accepted: no verifier is made, and it says why."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_EXTRA],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all("pip install 'telnyx-orders[webhooks]'" in line for line in lines)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return loaded_by("import telnyx_orders.webhooks")


@pytest.mark.parametrize(
    "name", ["cryptography", "fastapi", "starlette", "aiohttp.web", "telnyx_orders.sandbox"]
)
def test_importing_it_loads_no_framework(loaded: set[str], name: str) -> None:
    """A framework is loaded by whoever uses it, cryptography by the first verifier."""
    assert "telnyx_orders.webhooks.verifier" in loaded
    assert not [one for one in loaded if one == name or one.startswith(f"{name}.")]


def test_a_client_does_not_load_it() -> None:
    """A program without webhooks does not pay for them."""
    loaded = loaded_by("import telnyx_orders")
    assert not [one for one in loaded if one.startswith("telnyx_orders.webhooks")]


def test_verifying_loads_no_framework() -> None:
    """A verifier needs neither aiohttp.web nor FastAPI."""
    loaded = loaded_by(
        f"from telnyx_orders.webhooks import WebhookVerifier\nWebhookVerifier({PUBLIC_KEY!r})"
    )
    assert not loaded & {"aiohttp.web", "fastapi", "starlette"}
