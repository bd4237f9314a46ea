"""Listings that come in one answer: when it is all there is."""

import gc
import json

import pytest
from aiohttp import web

from telnyx_orders import OrdersClient, SubNumberOrder, make_converter
from telnyx_orders.models import Listed, ListedMeta
from telnyx_orders.resources.whole_listing import shortfall
from tests.servers import KEY, serve

TWO = (SubNumberOrder(id="sub-1"), SubNumberOrder(id="sub-2"))


def listed(rows, **meta):
    return Listed(data=rows, meta=ListedMeta(**meta))


@pytest.mark.parametrize(
    ("answer", "lacking"),
    [
        (Listed(data=TWO), None),
        (Listed(data=()), None),
        (listed(TWO), None),
        (listed(TWO, page_number=2, page_size=20), None),
        (listed((), total_pages=0, total_results=0), None),
        (listed((), total_pages=1), None),
        (listed(TWO, total_pages=1, total_results=2), None),
        (listed(TWO, total_results=1), None),
        (listed(TWO, page_size=1, total_pages=2, total_results=2), None),
        (listed(TWO, total_pages=1), None),
        (listed(TWO, total_pages=2), "2 rows, one page of 2"),
        (listed((), total_pages=3), "0 rows, one page of 3"),
        (listed(TWO, total_results=3), "2 of 3 rows"),
        (listed(TWO, total_pages=1, total_results=3), "2 of 3 rows"),
        (listed((), total_results=1), "0 of 1 rows"),
        (listed((TWO[0], TWO[0]), total_results=2), "1 of 2 rows"),
    ],
)
def test_what_an_answer_lacks(answer, lacking):
    """The count decides where there is one, by distinct ids; then the pages; then nothing does."""
    assert shortfall(answer) == lacking


async def test_a_large_listing_is_decoded_as_a_page_is():
    """Some megabytes come whole, as the reference decodes them, off the collector's list."""
    row = {"id": "?", "customer_reference": "x" * 4000, "phone_numbers": [{"id": "number-1"}]}
    rows = [row | {"id": f"sub-{number}"} for number in range(500)]
    body = json.dumps({"data": rows, "meta": {"total_results": 500}}).encode()

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async with serve(handle) as url:
        async with OrdersClient(KEY, base_url=url, trust_env=False) as client:
            fast = await client.sub_number_orders.list()
        own = make_converter()
        async with OrdersClient(KEY, base_url=url, converter=own, trust_env=False) as client:
            reference = await client.sub_number_orders.list()
    assert fast == reference
    assert len(fast) == 500
    assert not any(map(gc.is_tracked, fast))
