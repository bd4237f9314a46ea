"""Page windows: which page covers which rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders.page_windows import PageRequest, bridges, last_window, next_window


@pytest.mark.parametrize(
    ("offset", "size", "number", "start", "end"),
    [(0, 250, 1, 0, 250), (249, 250, 1, 0, 250), (250, 250, 2, 250, 500), (7, 1, 8, 7, 8)],
)
def test_the_page_that_holds_an_offset(offset, size, number, start, end):
    """A page of size z and number n holds the rows from (n - 1) z to n z."""
    page = PageRequest.at(offset, size)
    assert (page.number, page.size, page.start, page.end) == (number, size, start, end)


@pytest.mark.parametrize(
    ("end", "size", "overlap", "expected"),
    [
        (250, 250, 25, PageRequest(2, 225, 225, 450)),
        (500, 250, 50, PageRequest(3, 225, 450, 675)),
        (20_000, 250, 25, PageRequest(86, 235, 19_975, 20_210)),
        (50, 50, 5, PageRequest(2, 45, 45, 90)),
    ],
)
def test_the_next_window(end, size, overlap, expected):
    """The page that begins early enough to overlap, and reaches furthest."""
    assert next_window(end, size, overlap) == expected


@pytest.mark.parametrize(("end", "size", "overlap"), [(1, 1, 1), (2, 2, 1), (0, 250, 15)])
def test_no_window(end, size, overlap):
    """Pages too small to overlap and to get on, and a listing of which nothing was read."""
    assert next_window(end, size, overlap) is None


@given(end=st.integers(250, 10**7), size=st.integers(50, 250))
def test_windows_overlap_and_get_on(end, size):
    """Wherever it begins, a window shares the rows it has to, and most of it is new."""
    overlap = size // 16
    page = next_window(end, size, overlap)
    assert page is not None
    assert page.start <= end - overlap
    assert page.end > end
    assert size // 2 < page.size <= size


@given(boundary=st.integers(1, 10**7), size=st.integers(50, 250))
def test_one_bridge_has_room_on_either_side(boundary, size):
    """A page can be laid across any boundary so that a third of it lies on either side."""
    (page,) = bridges([boundary], size, boundary + 10**6)
    assert page.start == 0 or boundary - page.start >= size // 5
    assert page.end - boundary >= size // 5
    if boundary >= 2 * size and size == 250:
        assert min(boundary - page.start, page.end - boundary) >= 82


@given(
    boundaries=st.lists(st.integers(1, 5000), min_size=1, max_size=60, unique=True),
    size=st.integers(50, 250),
)
def test_bridges_cross_every_boundary(boundaries, size):
    """Every boundary lies within a page, with room on either side but at the listing's ends."""
    boundaries.sort()
    total = boundaries[-1] + 1
    pages = bridges(boundaries, size, total)
    assert len(pages) <= len(boundaries)
    for boundary in boundaries:
        assert any(
            (page.start == 0 or boundary - page.start >= size // 5)
            and (page.end >= total or page.end - boundary >= size // 5)
            and page.start < boundary < page.end
            for page in pages
        ), boundary


def test_one_bridge_crosses_many_small_pages():
    """Boundaries that are close together take one page between them."""
    pages = bridges(range(10, 500, 10), 250, 10_000)
    assert len(pages) <= 4


@given(boundary=st.integers(0, 10**5), behind=st.integers(1, 100), size=st.integers(120, 250))
def test_the_last_window_holds_the_last_row(boundary, behind, size):
    """A page that reaches across a boundary to the end of the listing."""
    total = boundary + behind
    page = last_window(boundary, size, total)
    assert page.start <= boundary
    assert page.start < total <= page.end or behind > size // 5


def test_a_last_window_that_cannot_reach():
    """Where too many rows came behind the boundary, the page goes as far as it can."""
    page = last_window(1000, 250, 5000)
    assert page.start <= 1000 < page.end < 5000


def test_a_boundary_behind_the_end():
    """Where the listing has shrunk, the page holds what is its end now."""
    page = last_window(1000, 250, 300)
    assert page.start < 300 <= page.end
