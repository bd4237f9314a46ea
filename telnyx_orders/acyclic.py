"""Rows taken off the garbage collector's list, as they can be in no reference cycle.

A frozen order holds texts, times and tuples of the same, so counting references is enough to free
it. Python does not know that, and looks through all orders that are held again and again: a quarter
of the CPU of a bulk fetch, and pauses of the event loop that grow with the account, to 250 ms at
300,000 orders.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, get_args, get_origin

import attrs

__all__ = ["AcyclicRows"]

Untrack = Callable[[object], None]
Getter = Callable[[Any], tuple[object, ...]]


class AcyclicRows:
    """Takes rows off the list of the garbage collector, where it is CPython's.

    Args:
        enabled: Whether to do so; rows that a user's own converter makes may be in a cycle.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._untrack = _find_untrack() if enabled else None
        self._tuples: dict[type, list[tuple[Getter, type]]] = {}

    def untrack(self, rows: Sequence[object]) -> None:
        """Take rows of one frozen class off the list, and the tuples and rows within them."""
        if self._untrack is not None and rows:
            self._untrack_rows(rows, self._untrack)

    def untrack_page(self, rows: tuple[object, ...]) -> None:
        """Take the tuple off the list that holds the rows of a page, which are off it already.

        Python does that by itself only for tuples of what can never be on the list.
        """
        if self._untrack is not None and rows:
            self._untrack(rows)

    def _untrack_rows(self, rows: Sequence[object], untrack: Untrack) -> None:
        _call_for_all(untrack, rows)
        for get, item in self._tuples_of(type(rows[0])):
            tuples = [value for value in map(get, rows) if value]
            _call_for_all(untrack, tuples)
            if tuples and attrs.has(item):
                self._untrack_rows(list(chain.from_iterable(tuples)), untrack)

    def _tuples_of(self, row_type: type) -> list[tuple[Getter, type]]:
        if row_type not in self._tuples:
            self._tuples[row_type] = [
                (attrgetter(field.name), get_args(field.type)[0])
                for field in attrs.fields(row_type)
                if get_origin(field.type) is tuple
            ]
        return self._tuples[row_type]


def _call_for_all(function: Untrack, values: Iterable[object]) -> None:
    deque(map(function, values), maxlen=0)


def _find_untrack() -> Untrack | None:
    if sys.implementation.name != "cpython":
        return None
    try:
        import ctypes

        # A call of Python's own C API, which keeps the GIL.
        prototype = ctypes.PYFUNCTYPE(None, ctypes.py_object)
        return prototype(("PyObject_GC_UnTrack", ctypes.pythonapi))
    except (ImportError, OSError, AttributeError):
        # Some builds of Python have no ctypes, no dynamic loading, or export no symbols.
        return None
