"""Tables in Markdown, and how figures are written in them."""

from collections.abc import Iterable, Sequence

from tests.benchmarks.outcome import Target


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table whose first column is text and whose others are figures."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def targets(reached: Iterable[tuple[str, Target]]) -> str:
    """Write which targets of which measurement are met."""
    rows = [
        (
            one.what,
            one.shown(one.figure),
            one.shown(one.most),
            "yes" if one.met else "**no**",
            piece,
        )
        for piece, one in reached
    ]
    return table(["target", "measured", "at most", "met", "measurement"], rows)


def rounds(number: int) -> str:
    """Write over how many rounds medians were taken."""
    return "one round" if number == 1 else f"medians of {number} rounds in turn"


def seconds(figure: float) -> str:
    """Write a time in the unit that suits it."""
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if figure * factor >= 1:
            return f"{figure * factor:.3g} {unit}"
    return f"{figure * 1e6:.3g} µs"


def mebibytes(figure: float) -> str:
    """Write MiB."""
    return f"{figure:,.0f} MiB"


def times(figure: float) -> str:
    """Write how many times something is something else."""
    return f"1/{1 / figure:.1f}" if figure < 0.5 else f"{figure:.2f}x"
