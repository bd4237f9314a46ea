"""The names that users import from `telnyx_orders`."""

import importlib
from typing import TYPE_CHECKING, Final

from telnyx_orders.calls import CallStats, Timeout
from telnyx_orders.client import OrdersClient
from telnyx_orders.clock import Clock
from telnyx_orders.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ClientStateError,
    ConfigurationError,
    ConflictError,
    ErrorDetail,
    IncompleteFetchError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    TelnyxError,
    UnprocessableEntityError,
)
from telnyx_orders.fetch_report import FetchReport
from telnyx_orders.filters import (
    DateRange,
    NumberOrderPhoneNumberFilter,
    OrderFilter,
    SubNumberOrderFilter,
)
from telnyx_orders.journal import Intent, IntentState, OrderJournal, Reconciled
from telnyx_orders.models import (
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderPhoneNumber,
    OrderStatus,
    Page,
    PageMeta,
    RegulatoryRequirement,
    SubNumberOrder,
)
from telnyx_orders.new_order import NewOrder, OrderedNumber
from telnyx_orders.order_errors import (
    JournalConflictError,
    JournalError,
    OrderInProgressError,
    OrderOutcome,
    OrderOutcomeUnknownError,
    OrdersPendingError,
    PlacingCancelledError,
)
from telnyx_orders.pagination import FetchProgress, Pager
from telnyx_orders.placement import Placement, PlacementOutcome
from telnyx_orders.retry import RetryPolicy
from telnyx_orders.serialization import make_converter
from telnyx_orders.version import __version__

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CallStats",
    "ChangeKind",
    "ClientStateError",
    "Clock",
    "ConfigurationError",
    "ConflictError",
    "DateRange",
    "ErrorDetail",
    "ExportError",
    "ExportFormat",
    "ExportInProgressError",
    "ExportProgress",
    "ExportReport",
    "FetchProgress",
    "FetchReport",
    "IncompleteFetchError",
    "Intent",
    "IntentState",
    "InternalServerError",
    "JournalConflictError",
    "JournalError",
    "Mirror",
    "MirrorError",
    "NewOrder",
    "NotFoundError",
    "NumberOrder",
    "NumberOrderPhoneNumber",
    "NumberOrderPhoneNumberFilter",
    "OrderChange",
    "OrderFilter",
    "OrderInProgressError",
    "OrderJournal",
    "OrderOutcome",
    "OrderOutcomeUnknownError",
    "OrderPhoneNumber",
    "OrderStatus",
    "OrderedNumber",
    "OrdersClient",
    "OrdersPendingError",
    "Page",
    "PageMeta",
    "Pager",
    "PermissionDeniedError",
    "Placement",
    "PlacementOutcome",
    "PlacingCancelledError",
    "RateLimitError",
    "Reconciled",
    "RegulatoryRequirement",
    "ResponseDecodeError",
    "RetryPolicy",
    "SubNumberOrder",
    "SubNumberOrderFilter",
    "Sync",
    "SyncReport",
    "TelnyxError",
    "Timeout",
    "UnprocessableEntityError",
    "__version__",
    "export",
    "make_converter",
    "sync",
    "to_arrow",
    "to_dicts",
]

if TYPE_CHECKING:
    from telnyx_orders.exports import (
        ExportError,
        ExportFormat,
        ExportInProgressError,
        ExportProgress,
        ExportReport,
        export,
        to_arrow,
        to_dicts,
    )
    from telnyx_orders.mirror import (
        ChangeKind,
        Mirror,
        MirrorError,
        OrderChange,
        Sync,
        SyncReport,
        sync,
    )

_LATER: Final = {
    "ChangeKind": "mirror",
    "ExportError": "exports",
    "ExportInProgressError": "exports",
    "ExportFormat": "exports",
    "ExportProgress": "exports",
    "ExportReport": "exports",
    "Mirror": "mirror",
    "MirrorError": "mirror",
    "OrderChange": "mirror",
    "Sync": "mirror",
    "SyncReport": "mirror",
    "export": "exports",
    "sync": "mirror",
    "to_arrow": "exports",
    "to_dicts": "exports",
}
"""Names of packages that are loaded by whoever uses them, and not by each program."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"telnyx_orders.{_LATER[name]}"), name)
