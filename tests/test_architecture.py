"""The arrows between the modules point one way, as the table for contributors has it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "telnyx_orders"
TABLE = PACKAGE.parent / "docs" / "contributing.md"


def rows() -> dict[str, int]:
    """In which row of the table each module or package at the top level stands."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")][1:]
    found = [
        (name, row) for row, line in enumerate(lines) for name in re.findall(r"`(\w+)/?`", line)
    ]
    assert len(found) == len(dict(found)), "a name stands twice"
    return dict(found)


def loaded_with(body: list[ast.stmt]) -> Iterator[str]:
    """The full names of what is imported when a module is loaded."""
    for statement in body:
        match statement:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{one.name}" for one in names)
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=others):
                yield from loaded_with(others)
            case ast.If(body=inner, orelse=others) | ast.Try(body=inner, orelse=others):
                yield from loaded_with([*inner, *others])
            case _:
                pass


def test_each_module_stands_in_the_table() -> None:
    """And nothing else does."""
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(rows()) == files | packages


def test_no_module_needs_one_further_down() -> None:
    """A lower layer that knew a higher one could not be read, tested or loaded without it."""
    row = rows()
    wrong: list[str] = []
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if name == "__init__":
            continue
        for full in loaded_with(ast.parse(path.read_text()).body):
            package, _, needed = full.partition(".")
            # The names of the package itself are those of `public`.
            needed = needed.partition(".")[0]
            needed = needed if needed in row else "public"
            if package == "telnyx_orders" and row[needed] > row[name]:
                wrong.append(f"{path.relative_to(PACKAGE)} needs {needed}")
    assert wrong == []
