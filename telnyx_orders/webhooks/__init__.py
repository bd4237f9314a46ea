"""Verify the webhooks that Telnyx sends when an order ends, and act on each event once.

It needs the extra `webhooks`:

    pip install 'telnyx-orders[webhooks]'
"""

from telnyx_orders.webhooks.deliveries import Claim, DeliveryStore, MemoryDeliveryStore
from telnyx_orders.webhooks.errors import (
    SignatureFault,
    WebhookError,
    WebhookPayloadError,
    WebhookSignatureError,
)
from telnyx_orders.webhooks.events import NumberOrderEvent, WebhookEvent
from telnyx_orders.webhooks.for_aiohttp import aiohttp_handler
from telnyx_orders.webhooks.for_fastapi import fastapi_dependency
from telnyx_orders.webhooks.verifier import WebhookVerifier

__all__ = [
    "Claim",
    "DeliveryStore",
    "MemoryDeliveryStore",
    "NumberOrderEvent",
    "SignatureFault",
    "WebhookError",
    "WebhookEvent",
    "WebhookPayloadError",
    "WebhookSignatureError",
    "WebhookVerifier",
    "aiohttp_handler",
    "fastapi_dependency",
]
