"""Requests about users: found by their whole address, on every page."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import IncompleteReadError, UnexpectedResponseError
from admin_crm._auth.users import find_user
from admin_crm.client import operation
from helpers import KEY, SOMEBODY
from sign_up_server import USERS, user

find = operation(find_user)


@respx.mock
def test_a_user_is_found_behind_pages_of_others_whose_address_is_longer(ask):
    others = [user(id=str(UUID(int=n)), email=f"x{n}ana@x.example") for n in range(1000)]

    def page(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"users": others if request.url.params["page"] == "1" else [user()]})

    route = respx.get(USERS).mock(side_effect=page)
    assert str(ask(find, "ANA@x.example").id) == SOMEBODY
    assert route.calls.last.request.url.params["filter"] == "ana@x.example"
    assert route.calls.last.request.headers["apikey"] == KEY
    assert route.call_count == 2


@respx.mock
def test_nobody_is_found_by_a_part_of_an_address(ask):
    respx.get(USERS).mock(return_value=httpx.Response(200, json={"users": [user(email="anna@x.example")]}))
    assert ask(find, "ana@x.example") is None


@respx.mock
def test_an_answer_that_is_no_page_of_users_is_unexpected(ask):
    respx.get(USERS).mock(return_value=httpx.Response(200, json={"users": [{"id": "x"}]}))
    with pytest.raises(UnexpectedResponseError):
        ask(find, "ana@x.example")


@pytest.mark.parametrize("counts", [True, False])
@respx.mock
def test_a_list_of_users_that_repeats_itself_is_not_read_for_ever(ask, counts):
    others = [user(id=str(UUID(int=n)), email=f"x{n}ana@x.example") for n in range(1000)]
    headers = {"x-total-count": "5000"} if counts else {}
    route = respx.get(USERS).mock(return_value=httpx.Response(200, json={"users": others}, headers=headers))
    with pytest.raises(IncompleteReadError, match="same rows again"):
        ask(find, "ana@x.example")
    assert route.call_count <= 3


@respx.mock
def test_a_server_that_gives_fewer_users_at_once_is_asked_for_the_rest(ask):
    def page(request: httpx.Request) -> httpx.Response:
        users = [user(id=str(UUID(int=7)), email="banana@x.example")] if request.url.params["page"] == "1" else [user()]
        return httpx.Response(200, json={"users": users}, headers={"x-total-count": "2"})

    respx.get(USERS).mock(side_effect=page)
    assert str(ask(find, "ana@x.example").id) == SOMEBODY
