"""Charts as SVG: horizontal bars side by side, and lines over linear or logarithmic axes.

Grey text and middling colours on no background can be read on a light page and on a dark one.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from attrs import frozen

COLOURS = ("#2f7ed8", "#d9822b", "#2a9d6f", "#b455c9")
WIDTH = 800
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#6b7785}.title{font-weight:600;font-size:15px}"
    ".first{font-weight:600}.grid{stroke:#8a94a0;stroke-opacity:.3}"
    ".line{fill:none;stroke-width:2.5;stroke-linejoin:round}.ideal{stroke-dasharray:3 4}"
)


@frozen
class Bars:
    """One panel of bars, a bar for each of the rows.

    Attributes:
        name: What is shown.
        values: A value for each row.
        written: How a value is written.
    """

    name: str
    values: Sequence[float]
    written: Callable[[float], str]


def bars(title: str, rows: Sequence[str], panels: Sequence[Bars]) -> str:
    """Draw panels side by side over the same rows, of which the first is set off.

    Each panel has a linear scale of its own, from 0.
    """
    left, step, top = 300, 30, 66
    room = (WIDTH - left) / len(panels)
    parts = [_text(12, 24, title, kind="title")]
    for index, row in enumerate(rows):
        kind = "first" if index == 0 else ""
        parts.append(_text(left - 12, top + step * index + 15, row, "end", kind))
    for number, panel in enumerate(panels):
        x = left + room * number
        parts.append(_text(x, top - 14, panel.name))
        longest = room - 78  # beside it stands its value
        for index, value in enumerate(panel.values):
            y, length = top + step * index, max(1.0, longest * value / max(panel.values))
            colour = COLOURS[0] if index == 0 else "#8a94a0"
            parts.append(
                f'<rect x="{x:.0f}" y="{y + 1}" width="{length:.1f}" height="19" rx="3" '
                f'fill="{colour}"/>'
            )
            parts.append(_text(x + length + 6, y + 15, panel.written(value)))
    return _svg(top + step * len(rows) + 10, title, parts)


@frozen
class Line:
    """One line of a chart.

    Attributes:
        name: What it is.
        points: Where it goes, from left to right.
        dashed: Whether it is what would be ideal, and no figure.
    """

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@frozen
class Axis:
    """An axis: what is on it, how a place on it is written, and whether it is logarithmic.

    A linear axis begins at 0, a logarithmic one where its values do.
    """

    name: str
    written: Callable[[float], str]
    logarithmic: bool = False
    ticks: Sequence[float] = ()

    def scale(self, values: Iterable[float]) -> tuple[Sequence[float], Callable[[float], float]]:
        """Give the ticks, and what turns a value into a share of the axis."""
        seen = [value for value in values if value > 0]
        if not self.logarithmic:
            ticks = self.ticks or _linear_ticks(max(seen))
            return ticks, lambda value: value / max(ticks[-1], max(seen))
        ticks = self.ticks or _decades(min(seen), max(seen))
        low, high = math.log(min(ticks[0], min(seen))), math.log(max(ticks[-1], max(seen)))
        return ticks, lambda value: (math.log(value) - low) / (high - low)


def lines(title: str, across: Axis, up: Axis, drawn: Sequence[Line]) -> str:
    """Draw lines over two axes."""
    left, right, top, bottom, height = 96, 40, 76, 56, 400
    width, tall = WIDTH - left - right, height - top - bottom
    across_ticks, share_across = across.scale(x for line in drawn for x, _ in line.points)
    up_ticks, share_up = up.scale(y for line in drawn for _, y in line.points)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + width * share_across(x), top + tall * (1 - share_up(y))

    parts = [_text(12, 24, title, kind="title"), _text(12, top - 14, up.name)]
    for tick in up_ticks:
        y = top + tall * (1 - share_up(tick))
        parts.append(_grid(left, y, WIDTH - right, y))
        parts.append(_text(left - 10, y + 4, up.written(tick), "end"))
    for tick in across_ticks:
        x = left + width * share_across(tick)
        parts.append(_grid(x, top, x, top + tall))
        parts.append(_text(x, top + tall + 20, across.written(tick), "middle"))
    parts.append(_text(left + width / 2, height - 10, across.name, "middle"))
    names = [line for line in drawn if not line.dashed]
    for line in drawn:
        shared = [one for one in names if one.name == line.name]
        colour = COLOURS[(names.index(shared[0]) if shared else len(names)) % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line.points))
        kind = "line ideal" if line.dashed else "line"
        parts.append(f'<polyline class="{kind}" stroke="{colour}" points="{path}"/>')
        if not line.dashed and len(line.points) < 15:
            for x, y in (place(*point) for point in line.points):
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
    return _svg(height, title, [*parts, *_legend(names, left + 130, top - 14)])


def _legend(names: Sequence[Line], x: float, y: float) -> list[str]:
    parts = []
    for index, line in enumerate(names):
        colour = COLOURS[index % len(COLOURS)]
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 9}" width="18" height="8" rx="2" fill="{colour}"/>'
        )
        parts.append(_text(x + 24, y, line.name))
        x += 48 + 7.2 * len(line.name)
    return parts


def _linear_ticks(highest: float) -> list[float]:
    """Four to eight round steps from 0 that reach past the highest value."""
    raw = highest / 5
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    return [step * number for number in range(math.ceil(highest / step) + 1)]


def _decades(lowest: float, highest: float) -> list[float]:
    first, last = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
    return [10.0**power for power in range(first, last + 1)]


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{shown}>{escape(text)}</text>'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    body = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}"><style>{STYLE}</style>{body}</svg>\n'
    )


@frozen
class Span:
    """What was under way from one moment to another, in seconds."""

    begin: float
    end: float


@frozen
class Lanes:
    """One panel of spans, of which those that overlap stand below each other."""

    name: str
    spans: Sequence[Span]


def lanes(title: str, panels: Sequence[Lanes]) -> str:
    """Draw panels below each other over the same time, the first span of each set off."""
    left, right, row, y = 24, 70, 7, 44
    seconds = max(span.end for panel in panels for span in panel.spans)
    scale = (WIDTH - left - right) / seconds
    parts = [_text(12, 24, title, kind="title")]
    for panel in panels:
        end = max(span.end for span in panel.spans)
        parts.append(_text(left, y + 18, panel.name))
        top = y = y + 28
        free: list[float] = []
        for index, span in enumerate(sorted(panel.spans, key=lambda span: span.begin)):
            lane = next((lane for lane, at in enumerate(free) if at <= span.begin), len(free))
            free[lane : lane + 1] = [span.end]
            parts.append(
                f'<rect x="{left + span.begin * scale:.1f}" y="{top + lane * row}" '
                f'width="{max(1.0, (span.end - span.begin) * scale - 1):.1f}" height="{row - 2}" '
                f'rx="1.5" fill="{COLOURS[1 if index == 0 else 0]}"/>'
            )
        y = top + len(free) * row
        parts.append(_text(left + end * scale + 8, (top + y) / 2 + 5, f"{end:.2f} s"))
        y += 12
    return _svg(y + 6, title, parts)
