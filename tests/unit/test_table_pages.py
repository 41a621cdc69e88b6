"""A table is streamed page after page whatever its keys are, to the end that the server counts."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import IncompleteReadError, ServiceUnavailableError, iter_orders
from helpers import ORDERS


class Table:
    """A table with numbers as keys, which gives at most `cap` rows at once."""

    def __init__(self, keys, cap=3, *, counts=True):
        self.keys, self.cap, self.counts, self.requests = list(keys), cap, counts, []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        after = int(request.url.params.get("id", "gt.-1").removeprefix("gt."))
        found = [key for key in self.keys if key > after]
        counted = self.counts and "count=exact" in request.headers.get("prefer", "")
        page = found[: min(self.cap, int(request.url.params["limit"]))]
        total = {"content-range": f"0-0/{len(found) if counted else '*'}"}
        return httpx.Response(200, json=[{"id": key} for key in page], headers=total)


def stream(ask):
    return [order.id for order in ask.caller.collect(iter_orders(ask.crm))]


@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 8, 9])
@respx.mock
def test_every_row_comes_once_and_only_the_first_page_is_counted(ask, count, counts):
    table = Table(range(7, 7 + count), counts=counts)
    respx.get(ORDERS).mock(side_effect=table)
    assert stream(ask) == [str(key) for key in table.keys]
    assert ["count=exact" in each.headers.get("prefer", "") for each in table.requests].count(True) == 1


@respx.mock
def test_where_the_first_page_is_all_of_it_one_request_is_enough(ask):
    table = Table(range(3))
    respx.get(ORDERS).mock(side_effect=table)
    assert len(stream(ask)) == 3
    assert len(table.requests) == 1


@respx.mock
def test_rows_that_are_deleted_or_added_meanwhile_end_no_stream_early(ask):
    table = Table(range(1, 9))

    def answer(request):
        page = table(request)
        if len(table.requests) == 1:
            table.keys = [1, 2, 3, 5, 6, 7, 20, 21]
        return page

    respx.get(ORDERS).mock(side_effect=answer)
    assert stream(ask) == ["1", "2", "3", "5", "6", "7", "20", "21"]


@respx.mock
def test_a_stream_that_breaks_says_how_far_it_came(ask):
    page = Table(range(9))
    respx.get(ORDERS).mock(side_effect=lambda request: httpx.Response(503) if page.requests else page(request))
    with pytest.raises(IncompleteReadError, match="stopped after 3 orders") as raised:
        stream(ask)
    assert raised.value.expected == 9
    assert raised.value.hint == "try again"


@respx.mock
def test_a_stream_that_fails_at_once_raises_the_plain_error(ask):
    respx.get(ORDERS).mock(return_value=httpx.Response(503))
    with pytest.raises(ServiceUnavailableError):
        stream(ask)


@respx.mock
def test_a_server_that_repeats_itself_is_not_read_for_ever(ask):
    respx.get(ORDERS).mock(
        return_value=httpx.Response(200, json=[{"id": 1}, {"id": 2}], headers={"content-range": "0-1/9"})
    )
    with pytest.raises(IncompleteReadError, match="same rows again") as raised:
        stream(ask)
    assert "cache" in raised.value.hint


@respx.mock
def test_a_stream_has_the_length_that_the_server_counts_and_is_true_without_asking(ask):
    if ask.caller.name == "async":
        return  # an async stream has no length
    table = Table(range(8))
    respx.get(ORDERS).mock(side_effect=table)
    orders = iter_orders(ask.crm)
    assert orders
    assert table.requests == []
    assert len(orders) == 8


@pytest.mark.parametrize("shown", [0, 3])
@respx.mock
def test_rows_that_the_server_counts_and_does_not_show_are_an_incomplete_read(ask, shown):
    table = Table(range(1, 9))

    def answer(request):
        response = table(request)
        rows = response.json() if len(table.requests) * 3 <= shown else []
        return httpx.Response(200, json=rows, headers=response.headers)

    respx.get(ORDERS).mock(side_effect=answer)
    with pytest.raises(IncompleteReadError, match=f"{8 - shown} more orders than it shows"):
        stream(ask)
