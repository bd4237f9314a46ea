"""Which order a sub number order or a phone number belongs to, by its id."""

from collections.abc import Callable

from telnyx_orders.sandbox.orders import OrderBook
from telnyx_orders.sandbox.parts import OrderParts


class PartIndex:
    """Finds the order of a part.

    Made when something is first looked for, and then kept up: a million orders take 7 s and 340
    MB, which no test of the listing should have to pay.

    Args:
        orders: The orders.
        parts: Gives the parts of an order that is not all made up.
    """

    def __init__(self, orders: OrderBook, parts: Callable[[int], OrderParts]) -> None:
        self._orders = orders
        self._parts = parts
        self._serials: dict[str, int] = {}
        self._seen = 0

    def serial_of(self, part_id: str) -> int:
        """The serial of the present order that has a part with this id.

        Raises:
            KeyError: No order has.
        """
        while self._seen < self._orders.next_serial:
            self._enter(self._seen)
            self._seen += 1
        serial = self._serials[part_id]
        return self._orders.serial_of(self._orders.id_of(serial))

    def _enter(self, serial: int) -> None:
        ids = self._orders.part_ids(serial)
        if ids is None:
            parts = self._parts(serial)
            ids = [part.id for part in parts.sub_orders], [part.id for part in parts.numbers]
        for part_id in (*ids[0], *ids[1]):
            self._serials[part_id] = serial
