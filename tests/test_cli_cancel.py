"""`telnyx-orders cancel`: an order or a part of it, and what became of each part."""

import json

import pytest
from aiohttp import web

from telnyx_orders.sandbox import Sandbox
from tests.commands import Command, commands_at
from tests.servers import KEY, serve
from tests.test_cli import error_line, run


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


async def placed(command: Command, sandbox: Sandbox) -> tuple[str, list[str]]:
    """Place an order of two parts, which end when told; gives its id and theirs."""
    sandbox.settle_after = None
    result = await command("place", "+19705555000", "+4930123456", "+4930123457", "--yes")
    order = json.loads(result.out)
    sandbox.reset_counters()
    return order["id"], order["sub_number_orders_ids"]


async def test_an_order_is_cancelled_in_all_its_parts(command: Command, sandbox: Sandbox):
    """Each is written with what it became."""
    order_id, parts = await placed(command, sandbox)
    result = await command("cancel", order_id, "--yes")
    assert (result.code, result.err) == (0, "")
    fates = {one["id"]: one for one in json.loads(result.out)}
    assert sorted(fates) == sorted(parts)
    assert {(one["status"], one["error"]) for one in fates.values()} == {("cancelled", None)}
    assert sandbox.get(order_id)["status"] == "cancelled"


async def test_one_part_can_be_cancelled(command: Command, sandbox: Sandbox):
    """Then the others go on, and a second time there is nothing left to cancel."""
    order_id, parts = await placed(command, sandbox)
    result = await command("cancel", parts[1], "--yes", "--format", "text")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{parts[1]}  cancelled  DE local  2 numbers\n"
    again = await command("cancel", parts[1], "--yes")
    assert (again.code, again.out) == (1, "")
    assert error_line(again) == f"error: there is nothing to cancel: {parts[1]} has ended"
    whole = await command("cancel", order_id, "--yes")
    assert (whole.code, [one["id"] for one in json.loads(whole.out)]) == (0, parts[:1])


async def test_nothing_is_cancelled_unless_it_is_wanted(command: Command, sandbox: Sandbox):
    """A dry run shows the parts; without `--yes` and a terminal it exits with 2."""
    order_id, parts = await placed(command, sandbox)
    dry = await command("cancel", order_id, "--dry-run")
    assert (dry.code, sorted(one["id"] for one in json.loads(dry.out))) == (0, sorted(parts))
    assert dry.err == (
        "Nothing was cancelled. Without --dry-run this would cancel 2 sub number orders, "
        "with 3 numbers.\n"
    )
    unasked = await command("cancel", order_id)
    assert (unasked.code, unasked.out) == (2, "")
    assert "no terminal" in error_line(unasked)
    assert "--yes" in unasked.err
    assert sandbox.counters.by_endpoint["PATCH /sub_number_orders/{id}/cancel"] == 0
    assert sandbox.get(order_id)["status"] == "pending"


async def test_an_id_that_is_none_of_the_accounts(command: Command):
    """It is neither an order nor a part of one."""
    result = await command("cancel", "nobody", "--yes")
    assert (result.code, result.out) == (1, "")
    assert "neither an order nor a sub number order with the id nobody" in error_line(result)
    assert (await command("cancel", "", "--yes")).code == 2


async def test_a_part_that_cannot_be_cancelled_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """All are tried, those that the listing left out too; what failed is told, and exits with 1."""
    tried: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        *_, collection, last = request.path.split("/")
        if collection == "number_orders":
            order = {"id": last, "sub_number_orders_ids": ["a", "b", "c", "d"]}
            return web.json_response({"data": order})
        if last == "sub_number_orders":
            listed = [{"id": one, "status": "pending"} for one in ("a", "b")]
            return web.json_response({"data": [*listed, {"id": "d", "status": "success"}]})
        if last == "cancel":
            tried.append(collection)
            if collection == "b":
                refusal = {"code": "10015", "title": "Too late"}
                return web.json_response({"errors": [refusal]}, status=422)
            return web.json_response({"data": {"id": collection, "status": "cancelled"}})
        return web.json_response({"data": {"id": last, "status": "pending"}})

    async with serve(handler) as base_url:
        command = commands_at(base_url, KEY, monkeypatch, capfd)
        result = await command("cancel", "order", "--yes")
    assert result.code == 1
    assert sorted(tried) == ["a", "b", "c"]
    fates = {one["id"]: (one["status"], one["error"]) for one in json.loads(result.out)}
    assert (fates["a"], fates["c"]) == (("cancelled", None), ("cancelled", None))
    assert fates["b"][0] == "pending"
    assert "Too late" in fates["b"][1]
    told, error = result.err.splitlines()
    assert told.startswith("b: PATCH ")
    assert error == "error: 1 of 3 sub number orders could not be cancelled"


async def test_an_order_of_the_built_in_sandbox_can_be_cancelled():
    """With an id that `list --sandbox` shows."""
    listed = await run("list", "--sandbox", "--quiet", "--status", "pending", "--limit", "1")
    result = await run("cancel", "--sandbox", "--yes", json.loads(listed.out)["id"])
    assert (result.code, result.err) == (0, "")
    assert {one["status"] for one in json.loads(result.out)} == {"cancelled"}
