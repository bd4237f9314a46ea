"""The orders of a sandbox: made up once and for all, realistic, and changeable by call."""

import math
import re
import uuid
from collections import Counter
from datetime import UTC, datetime

import pytest

from telnyx_orders.sandbox import Sandbox


def text(row: dict[str, object], key: str) -> str:
    value = row[key]
    assert isinstance(value, str)
    return value


def test_the_same_seed_gives_the_same_orders():
    """Two sandboxes of one seed have equal rows, whatever their clocks say."""
    one = Sandbox(200, 5, clock=lambda: 0.0)
    other = Sandbox(200, 5, clock=lambda: 4e9)
    assert list(one.rows()) == list(other.rows())


def test_another_seed_gives_other_orders():
    """Sandboxes of two seeds share no order."""
    assert not set(Sandbox(200, 1).order_ids()) & set(Sandbox(200, 2).order_ids())


def test_the_first_orders_never_change():
    """Seeded orders are a promise to tests that name them: these are seed 0's."""
    sandbox = Sandbox(3, 0)
    assert sandbox.order_ids() == [
        "e636805d-c679-474c-a23a-c06518e09140",
        "1cfd1f4c-8d6b-4eb1-a9e6-c5008819b654",
        "a28d4789-cdcf-4b93-a48a-b0e7b51c0704",
    ]


def test_rows_look_like_those_of_the_api():
    """Every row has the API's keys and forms, and its parts agree with each other."""
    for row in Sandbox(500).rows():
        assert uuid.UUID(text(row, "id")).version == 4
        assert row["record_type"] == "number_order"
        numbers = row["phone_numbers"]
        assert isinstance(numbers, list)
        assert len(numbers) == row["phone_numbers_count"]
        for number in numbers:
            assert set(number) == {"phone_number", "id"}
            assert re.fullmatch(r"\+[1-9]\d{9,13}", number["phone_number"])
            assert uuid.UUID(number["id"])
        sub_orders = row["sub_number_orders_ids"]
        assert isinstance(sub_orders, list)
        assert 1 <= len(sub_orders) <= len(numbers)
        created = datetime.fromisoformat(text(row, "created_at"))
        assert 2023 <= created.year <= 2025
        assert datetime.fromisoformat(text(row, "updated_at")) >= created
        assert row["requirements_met"] in (True, False)


def test_the_ids_of_an_account_are_unique():
    """No two orders and no two phone numbers share an id."""
    rows = list(Sandbox(2000).rows())
    ids = [text(row, "id") for row in rows]
    ids += [number["id"] for row in rows for number in row["phone_numbers"]]  # type: ignore[attr-defined]
    assert len(ids) == len(set(ids))


def test_the_account_has_every_kind_of_row():
    """Statuses, counts, missing keys, both time forms and several countries all occur."""
    rows = list(Sandbox(2000).rows())
    statuses = Counter(row["status"] for row in rows)
    assert statuses["success"] > statuses["pending"] > statuses["failure"] > 0
    counts = Counter(row["phone_numbers_count"] for row in rows)
    assert set(counts) == {1, 2, 3, 4, 5}
    assert counts[1] > 1000
    for key in (
        "connection_id",
        "messaging_profile_id",
        "billing_group_id",
        "customer_reference",
    ):
        kinds = {
            "absent" if key not in row else "null" if row[key] is None else "given" for row in rows
        }
        assert kinds == {"absent", "null", "given"}
    assert {text(row, "created_at")[26:] for row in rows} == {"Z", "+00:00"}
    references = "".join(str(row.get("customer_reference")) for row in rows)
    assert all(odd in references for odd in ("&", "+", " ", "🚀", "%2F", '"', "\\"))
    numbers = [number["phone_number"] for row in rows for number in row["phone_numbers"]]  # type: ignore[attr-defined]
    assert {number[:3] for number in numbers} >= {"+44", "+49", "+61", "+33"}
    assert any(len(row["sub_number_orders_ids"]) == 2 for row in rows)  # type: ignore[arg-type]


