"""The end of a read: reached by the server's count, or by an empty page, and never by a server that repeats itself."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    IncompleteReadError,
    UnexpectedResponseError,
    doctor,
    get_all_customers,
    get_customer_orders,
    get_customer_preferences,
    get_directory_stats,
    iter_customers,
    list_customer_evidence,
    search_customers,
)
from admin_crm._core.context import CallContext
from admin_crm._core.operation import run_sync
from admin_crm._core.pager import Batch, Pager, fetch_after_keys, fetch_at_offsets
from helpers import URL, Ask, Rows

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
REST = f"{URL}/rest/v1"
VIEW, ORDERS, ITEMS = f"{REST}/customer_intelligence_360", f"{REST}/orders", f"{REST}/order_items"
LISTING = f"{URL}/storage/v1/object/list/customer-evidence"


def keys(count: int) -> list[str]:
    return sorted(str(uuid4()) for _ in range(count))


@pytest.mark.parametrize("cap", [1, 2, 5, 100])
@pytest.mark.parametrize("counts", [True, False])
@respx.mock
def test_every_row_is_read_whatever_the_row_limit_and_whether_the_server_counts(ask, cap, counts):
    customers = Rows([{"id": key} for key in keys(7)], cap=cap, counts=counts)
    respx.get(VIEW).mock(side_effect=customers)
    orders = Rows([{"id": key, "customer_id": SOMEBODY} for key in keys(5)], cap=cap, counts=counts)
    respx.get(ORDERS).mock(side_effect=orders)
    assert len(ask(get_all_customers)) == 7
    assert len(ask.caller.collect(iter_customers(ask.crm))) == 7
    assert len(ask(get_customer_orders, SOMEBODY)) == 5


@respx.mock
def test_preferences_count_every_item_of_a_server_that_does_not_count(ask):
    order = str(uuid4())
    respx.get(ORDERS).mock(side_effect=Rows([{"id": order, "status": "delivered"}], cap=2, counts=False))
    lines = [{"order_id": order, "product_id": SOMEBODY, "quantity": quantity} for quantity in (1, 1, 2, 2, 3, 3)]

    def items(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json=lines[offset : offset + 2])

    respx.get(ITEMS).mock(side_effect=items)
    respx.get(f"{REST}/products").mock(return_value=httpx.Response(200, json=[]))
    respx.get(f"{REST}/customer_profiles").mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    assert ask(get_customer_preferences, SOMEBODY).top_products[0].count == 12


@respx.mock
def test_a_search_without_a_count_is_an_error_and_not_a_total_of_zero(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY, "created_at": None}]))
    with pytest.raises(UnexpectedResponseError) as raised:
        ask(search_customers, "ana")
    assert raised.value.field == "Content-Range"


@respx.mock
def test_doctor_says_that_the_server_does_not_count_instead_of_finding_no_customers(ask):
    respx.get(f"{URL}/auth/v1/settings").mock(return_value=httpx.Response(200, json={"external": {}}))
    respx.route().mock(return_value=httpx.Response(200, json=[]))
    lines = {check.name: check for check in ask(doctor).checks}
    assert lines["directory"].verdict == "fail"
    assert "count" in lines["directory"].meaning


class Cache:
    """A cache that answers every request with what it answered the first one, whatever the query string."""

    def __init__(self, behind: Rows) -> None:
        self.behind = behind
        self.kept: dict[str, httpx.Response] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self.kept.setdefault(request.url.path, self.behind(request))


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(
    "read",
    [get_all_customers, get_directory_stats, lambda crm: get_customer_orders(crm, SOMEBODY)],
    ids=["directory", "stats", "orders"],
)
@respx.mock
def test_a_cache_that_ignores_the_query_raises_instead_of_being_read_for_ever(ask, read, counts):
    rows = Rows([{"id": key} for key in keys(9)], cap=2, counts=counts)
    respx.get(VIEW).mock(side_effect=Cache(rows))
    respx.get(ORDERS).mock(side_effect=Cache(rows))
    with pytest.raises(IncompleteReadError, match="cache") as raised:
        ask(read)
    assert [str(row.id) for row in raised.value.rows] == [row["id"] for row in rows.rows[:2]]


@pytest.mark.parametrize("counts", [True, False])
@respx.mock
def test_a_stream_behind_such_a_cache_raises_after_its_first_page(ask, counts):
    respx.get(VIEW).mock(side_effect=Cache(Rows([{"id": key} for key in keys(9)], cap=2, counts=counts)))
    with pytest.raises(IncompleteReadError, match="cache"):
        ask.caller.collect(iter_customers(ask.crm))


@respx.mock
def test_a_listing_of_files_that_repeats_itself_raises(ask):
    page = [{"name": f"{number}.png", "id": str(UUID(int=number))} for number in range(1000)]
    listing = respx.post(LISTING).mock(return_value=httpx.Response(200, json=page))
    with pytest.raises(IncompleteReadError, match="same rows"):
        ask(list_customer_evidence, SOMEBODY)
    assert listing.call_count == 3


@respx.mock
def test_rows_that_are_counted_and_never_shown_raise(ask):
    respx.get(ORDERS).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/3"}))
    with pytest.raises(IncompleteReadError, match="counts 3 more rows"):
        ask(get_customer_orders, SOMEBODY)


def run(coroutine):
    return run_sync(CallContext("test"), coroutine)


@given(st.lists(st.integers(), unique=True), st.integers(1, 7), st.booleans())
def test_pages_after_keys_bring_every_row_once(numbers, size, counts):
    rows = sorted(numbers)

    async def fetch(last):
        left = [row for row in rows if last is None or row > last]
        return Batch(left[:size], len(left) if counts else None)

    assert run(fetch_after_keys(fetch, lambda row: row)) == rows


@given(st.lists(st.integers(0, 3)), st.integers(1, 7), st.integers(0, 3), st.booleans())
def test_pages_at_offsets_bring_every_row_of_a_table_without_a_key(numbers, size, start, counts):
    rows = [(number, place) for place, number in enumerate(sorted(numbers))]

    async def fetch(offset):
        return Batch(rows[offset : offset + size], len(rows) if counts else None)

    pager = run(fetch_at_offsets(fetch, lambda row: row, start=start, distinct=False))
    assert pager.rows == rows[start:]


@given(st.lists(st.integers(0, 50), min_size=3, unique=True), st.integers(1, 3))
def test_a_row_inserted_between_two_pages_doubles_none(numbers, size):
    rows = sorted(numbers)
    asked = []

    async def fetch(offset):
        asked.append(offset)
        if len(asked) == 2:
            rows.insert(0, -1)
        return Batch(rows[offset : offset + size], len(rows))

    found = run(fetch_at_offsets(fetch, lambda row: row)).rows
    assert len(found) == len(set(found))
    assert set(numbers) - set(found) == set()


@pytest.mark.parametrize("distinct", [True, False])
def test_two_pages_in_turn_for_ever_end_the_read(distinct):
    async def fetch(offset):
        return Batch([1, 2] if offset % 4 == 0 else [3, 4], None)

    with pytest.raises(IncompleteReadError, match="same rows") as raised:
        run(fetch_at_offsets(fetch, lambda row: row, distinct=distinct))
    assert raised.value.rows == [1, 2, 3, 4]


def test_the_expected_number_counts_what_was_received_before():
    pager = Pager(lambda row: row, counts_rest=True)
    assert pager.add(Batch([1, 2], 5))
    assert pager.add(Batch([3], 3))
    assert (pager.total, pager.received) == (5, 3)
    assert not pager.add(Batch([4, 5], 2))


def test_a_search_past_the_last_page_is_empty_with_its_total(ask: Ask):
    with respx.mock:
        respx.get(VIEW).mock(side_effect=Rows([{"id": key, "created_at": None} for key in keys(3)], cap=10))
        found = ask(search_customers, page=9)
    assert (found.items, found.total) == ([], 3)
