"""What a measurement is told and what it gives."""

import math
from collections.abc import Mapping
from statistics import median
from typing import Any

from attrs import Factory, frozen

__all__ = ["Outcome", "Settings", "Target", "median", "ratio"]


@frozen
class Settings:
    """What all measurements are told; the base run.

    Attributes:
        orders: How many orders the account has.
        latency: Seconds until the server answers.
        at_once: Pages at a time.
        rounds: How often each is measured, in turn with what it is compared to.
        quick: Whether smaller accounts and shorter times will do.
    """

    orders: int = 50_000
    latency: float = 0.05
    at_once: int = 20
    rounds: int = 5
    quick: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """How the account of the base run is fetched."""
        return {"orders": self.orders, "latency": self.latency, "at_once": self.at_once}


@frozen
class Target:
    """A figure, and what it may be.

    Attributes:
        what: What is measured.
        figure: What was measured.
        most: What it may be.
        unit: Behind a figure: a unit, or `x` for "times"; `1/` before one that is a share.
    """

    what: str
    figure: float
    most: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether it holds; what could not be measured does not."""
        return not math.isnan(self.figure) and self.figure <= self.most

    def shown(self, figure: float) -> str:
        """Write a figure of this target."""
        if self.unit == "1/":
            return f"1/{1 / figure:.3g}"
        return f"{figure:.3g}{'' if self.unit in 'x%' else ' '}{self.unit}"


@frozen
class Outcome:
    """What came of a measurement.

    Attributes:
        text: Its tables, in Markdown.
        figures: All that was measured, for JSON.
        targets: What was to be reached.
        charts: Its pictures, as SVG, by the name of their file.
    """

    text: str
    figures: Any
    targets: list[Target] = Factory(list)
    charts: Mapping[str, str] = Factory(dict)


def ratio(figures: list[float], others: list[float]) -> float:
    """How many times the one is the other: the median of the rounds, as both met the same noise."""
    return median(one / other for one, other in zip(figures, others, strict=True))
