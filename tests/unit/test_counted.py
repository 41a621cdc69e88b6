"""A read that is asked to says how far it is, however its rows come."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import InvalidTypeError, get_all_customers, get_all_orders, get_directory_stats
from directory_function import RPC, answer, customers
from helpers import KEY, ORDERS, PROFILES, QUICK, URL, VIEW, Rows


def count(number):
    return httpx.Response(206, json=[{}], headers={"content-range": f"0-0/{number}"})


@respx.mock
@pytest.mark.parametrize("read", [get_all_customers, get_directory_stats])
def test_a_read_page_by_page_says_how_many_it_has(caller, read):
    respx.get(VIEW).mock(side_effect=Rows(customers(30), cap=7))
    respx.get(PROFILES).mock(return_value=count(30))
    told = []
    caller(read, caller.open(URL, KEY, settings=QUICK), progress=lambda done, total: told.append((done, total)))
    assert len(told) >= 5
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (30, 30)


@respx.mock
def test_a_read_in_one_answer_says_how_many_it_has(caller):
    content = answer(customers(2), customers(3, start=9))
    respx.post(RPC).mock(return_value=httpx.Response(200, content=content))
    respx.get(PROFILES).mock(return_value=count(5))
    told = []
    found = caller(get_all_customers, caller.open(URL, KEY), progress=lambda *counts: told.append(counts))
    assert len(found) == 5
    assert told == [(2, 5), (5, 5)]


@respx.mock
def test_more_than_were_counted_at_first_are_never_more_than_all(caller):
    respx.get(VIEW).mock(side_effect=Rows(customers(9), cap=4))
    respx.get(PROFILES).mock(return_value=count(8))
    told = []
    caller(get_all_customers, caller.open(URL, KEY, settings=QUICK), progress=lambda *counts: told.append(counts))
    assert told[-1] == (8, 8)


@respx.mock
def test_all_orders_are_counted_with_their_filters(caller):
    rows = [{"id": f"00000000-0000-4000-8000-{number:012}", "customer_id": None} for number in range(5)]
    route = respx.get(ORDERS).mock(side_effect=Rows(rows, cap=9))
    told = []
    crm = caller.open(URL, KEY, settings=QUICK)
    caller(get_all_orders, crm, status="shipped", progress=lambda *counts: told.append(counts))
    assert told == [(5, 5)]
    assert "status" in route.calls[0].request.url.params


@respx.mock
def test_without_progress_nothing_is_counted(caller):
    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    profiles = respx.get(PROFILES)
    caller(get_all_customers, caller.open(URL, KEY, settings=QUICK))
    assert not profiles.called


@respx.mock
def test_progress_must_be_a_function_or_true(caller):
    respx.get(PROFILES).mock(return_value=count(3))
    with pytest.raises(InvalidTypeError, match="progress"):
        caller(get_all_customers, caller.open(URL, KEY, settings=QUICK), progress="yes")
