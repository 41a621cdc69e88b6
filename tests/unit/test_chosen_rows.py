"""Rows whose ids are chosen: the view is asked for them, or read and looked through, in as few requests as it takes."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AdminCRM, AdminCustomer, IncompleteReadError, ServiceUnavailableError
from admin_crm._postgrest.chosen_rows import fetch_chosen, ids_that_fit
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.row_source import RowSource
from admin_crm.client import operation
from helpers import KEY, QUICK, URL, VIEW

ROOM = 1_000
FIT = ids_that_fit(ROOM)


class View:
    """A view with numbered ids that answers ranges and lists of ids, at most `cap` rows at once."""

    def __init__(self, count: int, cap: int) -> None:
        self.ids = [UUID(int=number * 7 + 1 << 64) for number in range(count)]
        self.cap, self.requests, self.fails, self.counts = cap, [], False, True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        if self.fails and len(self.requests) > 1:
            return httpx.Response(503)
        found = self.ids
        for each in request.url.params.get_list("id"):
            operator, _, value = each.partition(".")
            if operator == "in":
                named = {UUID(one) for one in value.strip("()").split(",")}
                found = [one for one in found if one in named]
            else:
                found = [one for one in found if (one > UUID(value)) == (operator == "gt")]
        page = [{"id": str(one)} for one in found[: min(self.cap, int(request.url.params["limit"]))]]
        counted = self.counts and "count=exact" in request.headers.get("prefer", "")
        return httpx.Response(200, json=page, headers={"content-range": f"*/{len(found) if counted else '*'}"})

    @property
    def named(self) -> int:
        """How many requests named ids."""
        return sum("id=in." in url for url in self.requests)


@operation
async def chosen(crm, ids):
    return await fetch_chosen(RowSource(crm, ModelDecoder(AdminCustomer)), ids, "id", ROOM)


def played(count: int, cap: int = 100) -> View:
    view = View(count, cap)
    respx.get(VIEW).mock(side_effect=view)
    return view


@respx.mock
def test_few_ids_are_one_request(ask):
    view = played(500)
    wanted = set(view.ids[::25])
    assert {row.id for row in ask(chosen, wanted)} == wanted
    assert (len(view.requests), view.named) == (1, 1)
    assert len(view.requests[0]) < ROOM + 300


@respx.mock
def test_many_ids_of_a_small_view_are_looked_up_in_its_pages(ask):
    view = played(150)
    wanted = set(view.ids[:140])
    assert {row.id for row in ask(chosen, wanted)} == wanted
    assert (len(view.requests), view.named) == (2, 0)


@respx.mock
def test_some_ids_of_a_large_view_are_asked_for_but_those_on_its_first_page(ask):
    view = played(2_000)
    wanted = {*view.ids[:30], *view.ids[500:550]}
    assert {row.id for row in ask(chosen, wanted)} == wanted
    assert (len(view.requests), view.named) == (3, 2)


@respx.mock
def test_ids_that_are_not_in_the_view_are_not_found_and_an_empty_view_is_empty(ask):
    view = played(0)
    assert ask(chosen, {UUID(int=number) for number in range(100)}) == []
    assert len(view.requests) == 1


@respx.mock
def test_where_the_server_does_not_count_the_ids_are_asked_for(ask):
    view = played(500)
    view.counts = False
    assert {row.id for row in ask(chosen, view.ids[::10])} == set(view.ids[::10])
    assert view.named > 1


@given(
    count=st.integers(0, 300), cap=st.integers(10, 120), step=st.integers(1, 40), beside=st.integers(0, 60)
)  # fmt: skip
def test_exactly_the_chosen_rows_come_and_no_url_is_too_long(count, cap, step, beside):
    with AdminCRM(URL, KEY, settings=QUICK.model_copy(update={"concurrency": 2})) as crm, respx.mock:
        view = played(count, cap)
        wanted = {*view.ids[::step], *(UUID(int=number) for number in range(beside))}
        rows = chosen(crm, wanted)
        assert sorted(row.id for row in rows) == sorted(wanted & set(view.ids))
        assert max(map(len, view.requests), default=0) < ROOM + 400


@respx.mock
def test_parts_that_fail_leave_what_the_others_have(ask):
    view = played(2_000, cap=FIT)
    view.fails = True
    with pytest.raises(ServiceUnavailableError):  # nothing had been found yet
        ask(chosen, {*view.ids[500:550]})
    with respx.mock:
        respx.get(VIEW).mock(side_effect=lambda request: half_broken(view, request))
        view.fails, view.requests = False, []
        with pytest.raises(IncompleteReadError, match=f"stopped after {FIT + 5} customers") as raised:
            ask(chosen, set(view.ids[FIT - 5 : FIT * 3]))
    assert {row.id for row in raised.value.rows} == set(view.ids[FIT - 5 : FIT * 2])


def half_broken(view: View, request: httpx.Request) -> httpx.Response:
    """Fail where the last of the ids is asked for."""
    return httpx.Response(503) if str(view.ids[FIT * 3 - 1]) in str(request.url) else view(request)
