"""The phone numbers that are to be ordered, from arguments and lines of a file. No I/O."""

from collections.abc import Iterable, Iterator, Sequence

from telnyx_orders import OrderedNumber
from telnyx_orders.cli.failures import UsageError

__all__ = ["numbers_to_order"]


def numbers_to_order(arguments: Sequence[str], text: str, file: str) -> tuple[str, ...]:
    """Give the numbers, each once.

    Args:
        arguments: The numbers that were given as arguments.
        text: The file, with one number a line. What follows a `#` is a comment.
        file: What the file is called.

    Raises:
        UsageError: There is none, or one cannot be ordered: the message says where it stands, and
            how many more there are like it.
    """
    places: dict[str, str] = {}
    mistakes: list[str] = []
    for number, place in (*_of_arguments(arguments), *_of_lines(text, file)):
        if number in places:
            mistakes.append(f"{place}: {number} is there twice, first {_first(places[number])}")
            continue
        try:
            OrderedNumber(number)
        except ValueError as error:
            mistakes.append(f"{place}: {str(error).removeprefix('phone_number: ')}")
        places[number] = place
    if mistakes:
        more = f" (and {len(mistakes) - 1} more like it)" if mistakes[1:] else ""
        raise UsageError(f"{mistakes[0]}{more}; nothing was sent")
    if not places:
        raise UsageError("there is no number to order: give some, or --from a file that has some")
    return tuple(places)


def _of_arguments(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((number, "the arguments") for number in arguments)


def _of_lines(text: str, file: str) -> Iterator[tuple[str, str]]:
    for count, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        number = line.partition("#")[0].strip()
        if number:
            yield number, f"{file}, line {count}"


def _first(place: str) -> str:
    return f"in {place}" if place == "the arguments" else f"at {place}"
