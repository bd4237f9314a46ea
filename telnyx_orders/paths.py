"""Where the API has its resources, below the base URL."""

from typing import Final

__all__ = ["NUMBER_ORDERS", "NUMBER_ORDER_PHONE_NUMBERS", "SUB_NUMBER_ORDERS"]

NUMBER_ORDERS: Final = "/number_orders"
SUB_NUMBER_ORDERS: Final = "/sub_number_orders"
NUMBER_ORDER_PHONE_NUMBERS: Final = "/number_order_phone_numbers"
