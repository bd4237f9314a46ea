"""A local server that answers like the Telnyx number-order API, for tests and benchmarks.

It keeps an account of made-up orders, lists them page by page, filters them, places, updates,
settles and cancels orders, limits and delays requests, breaks answers on demand and lets the
account change while somebody reads it:

    async with Sandbox(orders=1000) as sandbox:
        ...  # point a client at sandbox.base_url, with sandbox.api_key
"""

from telnyx_orders.sandbox.counters import Counters
from telnyx_orders.sandbox.drift import Drift
from telnyx_orders.sandbox.faults import READING_FAULTS, WRITING_FAULTS, Fault, Faults
from telnyx_orders.sandbox.limits import RateLimit
from telnyx_orders.sandbox.orders import ListingOrder
from telnyx_orders.sandbox.server import DEFAULT_API_KEY, Sandbox
from telnyx_orders.sandbox.signing import SigningKey
from telnyx_orders.sandbox.webhook_sender import SentDelivery, WebhookSender
from telnyx_orders.sandbox.webhooks import DeliveryKind, Webhooks

__all__ = [
    "DEFAULT_API_KEY",
    "READING_FAULTS",
    "WRITING_FAULTS",
    "Counters",
    "DeliveryKind",
    "Drift",
    "Fault",
    "Faults",
    "ListingOrder",
    "RateLimit",
    "Sandbox",
    "SentDelivery",
    "SigningKey",
    "WebhookSender",
    "Webhooks",
]
