"""What the API answers, as frozen attrs classes with the field names of its reference.

The OpenAPI document requires no field at all and real answers leave many out, so everything but an
order's `id` may be missing. What is missing or null is `None`; a missing list is an empty tuple.
Keys that are not listed here are ignored: the API adds some without notice.
"""

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

__all__ = [
    "Listed",
    "ListedMeta",
    "NumberOrder",
    "NumberOrderPhoneNumber",
    "OrderPhoneNumber",
    "OrderStatus",
    "Page",
    "PageMeta",
    "RegulatoryRequirement",
    "Single",
    "SubNumberOrder",
]

T = TypeVar("T")


class OrderStatus(StrEnum):
    """The status of an order, or of one phone number in it.

    The API's reference names three values and its guides name more (`cancelled`, `deleted`), so an
    unknown value is kept rather than refused: `OrderStatus("cancelled")` compares equal to the
    string and hashes like it, but is no member of the enum. Compare statuses with `==`, not `is`.
    """

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"

    @classmethod
    def _missing_(cls, value: object) -> "OrderStatus | None":
        if not isinstance(value, str):
            return None
        text = str.__str__(value)  # of another enum of strings, str() would give the name
        unlisted = str.__new__(cls, text)
        unlisted._name_ = text
        unlisted._value_ = text
        return unlisted

    def __reduce_ex__(self, _: object) -> tuple[type["OrderStatus"], tuple[str]]:
        # By value: some releases of Python pickle members by name, which an unlisted one has not.
        return OrderStatus, (self._value_,)


@frozen(kw_only=True, weakref_slot=False)
class RegulatoryRequirement:
    """One regulatory requirement of a phone number, and what was given for it.

    Attributes:
        requirement_id: Identifies the requirement.
        field_type: `textual`, `datetime`, `address` or `document`.
        field_value: The value given, or the id of the resource that holds it.
        record_type: `phone_number_regulatory_requirement`.
        status: Whether the value was accepted, where the API says so.
    """

    requirement_id: str | None = None
    field_type: str | None = None
    field_value: str | None = None
    record_type: str | None = None
    status: str | None = None


@frozen(kw_only=True, weakref_slot=False)
class OrderPhoneNumber:
    """One phone number of an order.

    A listing gives `id` and `phone_number` only; the rest comes with a single order.

    Attributes:
        id: Identifies the number within its order.
        phone_number: In E.164 form, such as `+19705555000`.
        record_type: `number_order_phone_number`.
        status: The status of this number.
        requirements_met: Whether its regulatory requirements are fulfilled.
        requirements_status: Where its regulatory requirements stand, such as `pending`.
        bundle_id: The bundle it belongs to.
        country_code: Its country.
        country_iso_alpha2: Its country by ISO 3166-1 alpha-2.
        phone_number_type: `local`, `mobile`, `national`, `shared_cost` or `toll_free`.
        regulatory_requirements: What its country asks for.
    """

    id: str | None = None
    phone_number: str | None = None
    record_type: str | None = None
    status: OrderStatus | None = None
    requirements_met: bool | None = None
    requirements_status: str | None = None
    bundle_id: str | None = None
    country_code: str | None = None
    country_iso_alpha2: str | None = None
    phone_number_type: str | None = None
    regulatory_requirements: tuple[RegulatoryRequirement, ...] = ()


@frozen(kw_only=True, weakref_slot=False)
class NumberOrder:
    """A number order. A single one has more details of its phone numbers than one of a listing.

    Attributes:
        id: Identifies the order. The only field that is always there.
        record_type: `number_order`.
        phone_numbers_count: How many phone numbers were ordered.
        connection_id: The connection the numbers are assigned to.
        messaging_profile_id: The messaging profile the numbers are assigned to.
        billing_group_id: The billing group the numbers are assigned to.
        phone_numbers: The ordered numbers.
        sub_number_orders_ids: The sub number orders this one was split into.
        status: Where the order stands.
        customer_reference: Your own reference, as given when the order was placed.
        created_at: When it was created, an aware time.
        updated_at: When it last changed, an aware time.
        requirements_met: Whether the requirements of all its numbers are fulfilled.
    """

    id: str
    record_type: str | None = None
    phone_numbers_count: int | None = None
    connection_id: str | None = None
    messaging_profile_id: str | None = None
    billing_group_id: str | None = None
    phone_numbers: tuple[OrderPhoneNumber, ...] = ()
    sub_number_orders_ids: tuple[str, ...] = ()
    status: OrderStatus | None = None
    customer_reference: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    requirements_met: bool | None = None

    @property
    def ended(self) -> bool:
        """Whether the order has ended, well or not, and so has a status that is not `pending`."""
        return self.status not in (None, OrderStatus.PENDING)

    @property
    def awaits_requirements(self) -> bool:
        """Whether it waits for you to fulfil regulatory requirements.

        It does not while Telnyx reviews what was given for all its numbers, which only an order
        with the details of its numbers tells.
        """
        if self.ended or self.requirements_met is not False:
            return False
        unmet = [one for one in self.phone_numbers if one.requirements_met is False]
        return not unmet or any(one.requirements_status not in _IN_REVIEW for one in unmet)


