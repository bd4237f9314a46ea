"""`client.number_order_phone_numbers`: the endpoints under `/number_order_phone_numbers`."""

from collections.abc import Mapping

from telnyx_orders.filters import NumberOrderPhoneNumberFilter, as_filter, deep_object
from telnyx_orders.models import Listed, NumberOrderPhoneNumber, Single
from telnyx_orders.paths import NUMBER_ORDER_PHONE_NUMBERS
from telnyx_orders.resources.arguments import (
    Requirements,
    check_id,
    path_of,
    requirement_values,
)
from telnyx_orders.resources.whole_listing import fetch_whole
from telnyx_orders.transport import Transport

__all__ = ["NumberOrderPhoneNumbers"]


class NumberOrderPhoneNumbers:
    """The numbers of orders. Made by `OrdersClient`, as `client.number_order_phone_numbers`.

    Repeating any of the calls changes nothing more, so all are retried.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        filter: NumberOrderPhoneNumberFilter | Mapping[str, object] | None = None,  # noqa: A002  # the API's word
    ) -> tuple[NumberOrderPhoneNumber, ...]:
        """List ordered numbers (`GET /number_order_phone_numbers`): all that match, in one answer.

        Args:
            filter: Which; all if left out. A mapping of the same shape does too, such as
                `{"country_code": "US"}`.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: A filter is unknown, or cannot be sent.
            IncompleteFetchError: The answer says that there are more than it gives. The API
                declares no pages here, so the rest cannot be asked for; what came is in `orders`.
            TelnyxError: There is no such answer.

        Example:
            >>> numbers = await client.number_order_phone_numbers.list(
            ...     filter={"country_code": "US"}
            ... )
        """
        chosen = as_filter(NumberOrderPhoneNumberFilter, filter)
        return await fetch_whole(
            self._transport,
            NUMBER_ORDER_PHONE_NUMBERS,
            deep_object("filter", chosen),
            Listed[NumberOrderPhoneNumber],
            advice="Narrow the filter, or retrieve the orders, which come with their numbers",
        )

    async def retrieve(self, id: str) -> NumberOrderPhoneNumber:  # noqa: A002  # the API's word
        """Get one ordered number (`GET /number_order_phone_numbers/{id}`).

        Args:
            id: Which one: the `id` that the number has in its order.

        Raises:
            TypeError: The id is no text.
            ValueError: The id is none.
            NotFoundError: There is none with this id.
            TelnyxError: There is no answer that could be used.
        """
        path = path_of(NUMBER_ORDER_PHONE_NUMBERS, "id", id)
        return (await self._transport.get(path, (), Single[NumberOrderPhoneNumber])).value.data

    async def update(
        self,
        id: str,  # noqa: A002  # the API's word
        *,
        regulatory_requirements: Requirements,
    ) -> NumberOrderPhoneNumber:
        """Give values for its regulatory requirements (`PATCH /number_order_phone_numbers/{id}`).

        Args:
            id: Which one.
            regulatory_requirements: The values, each a `RegulatoryRequirement` or a mapping with
                `requirement_id` and `field_value`; at least one.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The id is none, or a requirement lacks its id or value.
            TelnyxError: The API refused, or there is no answer that could be used.
        """
        path = path_of(NUMBER_ORDER_PHONE_NUMBERS, "id", id)
        body = {"regulatory_requirements": requirement_values(regulatory_requirements)}
        return await self._send("PATCH", path, body)

    async def update_requirement_group(
        self,
        id: str,  # noqa: A002  # the API's word
        *,
        requirement_group_id: str,
    ) -> NumberOrderPhoneNumber:
        """Fulfil its requirements by a requirement group.

        It is `POST /number_order_phone_numbers/{id}/requirement_group`.

        Args:
            id: Which one.
            requirement_group_id: The requirement group.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An id is none.
            TelnyxError: The API refused, or there is no answer that could be used.
        """
        path = f"{path_of(NUMBER_ORDER_PHONE_NUMBERS, 'id', id)}/requirement_group"
        body = {"requirement_group_id": check_id("requirement_group_id", requirement_group_id)}
        return await self._send("POST", path, body)

    async def _send(
        self, method: str, path: str, body: Mapping[str, object]
    ) -> NumberOrderPhoneNumber:
        reply = await self._transport.send(method, path, body, Single[NumberOrderPhoneNumber])
        return reply.value.data
