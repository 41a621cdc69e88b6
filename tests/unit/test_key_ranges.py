"""The directory is read completely, whatever its ids, the row limit, and concurrent writes."""

from __future__ import annotations

import random
from uuid import UUID, uuid4

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_crm import (
    AdminCRM,
    IncompleteReadError,
    ServiceUnavailableError,
    Settings,
    get_all_customers,
    iter_customers,
)
from helpers import KEY, PROFILES, QUICK, URL, VIEW
from view_server import view_of


@pytest.mark.parametrize("count", [1, 9, 10, 11, 95, 100, 437])
@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
@respx.mock
def test_every_customer_is_read_whatever_the_row_limit(ask, count, counts):
    ids = [uuid4() for _ in range(count)]
    view_of(ids, counts=counts)
    assert sorted(each.id for each in ask(get_all_customers)) == sorted(ids)
    assert [each.id for each in ask.caller.collect(iter_customers(ask.crm))] == sorted(ids)


@respx.mock
def test_consecutive_ids_are_read_completely(ask):
    ids = [UUID(int=number) for number in range(1, 300)]
    server = view_of(ids)
    assert sorted(each.id for each in ask(get_all_customers)) == ids
    assert server.requests < 3 * 30 * 2


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 90),
    cap=st.integers(1, 30),
    spread=st.sampled_from([16, 40, 90, 128]),
)
def test_any_distribution_of_ids_is_read_completely(seed, count, cap, spread):
    draw = random.Random(seed)
    ids = list({UUID(int=draw.getrandbits(spread)) for _ in range(count)})
    with AdminCRM(URL, KEY, settings=QUICK.model_copy(update={"concurrency": 2})) as crm, respx.mock:
        view_of(ids, cap=cap)
        respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
        assert sorted(each.id for each in get_all_customers(crm)) == sorted(ids)
        assert sorted(each.id for each in iter_customers(crm)) == sorted(ids)


@respx.mock
def test_an_interrupted_read_holds_the_rows_read_so_far(ask):
    server = view_of([uuid4() for _ in range(100)])
    server.fail_after = 1
    with pytest.raises(IncompleteReadError) as raised:
        ask(get_all_customers)
    assert (len(raised.value.rows), raised.value.expected) == (10, 100)
    assert isinstance(raised.value.__cause__, ServiceUnavailableError)


@respx.mock
def test_a_read_that_fails_at_once_raises_the_plain_error(ask):
    server = view_of([uuid4() for _ in range(100)])
    server.fail_after = 0
    with pytest.raises(ServiceUnavailableError):
        ask(get_all_customers)
    with pytest.raises(ServiceUnavailableError):
        ask.caller.collect(iter_customers(ask.crm))


@respx.mock
def test_rows_that_are_counted_but_not_returned_are_noticed(ask):
    ids = [uuid4() for _ in range(30)]
    server = view_of(ids, cap=100)
    truthful = server.__call__

    def lying(request: httpx.Request) -> httpx.Response:
        answer = truthful(request)
        if "count=exact" in request.headers.get("prefer", ""):
            answer.headers["content-range"] = "0-29/31"
        return answer

    respx.get(VIEW).mock(side_effect=lying)
    with pytest.raises(IncompleteReadError, match="returned 30 customers, but counts 31 more"):
        ask(get_all_customers)


@respx.mock
def test_concurrent_inserts_and_deletes_do_not_fail_the_read(ask):
    ids = [uuid4() for _ in range(60)]
    server = view_of(ids)

    def churn() -> None:
        server.ids = sorted([*ids, *(uuid4() for _ in range(9))])  # others than at the last request

    churn()
    server.meanwhile = churn
    for _ in range(5):
        assert set(ids) <= {each.id for each in ask(get_all_customers)}


@respx.mock
def test_customers_deleted_during_the_read_do_not_fail_it(ask):
    ids = [uuid4() for _ in range(100)]
    server = view_of(ids)

    def delete() -> None:
        server.ids = server.ids[:-1] if len(server.ids) > 90 else server.ids

    server.meanwhile = delete
    found = {each.id for each in ask(get_all_customers)}
    assert set(server.ids) <= found


def test_the_page_size_is_that_of_the_settings(caller):
    with respx.mock:
        server = view_of([uuid4() for _ in range(30)], cap=1000)
        crm = caller.open(URL, KEY, settings=Settings(page_size=7, concurrency=1, directory_function=None))
        assert len(caller(get_all_customers, crm)) == 30
        assert server.requests >= 5


@respx.mock
def test_a_server_that_ignores_the_order_is_an_error_and_not_read_for_ever(ask):
    rows = [{"id": str(UUID(int=number))} for number in (3, 2, 1)]
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=rows, headers={"content-range": "0-2/9"}))
    with pytest.raises(IncompleteReadError, match="not asked for") as raised:
        ask(get_all_customers)
    assert raised.value.__cause__ is not raised.value