_IN_REVIEW = ("requirement-info-under-review", "approved")


@frozen(kw_only=True, weakref_slot=False)
class SubNumberOrder:
    """The part of a number order with the numbers of one country and type; it runs on its own.

    Attributes:
        id: Identifies the sub number order.
        record_type: `sub_number_order`.
        order_request_id: The number order that it is a part of.
        country_code: The country of its numbers, by ISO 3166-1 alpha-2.
        phone_number_type: `local`, `mobile`, `national`, `shared_cost`, `toll_free` or `landline`.
        user_id: Who ordered.
        phone_numbers_count: How many phone numbers it has.
        phone_numbers: The first 50 of them, where they were asked for.
        regulatory_requirements: What the country asks for.
        requirements_met: Whether the requirements of all its numbers are fulfilled.
        status: Where it stands.
        customer_reference: The reference of its order.
        is_block_sub_number_order: Whether its numbers are ordered as a block.
        created_at: When it was created, an aware time.
        updated_at: When it last changed, an aware time.
    """

    id: str
    record_type: str | None = None
    order_request_id: str | None = None
    country_code: str | None = None
    phone_number_type: str | None = None
    user_id: str | None = None
    phone_numbers_count: int | None = None
    phone_numbers: tuple[OrderPhoneNumber, ...] = ()
    regulatory_requirements: tuple[RegulatoryRequirement, ...] = ()
    requirements_met: bool | None = None
    status: OrderStatus | None = None
    customer_reference: str | None = None
    is_block_sub_number_order: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True, weakref_slot=False)
class NumberOrderPhoneNumber:
    """A phone number that was ordered, as `/number_order_phone_numbers` knows it.

    Attributes:
        id: Identifies the number within its order.
        record_type: `number_order_phone_number`.
        phone_number: In E.164 form, such as `+19705555000`.
        order_request_id: The number order it belongs to.
        sub_number_order_id: The sub number order it belongs to.
        country_code: Its country, by ISO 3166-1 alpha-2.
        phone_number_type: `local`, `mobile`, `national`, `shared_cost`, `toll_free` or `landline`.
        locality: Its town or area.
        regulatory_requirements: What its country asks for, and what was given.
        requirements_met: Whether its regulatory requirements are fulfilled.
        requirements_status: Where they stand, such as `requirement-info-under-review`.
        deadline: Until when they have to be fulfilled, an aware time.
        status: The status of this number.
        bundle_id: The bundle it belongs to.
        is_block_number: Whether it was ordered as part of a block.
    """

    id: str
    record_type: str | None = None
    phone_number: str | None = None
    order_request_id: str | None = None
    sub_number_order_id: str | None = None
    country_code: str | None = None
    phone_number_type: str | None = None
    locality: str | None = None
    regulatory_requirements: tuple[RegulatoryRequirement, ...] = ()
    requirements_met: bool | None = None
    requirements_status: str | None = None
    deadline: datetime | None = None
    status: OrderStatus | None = None
    bundle_id: str | None = None
    is_block_number: bool | None = None


@frozen(kw_only=True, weakref_slot=False)
class PageMeta:
    """Where a page stands in its listing.

    Attributes:
        page_number: The number of this page, from 1.
        page_size: How many rows a full page has.
        total_pages: How many pages there were when this one was read; 0 or 1 in an empty account.
        total_results: How many rows there were when this page was read.
    """

    page_number: int
    page_size: int
    total_pages: int
    total_results: int


@frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a listing.

    Attributes:
        data: Its rows.
        meta: Where it stands in the listing.
    """

    data: tuple[T, ...]
    meta: PageMeta


@frozen(kw_only=True)
class Single(Generic[T]):
    """The body of an answer that gives one resource.

    Attributes:
        data: The resource.
    """

    data: T


@frozen(kw_only=True, weakref_slot=False)
class ListedMeta:
    """What an answer that gives a listing at once says of how much there is.

    Attributes:
        page_number: The number of the page that it is.
        page_size: How many rows a full page has.
        total_pages: How many pages there are.
        total_results: How many rows there are.
    """

    page_number: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    total_results: int | None = None


@frozen(kw_only=True)
class Listed(Generic[T]):
    """The body of an answer that gives a listing at once.

    Attributes:
        data: Its rows.
        meta: How much there is, if it says so.
    """

    data: tuple[T, ...]
    meta: ListedMeta | None = None
