"""`client.sub_number_orders`: the endpoints under `/sub_number_orders`."""

from collections.abc import Mapping

from telnyx_orders.errors import (
    BadRequestError,
    ConflictError,
    TelnyxError,
    UnprocessableEntityError,
)
from telnyx_orders.filters import SubNumberOrderFilter, as_filter, deep_object
from telnyx_orders.models import Listed, OrderStatus, Single, SubNumberOrder
from telnyx_orders.paths import SUB_NUMBER_ORDERS
from telnyx_orders.resources.arguments import (
    Requirements,
    check_id,
    path_of,
    requirement_values,
)
from telnyx_orders.resources.whole_listing import fetch_whole
from telnyx_orders.transport import Transport

__all__ = ["SubNumberOrders"]

CANCELLED = OrderStatus("cancelled")
"""By the vendor's ordering guide; the reference of the endpoints does not list it."""


class SubNumberOrders:
    """The parts that orders are split into. Made by `OrdersClient`, as `client.sub_number_orders`.

    Repeating any of the calls changes nothing more, so all are retried.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        filter: SubNumberOrderFilter | Mapping[str, object] | None = None,  # noqa: A002  # the API's word
        include_phone_numbers: bool = False,
    ) -> tuple[SubNumberOrder, ...]:
        """List sub number orders (`GET /sub_number_orders`): all that match, in one answer.

        Args:
            filter: Which; all if left out. A mapping of the same shape does too, such as
                `{"order_request_id": order.id}`.
            include_phone_numbers: Whether each is to come with the first 50 of its numbers.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: A filter is unknown, or cannot be sent.
            IncompleteFetchError: The answer says that there are more than it gives. The API
                declares no pages here, so the rest cannot be asked for; what came is in `orders`.
            TelnyxError: There is no such answer.

        Example:
            >>> parts = await client.sub_number_orders.list(filter={"order_request_id": order.id})
        """
        chosen = as_filter(SubNumberOrderFilter, filter)
        return await fetch_whole(
            self._transport,
            SUB_NUMBER_ORDERS,
            (*deep_object("filter", chosen), *_including(include_phone_numbers)),
            Listed[SubNumberOrder],
            advice="Narrow the filter, for instance to one order by its order_request_id",
        )

    async def retrieve(
        self,
        id: str,  # noqa: A002  # the API's word
        *,
        include_phone_numbers: bool = False,
    ) -> SubNumberOrder:
        """Get one sub number order (`GET /sub_number_orders/{id}`).

        Args:
            id: Which one.
            include_phone_numbers: Whether it is to come with the first 50 of its numbers.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The id is none.
            NotFoundError: There is none with this id.
            TelnyxError: There is no answer that could be used.
        """
        parameters = _including(include_phone_numbers)
        return await self._get(path_of(SUB_NUMBER_ORDERS, "id", id), parameters)

    async def update(
        self,
        id: str,  # noqa: A002  # the API's word
        *,
        regulatory_requirements: Requirements,
    ) -> SubNumberOrder:
        """Give values for its regulatory requirements (`PATCH /sub_number_orders/{id}`).

        Args:
            id: Which one.
            regulatory_requirements: The values, each a `RegulatoryRequirement` or a mapping with
                `requirement_id` and `field_value`; at least one.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The id is none, or a requirement lacks its id or value.
            TelnyxError: The API refused, or there is no answer that could be used.

        Example:
            >>> part = await client.sub_number_orders.update(
            ...     part.id,
            ...     regulatory_requirements=[
            ...         {"requirement_id": "8ffb3622", "field_value": "45f45a04"}
            ...     ],
            ... )
        """
        path = path_of(SUB_NUMBER_ORDERS, "id", id)
        body = {"regulatory_requirements": requirement_values(regulatory_requirements)}
        return await self._send("PATCH", path, body)

    async def update_requirement_group(
        self,
        id: str,  # noqa: A002  # the API's word
        *,
        requirement_group_id: str,
    ) -> SubNumberOrder:
        """Fulfil its requirements by a group (`POST /sub_number_orders/{id}/requirement_group`).

        Args:
            id: Which one.
            requirement_group_id: The requirement group.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An id is none.
            TelnyxError: The API refused, or there is no answer that could be used.
        """
        path = f"{path_of(SUB_NUMBER_ORDERS, 'id', id)}/requirement_group"
        body = {
            "requirement_group_id": check_id("requirement_group_id", requirement_group_id),
        }
        return await self._send("POST", path, body)

    async def cancel(self, id: str) -> SubNumberOrder:  # noqa: A002  # the API's word
        """Cancel a sub number order (`PATCH /sub_number_orders/{id}/cancel`).

        One that is cancelled already is given as it is: a request whose answer was lost can have
        cancelled it, and the next is refused for that.

        Args:
            id: Which one.

        Raises:
            TypeError: The id is no text.
            ValueError: The id is none.
            TelnyxError: The API refused and it is not cancelled, or there is no answer that could
                be used.
        """
        path = path_of(SUB_NUMBER_ORDERS, "id", id)
        try:
            return await self._send("PATCH", f"{path}/cancel", None)
        except (BadRequestError, ConflictError, UnprocessableEntityError):
            # Whatever `attempts` says: a request on a connection that turned out to be closed is
            # sent again within its attempt.
            cancelled = await self._look_for_cancelled(path)
            if cancelled is None:
                raise
            return cancelled

    async def _look_for_cancelled(self, path: str) -> SubNumberOrder | None:
        try:
            found = await self._get(path, ())
        except TelnyxError:
            return None  # the refusal says more than that nobody could look
        return found if found.status == CANCELLED else None

    async def _get(self, path: str, parameters: tuple[tuple[str, str], ...]) -> SubNumberOrder:
        reply = await self._transport.get(path, parameters, Single[SubNumberOrder])
        return reply.value.data

    async def _send(
        self, method: str, path: str, body: Mapping[str, object] | None
    ) -> SubNumberOrder:
        reply = await self._transport.send(method, path, body, Single[SubNumberOrder])
        return reply.value.data


def _including(phone_numbers: bool) -> tuple[tuple[str, str], ...]:
    if not isinstance(phone_numbers, bool):
        kind = type(phone_numbers).__name__
        raise TypeError(f"include_phone_numbers: expected a bool, got {kind} {phone_numbers!r:.60}")
    return (("filter[include_phone_numbers]", "true"),) if phone_numbers else ()
