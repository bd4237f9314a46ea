"""Whatever is done to the orders of a sandbox, in any order, they keep the rules of the API."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders.sandbox import Sandbox
from telnyx_orders.sandbox.endpoints import Asked, Endpoints
from telnyx_orders.sandbox.refusals import RefusedError
from tests.sandbox_calls import FRENCH, GB, GERMAN, TOLL_FREE, US, Time

NUMBERS = (US, GB, GERMAN, FRENCH, TOLL_FREE)

actions = st.one_of(
    st.tuples(st.just("place"), st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True)),
    st.tuples(
        st.sampled_from(["cancel", "answer", "group", "fail", "settle", "refer"]),
        st.integers(0, 1000),
    ),
    st.tuples(st.just("wait"), st.integers(0, 15)),
)


class World:
    """A sandbox that is called without a network, and what was told of it."""

    def __init__(self) -> None:
        self.time = Time()
        self.sandbox = Sandbox(4, 3, clock=self.time, settle_after=10)
        self.told: list[dict[str, Any]] = []
        self.sandbox.on_order_ended = self.told.append
        self._endpoints = Endpoints(self.sandbox._account).all

    def call(self, method: str, path: str, part: str = "", body: object = None) -> Any:
        asked = Asked(path, part, {}, json.dumps(body).encode())
        self.sandbox.catch_up()
        answer: Any = self._endpoints[method, path](asked, self.sandbox._account.now())
        return answer["data"]

    def refuses(self, action: str, argument: Any) -> str | None:
        """Act, and give the reason if that is refused."""
        try:
            self.act(action, argument)
        except (RefusedError, ValueError) as refused:
            return str(refused)
        return None

    def act(self, action: str, argument: Any) -> None:
        if action == "place":
            entries = [{"phone_number": number} for number in argument]
            self.call("POST", "/number_orders", body={"phone_numbers": entries})
            return
        if action == "wait":
            self.time.now += argument
            return
        numbers = self.call("GET", "/number_order_phone_numbers")
        number = numbers[argument % len(numbers)]
        order, sub_order = number["order_request_id"], number["sub_number_order_id"]
        match action:
            case "cancel":
                self.call("PATCH", "/sub_number_orders/{id}/cancel", sub_order)
            case "answer":
                values = [
                    {"requirement_id": asked["requirement_id"], "field_value": "x"}
                    for asked in number["regulatory_requirements"]
                ]
                body = {"regulatory_requirements": values}
                self.call("PATCH", "/number_order_phone_numbers/{id}", number["id"], body)
            case "group":
                body = {"requirement_group_id": "g"}
                self.call("POST", "/sub_number_orders/{id}/requirement_group", sub_order, body)
            case "fail":
                self.sandbox.settle_sub_order(sub_order, "failure")
            case "settle":
                self.sandbox.settle(order)
            case "refer":
                self.call(
                    "PATCH", "/number_orders/{id}", order, {"customer_reference": str(argument)}
                )


def whole(statuses: Sequence[str]) -> str:
    for status in ("pending", "failure", "success"):
        if status in statuses:
            return status
    return "cancelled"


def check(world: World) -> None:
    """An order agrees with its parts, its listing, its filters, and what was told of it."""
    sub_orders = world.call("GET", "/sub_number_orders")
    numbers = world.call("GET", "/number_order_phone_numbers")
    told = [order["id"] for order in world.told]
    assert len(set(told)) == len(told)
    for row in world.sandbox.rows():
        order = world.call("GET", "/number_orders/{id}", str(row["id"]))
        assert {**order, "phone_numbers": None} == {**row, "phone_numbers": None}
        parts = [sub for sub in sub_orders if sub["order_request_id"] == row["id"]]
        assert [sub["id"] for sub in parts] == row["sub_number_orders_ids"]
        assert row["status"] == whole([sub["status"] for sub in parts])
        mine = [number for number in numbers if number["order_request_id"] == row["id"]]
        assert sorted(number["id"] for number in mine) == sorted(
            entry["id"] for entry in order["phone_numbers"]
        )
        assert row["requirements_met"] == all(number["requirements_met"] for number in mine)
        assert row["id"] in world.sandbox.order_ids({"status": row["status"]})
        assert row["updated_at"] >= row["created_at"]  # type: ignore[operator]


@given(st.lists(actions, max_size=25))
def test_orders_keep_the_rules(history):
    """An order is always what its parts make of it, and its end is told once."""
    world = World()
    ended: dict[object, object] = {}
    for action, argument in history:
        refused = world.refuses(action, argument)
        assert refused is None or "only what is pending can be changed" in refused
        check(world)
        for row in world.sandbox.rows():
            if action not in ("settle", "place") and row["id"] in ended:
                assert row["status"] == ended[row["id"]]
            if row["status"] != "pending":
                ended[row["id"]] = row["status"]
    placed = set(world.sandbox.counters.placed)
    assert {order["id"] for order in world.told} & placed == placed & set(ended)


@given(st.lists(actions, max_size=25), st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_it_does_not_matter_when_somebody_looks(history, waits):
    """Looking often and looking once at the end see the same orders."""
    often, seldom = World(), World()
    for action, argument in history:
        for world in (often, seldom):
            world.refuses(action, argument)
    for seconds in waits:
        for world in (often, seldom):
            world.time.now += seconds
        often.sandbox.catch_up()
    assert list(often.sandbox.rows()) == list(seldom.sandbox.rows())
    assert often.told == seldom.told
