"""How a single order is written: for people on a terminal, as JSON elsewhere."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from rich.console import Console

from telnyx_orders import NumberOrder, make_converter
from telnyx_orders.cli.formats import json_for_terminal, to_json
from telnyx_orders.cli.order_details import NumberKind, order_details

__all__ = ["DetailFormat", "as_detail", "as_json", "chosen_format", "output_console"]

DetailFormat = Literal["text", "json"]

FILE_WIDTH = 250
"""The columns that text may take where there is no terminal: more than ordinary orders need."""


def chosen_format(asked: DetailFormat | None) -> DetailFormat:
    """Give the format that was asked for, or that suits where the output goes."""
    return asked or ("text" if sys.stdout.isatty() else "json")


def output_console() -> Console:
    """Make a console as wide as the terminal; a file cuts nothing."""
    return Console(width=None if sys.stdout.isatty() else FILE_WIDTH)


def as_json(value: object) -> str:
    """Write what the API gave, or a list of it, as indented JSON."""
    text = to_json(make_converter().unstructure(value), indent=2) + "\n"
    return json_for_terminal(text) if sys.stdout.isatty() else text


def as_detail(
    order: NumberOrder,
    form: DetailFormat,
    deadlines: Mapping[NumberKind, datetime] | None = None,
) -> str:
    """Write an order."""
    if form == "json":
        return as_json(order)
    return order_details(order, output_console(), deadlines)
