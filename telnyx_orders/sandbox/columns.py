"""What a sandbox keeps of its orders, and the orders it starts with.

An order is an index, its serial, into a few arrays. They hold only what filters and ordering ask
for, some 40 bytes an order; `rows` makes up everything else when a row is written. A million
objects would take hundreds of megabytes, and slow the garbage collector of a process in which
a client is often measured at the same time.
"""

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from attrs import Factory, define

from telnyx_orders.sandbox import times

IDENTITY_BYTES: Final = 16
STATUSES: Final = ("success", "pending", "failure", "cancelled", "deleted")

_STATUS_WEIGHTS: Final = (90, 7, 3, 0, 0)
_COUNT_WEIGHTS: Final = (80, 10, 5, 3, 2)
_UNMET_SHARE: Final = 0.4
_FIRST_TIME: Final = times.from_datetime(datetime(2023, 1, 1, tzinfo=UTC))
_LAST_TIME: Final = times.from_datetime(datetime(2026, 1, 1, tzinfo=UTC))


class Absent:
    """Stands for a key that a row does not have."""


ABSENT: Final = Absent()

# What customers write into a free field, with the characters that break careless clients.
_REFERENCE_FORMS: Final = (
    "PO-{:05}",
    "MY REF {:04}",
    "acme-corp/{:04}",
    "Miller & Sons #{}",
    "ops+{}@example.com",
    "50% prepaid {}",
    "a%2Fb%20{}",
    "Zürich Büro {}",
    "東京支店 {}",
    "🚀 launch {}",
    'the "new" line {}',
    "back\\slash {}",
    " padded {} ",
    None,
    None,
    ABSENT,
)


@define
class Columns:
    """The orders of an account, one array per fact.

    Attributes:
        identity: `IDENTITY_BYTES` random bytes an order, from which its id and details are made.
        created: `created_at` in microseconds.
        status: Index into `statuses`.
        count: `phone_numbers_count`; -1 for one that no filter can ask for.
        met: `requirements_met`: 1 or 0; -1 for neither.
        reference: Index into `references`.
        statuses: Every value of `status` in use.
        references: Every value of `customer_reference` in use, or `ABSENT`.
    """

    identity: bytearray
    created: "array[int]"
    status: "array[int]"
    count: "array[int]"
    met: "array[int]"
    reference: "array[int]"
    statuses: list[object] = Factory(lambda: list[object](STATUSES))
    references: list[object] = Factory(list[object])

    def __len__(self) -> int:
        return len(self.created)

    def append(
        self,
        identity: bytes,
        *,
        created: int,
        status: object,
        count: int,
        met: int,
        reference: object,
    ) -> int:
        """Add an order and return its serial."""
        self.identity += identity
        self.created.append(created)
        self.status.append(_index(self.statuses, status))
        self.count.append(count)
        self.met.append(met)
        self.reference.append(_index(self.references, reference))
        return len(self) - 1

    def identity_of(self, serial: int) -> bytes:
        """The random bytes of an order."""
        return bytes(self.identity[serial * IDENTITY_BYTES : (serial + 1) * IDENTITY_BYTES])

    def set_status(self, serial: int, status: object) -> None:
        """Give an order another status."""
        self.status[serial] = _index(self.statuses, status)

    def set_reference(self, serial: int, reference: object) -> None:
        """Give an order another customer reference."""
        self.reference[serial] = _index(self.references, reference)


def seeded_columns(count: int, *, seed: int, numbers_per_order: int | None) -> Columns:
    """The orders that an account starts with: the same for the same arguments, at any time.

    Args:
        count: How many orders.
        seed: What they are drawn from.
        numbers_per_order: Phone numbers of each; `None` draws 1 to 5, mostly 1.
    """
    random = Random(f"{seed}/orders")
    status = array("h", random.choices(range(len(STATUSES)), _STATUS_WEIGHTS, k=count))
    success = STATUSES.index("success")
    references = _references(random)
    step = (_LAST_TIME - _FIRST_TIME) / max(count, 1)
    return Columns(
        identity=bytearray(random.randbytes(count * IDENTITY_BYTES)),
        created=array("q", [_FIRST_TIME + int((i + random.random()) * step) for i in range(count)]),
        status=status,
        count=array("i", draw_counts(random, count, numbers_per_order)),
        met=array("b", [s == success or random.random() > _UNMET_SHARE for s in status]),
        reference=array("i", random.choices(range(len(references)), k=count)),
        references=references,
    )


def draw_counts(random: Random, orders: int, numbers_per_order: int | None) -> Sequence[int]:
    """How many phone numbers each of some orders has."""
    if numbers_per_order is not None:
        return [numbers_per_order] * orders
    return random.choices(range(1, len(_COUNT_WEIGHTS) + 1), _COUNT_WEIGHTS, k=orders)


def _references(random: Random) -> list[object]:
    references: list[object] = []
    for number in range(4096):
        form = random.choice(_REFERENCE_FORMS)
        references.append(form.format(number) if isinstance(form, str) else form)
    return references


def _index(values: list[object], value: object) -> int:
    """The place of `value` in `values`, where it is added if it is new."""
    try:
        return values.index(value)
    except ValueError:
        values.append(value)
        return len(values) - 1