def test_the_count_of_numbers_can_be_fixed():
    """`numbers_per_order` gives every order, also a later one, so many numbers."""
    sandbox = Sandbox(3, numbers_per_order=40)
    sandbox.insert()
    assert [len(row["phone_numbers"]) for row in sandbox.rows()] == [40] * 4  # type: ignore[arg-type]


@pytest.mark.parametrize("orders", [0, 1, 100_000])
def test_an_account_can_be_of_any_size(orders):
    """None, one and a hundred thousand orders are all there, each with an id of its own."""
    assert len(set(Sandbox(orders).order_ids())) == orders


def test_an_inserted_order_is_new_and_pending():
    """Without fields the new order is made up, created now and not settled."""
    sandbox = Sandbox(5, clock=lambda: 1_800_000_000.5)
    order_id = sandbox.insert()
    row = sandbox.get(order_id)
    assert sandbox.order_ids()[0] == order_id
    assert row["status"] == "pending"
    moment = datetime.fromisoformat(text(row, "created_at"))
    assert moment == datetime.fromtimestamp(1_800_000_000.5, UTC)
    assert text(row, "updated_at") == text(row, "created_at")


def test_an_inserted_order_can_override_every_field():
    """Fields given are rendered as given, null and unknown keys included."""
    fields: dict[str, object] = {
        "id": "11111111-2222-4333-8444-555555555555",
        "record_type": "number_order_v2",
        "phone_numbers": [{"phone_number": "+12025550100", "id": "1", "vanity": True}],
        "sub_number_orders_ids": [],
        "status": "on_hold",
        "connection_id": None,
        "messaging_profile_id": 5,
        "billing_group_id": "b",
        "customer_reference": None,
        "created_at": "2024-02-03T04:05:06Z",
        "updated_at": None,
        "requirements_met": None,
        "deadline": {"new": ["key"]},
    }
    sandbox = Sandbox(5)
    order_id = sandbox.insert(**fields)
    assert order_id == fields["id"]
    assert sandbox.get(order_id) == {**fields, "phone_numbers_count": 1}


def test_an_inserted_order_is_a_copy():
    """What the caller does to its own values later does not reach the order."""
    sandbox = Sandbox(0)
    numbers = [{"phone_number": "+12025550100", "id": "1"}]
    order_id = sandbox.insert(phone_numbers=numbers)
    numbers.clear()
    assert len(sandbox.get(order_id)["phone_numbers"]) == 1  # type: ignore[arg-type]


def test_an_inserted_time_places_the_order():
    """An order with a `created_at` of the past stands where that time belongs."""
    sandbox = Sandbox(10)
    middle = datetime.fromisoformat(text(sandbox.get(sandbox.order_ids()[4]), "created_at"))
    order_id = sandbox.insert(created_at=middle)
    assert sandbox.order_ids().index(order_id) == 4
    assert text(sandbox.get(order_id), "created_at") == middle.isoformat()


def test_an_inserted_order_without_a_time_counts_as_created_now():
    """A `created_at` that is no time is rendered, and listed as if it were now."""
    sandbox = Sandbox(3)
    for value in (None, "yesterday", 5):
        order_id = sandbox.insert(created_at=value)
        assert sandbox.order_ids()[0] == order_id
        assert sandbox.get(order_id)["created_at"] == value


@pytest.mark.parametrize("value", ["", 5, None])
def test_an_id_must_be_a_text(value):
    """An id that is no text, or an empty one, is refused."""
    with pytest.raises(ValueError, match="id must be a text"):
        Sandbox(3).insert(id=value)


def test_an_id_can_be_there_only_once():
    """The id of a present order is refused, that of a removed one can come back."""
    sandbox = Sandbox(3)
    order_id = sandbox.order_ids()[1]
    with pytest.raises(ValueError, match="already has an order"):
        sandbox.insert(id=order_id)
    sandbox.remove(order_id)
    assert sandbox.insert(id=order_id) == order_id
    assert len(sandbox.order_ids()) == 3


