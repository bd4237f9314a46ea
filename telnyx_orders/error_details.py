"""What an answer says of its error: the API's own words, read leniently and made fit to show."""

import json
from collections.abc import Callable
from typing import cast

from attrs import frozen

__all__ = ["ErrorDetail", "excerpt", "one_line", "parse_error_details", "printable", "times"]


@frozen(kw_only=True)
class ErrorDetail:
    """One entry of the `errors` of an answer, in the API's own words.

    Attributes:
        code: The API's code, a string of digits such as `10009`.
        title: What went wrong, in a few words.
        detail: What went wrong, in a sentence.
        pointer: JSON pointer (RFC 6901) to the offending part of the request's body.
        parameter: The query parameter that caused the error.
        url: A page about this code.
    """

    code: str | None = None
    title: str | None = None
    detail: str | None = None
    pointer: str | None = None
    parameter: str | None = None
    url: str | None = None

    def __str__(self) -> str:
        # The message that this becomes a part of sets its own full stops.
        words = [one_line(part).rstrip(".") for part in (self.title, self.detail) if part]
        text = ": ".join(dict.fromkeys(words)) or "no details"
        code = f" (code {one_line(self.code, 40)})" if self.code else ""
        where = self.parameter or self.pointer
        return f"{text}{code}" + (f" at {one_line(where)}" if where else "")


def parse_error_details(body: str, redact: Callable[[str], str] = str) -> tuple[ErrorDetail, ...]:
    """Read the `errors` of an error's body; empty when it is not in the API's form.

    Lenient on purpose: while something is going wrong, a malformed error must not hide it.
    """
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    entries = cast("dict[str, object]", parsed).get("errors") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        return ()
    return tuple(
        _error_detail(cast("dict[str, object]", entry), redact)
        for entry in cast("list[object]", entries)
        if isinstance(entry, dict)
    )


def _error_detail(entry: dict[str, object], redact: Callable[[str], str]) -> ErrorDetail:
    def text(holder: object, key: str) -> str | None:
        value = cast("dict[str, object]", holder).get(key) if isinstance(holder, dict) else None
        return None if value is None or isinstance(value, dict | list) else redact(str(value))

    source, meta = entry.get("source"), entry.get("meta")
    return ErrorDetail(
        code=text(entry, "code"),
        title=text(entry, "title"),
        detail=text(entry, "detail"),
        pointer=text(source, "pointer"),
        parameter=text(source, "parameter"),
        url=text(meta, "url"),
    )


def times(attempts: int) -> str:
    """Say how many attempts there were."""
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def printable(text: str) -> str:
    r"""Write what is not printable as an escape such as `\x1b`, so that it cannot act.

    Servers and customers write references and error messages; a terminal would obey the control
    sequences in them, and reorder what stands behind a Unicode override.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def one_line(text: str, most: int = 200) -> str:
    """Shorten what a server wrote to one line of a message."""
    line = printable(" ".join(text[: 4 * most].split()))
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 3] + "..."


def excerpt(body: str) -> str:
    """Show the beginning of a body that is not in the API's form."""
    line = one_line(body, 120)
    return f"no details but {line!r}" if line.strip(".") else "no details"
