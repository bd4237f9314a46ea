"""How an order is written: the JSON of one row of the listing.

A benchmark asks for pages of 250 rows, 20 at a time, so rows are put together as text: dictionaries
and `json.dumps` take half as long again. What filters and ordering do not need is made up here from
the order's identity, and comes out the same every time.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import shake_128
from typing import Final

from telnyx_orders.sandbox import times
from telnyx_orders.sandbox.columns import ABSENT

_SECOND: Final = 1_000_000


def _by_byte(*choices: str) -> tuple[str, ...]:
    """Repeat choices until there is one for each value of a byte."""
    return tuple([choices[byte % len(choices)] for byte in range(256)])


# Area codes of a few countries. The listing names numbers in E.164 form.
_PREFIXES: Final = _by_byte(
    "+1970555", "+1312555", "+1646555", "+1213555", "+1415555", "+1737555",
    "+1416555", "+1604555", "+1514555",
    "+44207946", "+44161496",
    "+493023125", "+498999998",
    "+6125550", "+6135550",
    "+3319900", "+3326191",
    "+3185123", "+35320910", "+55115555",
)  # fmt: skip

_CONNECTIONS: Final = _by_byte(
    '"connection_id":"1494404757140276705",',
    '"connection_id":"1293384261075731499",',
    '"connection_id":"2084163577314862041",',
    '"connection_id":null,',
    "",
)
_PROFILES: Final = _by_byte(
    '"messaging_profile_id":"3fa85f64-5717-4562-b3fc-2c963f66afa6",',
    '"messaging_profile_id":"9d0a64ba-3a4f-4c43-8f6e-0b1f54a3f0c2",',
    '"messaging_profile_id":null,',
    '"messaging_profile_id":null,',
    "",
)
_GROUPS: Final = _by_byte(
    '"billing_group_id":"f5586561-8ff0-4291-a0ac-84fe544797bd",',
    '"billing_group_id":null,',
    "",
)


def to_json(value: object, *, default: Callable[[object], str] | None = None) -> str:
    """Write a value as the API does. `default` is that of `json.dumps`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default)


class Texts(dict[int, str]):
    """The JSON of the values of a column, by their index; written when first asked for."""

    def __init__(self, values: Sequence[object], write: Callable[[object], str]) -> None:
        super().__init__()
        self._values = values
        self._write = write

    def __missing__(self, index: int) -> str:
        text = self[index] = self._write(self._values[index])
        return text


def reference_member(reference: object) -> str:
    """The `customer_reference` member with its comma, or nothing where a row has none."""
    return "" if reference is ABSENT else f'"customer_reference":{to_json(reference)},'


def uuid_text(digits: str) -> str:
    """Write 32 hexadecimal digits as the text of a random (version 4) UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def row_text(
    identity: bytes,
    created: int,
    updated: int | None,
    count: int,
    status: str,
    met: str,
    reference: str,
) -> str:
    """Write one row.

    Args:
        identity: The order's random bytes.
        created: `created_at`, in microseconds.
        updated: `updated_at`, in microseconds; `None` makes one up.
        count: `phone_numbers_count`.
        status: JSON of `status`.
        met: JSON of `requirements_met`.
        reference: The whole `customer_reference` member with its comma, or nothing.
    """
    # 36 bytes for the order (four choices and two UUIDs), then 16 for each number.
    noise = shake_128(identity).digest(36 + 16 * count)
    digits = noise.hex()
    connection, profile, group, form, country = noise[:5]
    zone = "Z" if form & 1 else "+00:00"
    split = count > 1 and form & 6 == 0  # some orders are for numbers of two kinds
    sub_orders = f'"{uuid_text(digits[8:40])}"'
    prefix = other_prefix = _PREFIXES[country]
    if split:
        sub_orders += f',"{uuid_text(digits[40:72])}"'
        other_prefix = _PREFIXES[noise[20]]
    numbers: list[str] = []
    for at in range(72, len(digits), 32):
        line = int(digits[at : at + 5], 16) % 10_000
        number_id = uuid_text(digits[at : at + 32])
        numbers.append(f'{{"phone_number":"{prefix}{line:04}","id":"{number_id}"}}')
        prefix, other_prefix = other_prefix, prefix
    if updated is None:
        updated = created + group * _SECOND // 8
    return (
        f'{{"id":"{uuid_text(identity.hex())}","record_type":"number_order",'
        f'"phone_numbers_count":{count},'
        f"{_CONNECTIONS[connection]}"
        f"{_PROFILES[profile]}"
        f"{_GROUPS[group]}"
        f'"phone_numbers":[{",".join(numbers)}],'
        f'"sub_number_orders_ids":[{sub_orders}],'
        f'"status":{status},{reference}'
        f'"created_at":"{times.to_iso(created, zone)}",'
        f'"updated_at":"{times.to_iso(updated, zone)}",'
        f'"requirements_met":{met}}}'
    )


def part_ids(identity: bytes, count: int) -> tuple[list[str], list[str]]:
    """The ids of the sub number orders, and of the numbers, that `row_text` writes for an order."""
    noise = shake_128(identity).digest(36 + 16 * count)
    digits = noise.hex()
    split = count > 1 and noise[3] & 6 == 0
    return (
        [uuid_text(digits[at : at + 32]) for at in ((8, 40) if split else (8,))],
        [uuid_text(digits[at : at + 32]) for at in range(72, len(digits), 32)],
    )
