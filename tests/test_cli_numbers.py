"""The numbers that `telnyx-orders place` reads from arguments and files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders.cli.failures import UsageError
from telnyx_orders.cli.numbers_to_order import numbers_to_order

NUMBERS = st.lists(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), min_size=1, unique=True)
FILLERS = st.sampled_from(["", "   ", "# a comment", "\t# +19705555000"])
ENDINGS = st.sampled_from(["", " ", "\t# office", "#", "\r"])


@given(numbers=NUMBERS, split=st.integers(0, 10), data=st.data())
def test_comments_and_blank_lines_change_nothing(
    numbers: list[str], split: int, data: st.DataObject
):
    """The arguments come first, then the lines of the file, whatever stands around them."""
    lines: list[str] = []
    for number in numbers[split:]:
        lines += data.draw(st.lists(FILLERS, max_size=2))
        lines.append(f" {number}{data.draw(ENDINGS)}")
    text = data.draw(st.sampled_from(["", "\ufeff"])) + "\n".join(lines)
    assert numbers_to_order(numbers[:split], text, "numbers.txt") == tuple(numbers)


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        ((), "+19705555000\n\n# x\n970 555\n", "numbers.txt, line 4: '970 555' is not in E.164"),
        ((), "+19705555000\n+19705555000 # again", "line 2: +19705555000 is there twice, first at"),
        (("+19705555000",), "\n+19705555000", "line 2: +19705555000 is there twice, first in the"),
        (("9705555000",), "", "the arguments: '9705555000' is not in E.164 form"),
        ((), "a\nb\n+19705555000\nc", "line 1: 'a' is not in E.164 form"),
        ((), "+19705555000,+19705555001", "line 1: '+19705555000,+19705555001' is not in E.164"),
        ((), "# nothing\n\n", "there is no number to order"),
    ],
)
def test_a_mistake_is_named_with_its_line(arguments: tuple[str, ...], text: str, said: str):
    """One mistake keeps all numbers from being ordered, and the message says where it is."""
    with pytest.raises(UsageError) as caught:
        numbers_to_order(arguments, text, "numbers.txt")
    assert said in str(caught.value)


def test_more_mistakes_are_counted():
    """The first is told in full."""
    with pytest.raises(UsageError, match=r"line 1: 'a' .* \(and 2 more like it\); nothing was"):
        numbers_to_order((), "a\nb\n+19705555000\n+19705555000", "numbers.txt")
