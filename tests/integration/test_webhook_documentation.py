"""What the guide about webhooks shows does what the guide says."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from attrs import Factory, define

from telnyx_orders import NumberOrder
from telnyx_orders.sandbox import DeliveryKind, SigningKey, Webhooks, WebhookSender
from telnyx_orders.webhooks import Claim, DeliveryStore, NumberOrderEvent, SignatureFault
from tests.integration.test_documentation import BLOCK, ROOT
from tests.servers import serve_application, serve_asgi

BLOCKS = BLOCK.findall((ROOT / "docs/webhooks.md").read_text())


def block_with(text: str) -> dict[str, Any]:
    """Run the one block of the guide that holds a text, and give what it defines."""
    [source] = [block for block in BLOCKS if text in block]
    namespace: dict[str, Any] = {"__name__": "block"}
    exec(compile(source, text, "exec"), namespace)
    return namespace


@pytest.mark.parametrize("text", ["app = web.Application()", "app = FastAPI()"])
async def test_the_applications(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each application acts once on each event, and on nothing that is forged or late."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", SigningKey().public_key)
    app = block_with(text)["app"]
    serving = serve_application(app) if isinstance(app, web.Application) else serve_asgi(app)
    async with serving as url:
        settings = Webhooks(url=f"{url}/webhooks", script=list(DeliveryKind), retry_after=0)
        async with WebhookSender(settings) as sender:
            for number in range(len(DeliveryKind)):
                sender.ended({"id": f"order-{number}", "customer_reference": "job-17"})
            await sender.drained()
    assert len(capsys.readouterr().out.splitlines()) == len(DeliveryKind)
    refused = {delivery.kind for delivery in sender.deliveries if delivery.status == 403}
    assert refused == set(DeliveryKind) - {DeliveryKind.PLAIN, DeliveryKind.REPEATED}


@define
class FakeRedis:
    """The three commands, as Redis documents them, without their times."""

    kept: dict[str, bytes] = Factory(dict)

    async def set(self, name: str, value: str, *, ex: int, nx: bool = False) -> bool | None:
        if nx and name in self.kept:
            return None
        self.kept[name] = value.encode()
        return True

    async def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def delete(self, *names: str) -> int:
        return sum(self.kept.pop(name, None) is not None for name in names)


async def test_the_store_in_redis() -> None:
    """It keeps the promises of a store, for two processes that share it."""
    redis = FakeRedis()
    make = block_with("class RedisDeliveries")["RedisDeliveries"]
    one: DeliveryStore = make(redis)
    other: DeliveryStore = make(redis)
    claims = await asyncio.gather(one.claim("a"), other.claim("a"), one.claim("a"))
    assert sorted(claims) == [Claim.IN_PROGRESS, Claim.IN_PROGRESS, Claim.NEW]
    await one.release("a")
    assert await other.claim("a") == Claim.NEW
    await other.done("a")
    assert await one.claim("a") == Claim.DONE


async def test_older_news_is_ignored() -> None:
    """An event that happened earlier than what is known changes nothing."""
    block = block_with("known: dict")
    for minute, order_id in [(2, "a"), (1, "a"), (3, "b"), (4, "a"), (3, "a")]:
        at = datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
        payload = NumberOrder(id=order_id)
        await block["on_event"](
            NumberOrderEvent(event_type="number_order.complete", occurred_at=at, payload=payload)
        )
    assert {order_id: at.minute for order_id, (at, _) in block["known"].items()} == {"a": 4, "b": 3}


def test_the_faults_of_the_guide_are_all_there_are() -> None:
    """The table of faults names each, and no other."""
    guide = (ROOT / "docs/webhooks.md").read_text()
    section = guide.partition("## What is refused, and why")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| (?!what)", section, re.MULTILINE) == list(SignatureFault)