def test_a_field_that_is_no_json_changes_nothing():
    """An order that could not be rendered is refused before anything is inserted."""
    sandbox = Sandbox(3)
    with pytest.raises(TypeError):
        sandbox.insert(customer_reference=object())
    assert len(sandbox.order_ids()) == 3
    assert sandbox.counters.inserted == []


@pytest.mark.parametrize("order_by", ["newest", "oldest", "id"])
def test_removing_takes_exactly_one_order(order_by):
    """The order is gone, the others stay in their order."""
    sandbox = Sandbox(50, order_by=order_by)
    sandbox.insert()
    ids = sandbox.order_ids()
    for gone in (ids[0], ids[25], ids[-1]):
        sandbox.remove(gone)
        ids.remove(gone)
        assert sandbox.order_ids() == ids


def test_settling_changes_status_and_time():
    """A settled order has its new status, is updated now and keeps the rest."""
    sandbox = Sandbox(0, clock=lambda: 1_800_000_000.0)
    order_id = sandbox.insert(created_at="2024-01-01T00:00:00Z", requirements_met=False)
    before = sandbox.get(order_id)
    sandbox.settle(order_id)
    after = sandbox.get(order_id)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {"status", "updated_at", "requirements_met"}
    assert after["status"] == "success"
    assert after["requirements_met"] is True
    assert datetime.fromisoformat(text(after, "updated_at")).timestamp() == 1_800_000_000.0


def test_settling_can_give_any_status():
    """The status may be one that no reference names, also over one that was inserted."""
    sandbox = Sandbox(1)
    for order_id in (sandbox.order_ids()[0], sandbox.insert(status="odd", updated_at=None)):
        sandbox.settle(order_id, "frozen")
        assert sandbox.get(order_id)["status"] == "frozen"
        assert sandbox.get(order_id)["updated_at"] is not None


@pytest.mark.parametrize("call", ["get", "remove", "settle"])
def test_an_unknown_id_is_a_key_error(call):
    """Calls about an order that is not there say so, also about one that was there."""
    sandbox = Sandbox(3)
    gone = sandbox.order_ids()[0]
    sandbox.remove(gone)
    for order_id in (gone, "nobody"):
        with pytest.raises(KeyError, match=f"no order with the id '{order_id}'"):
            getattr(sandbox, call)(order_id)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"orders": -1}, "orders must be a whole number from 0 to 10000000, not -1"),
        ({"orders": 1.5}, "orders must be a whole number"),
        ({"orders": True}, "orders must be a whole number"),
        ({"seed": "x"}, "seed must be of type int"),
        ({"api_key": ""}, "api_key must not be empty"),
        ({"api_key": " k"}, "api_key must not be empty or padded"),
        ({"api_key": 5}, "api_key must be of type str"),
        ({"host": None}, "host must be of type str"),
        ({"port": 70000}, "port must be a whole number from 0 to 65535, not 70000"),
        ({"order_by": "random"}, "order_by must be one of 'newest', 'oldest', 'id', not 'random'"),
        ({"latency": -1}, "latency must be a number of 0 or more, not -1"),
        ({"latency": math.nan}, "latency must be a number"),
        ({"latency": (2, 1)}, "latency must be a number of 2 or more, not 1"),
        ({"latency": (1, 2, 3)}, "latency must be"),
        ({"rate_limit": 100}, "rate_limit must be of type RateLimit or None, not 100"),
        ({"faults": 0.5}, "faults must be of type Faults or None, not 0.5"),
        ({"drift": 1}, "drift must be of type Drift or None, not 1"),
        ({"numbers_per_order": 0}, "numbers_per_order must be a whole number from 1 to 10000"),
    ],
)
def test_a_bad_argument_is_refused_at_once(arguments, message):
    """The error names the argument, what it allows and what it was."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Sandbox(**arguments)
