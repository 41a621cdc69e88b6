"""Searching on the server: pages, filters, and any text taken literally."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import InvalidInputError, ServiceUnavailableError, get_directory_stats, search_customers
from admin_crm.search import quoted, text_filter
from helpers import PROFILES, VIEW


@pytest.mark.parametrize(
    "wrong",
    [{"text": "a" * 201}, {"text": "\x00"}, {"text": "\ud800"}, {"text": 5}, {"tier": "diamond"}, {"status": "gone"},
     {"segment": " "}, {"health_status": ""}, {"page_size": 10_001}],
    ids=repr,
)  # fmt: skip
def test_an_invalid_search_is_refused_before_anything_is_sent(ask, wrong):
    with pytest.raises(InvalidInputError):
        ask(search_customers, **wrong)


@respx.mock
def test_a_page_past_the_last_one_is_empty(ask):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("offset") == "15":
            return httpx.Response(416, json={"code": "PGRST103", "message": "Requested range not satisfiable"})
        return httpx.Response(200, json=[{"id": str(uuid4()), "full_name": "Ana"}], headers={"content-range": "0-0/1"})

    respx.get(VIEW).mock(side_effect=answer)
    found = ask(search_customers, "ana", page=2)
    assert (found.items, found.total, found.pages) == ([], 1, 1)


@respx.mock
def test_a_search_that_fails_raises(ask):
    respx.get(VIEW).mock(side_effect=[httpx.Response(200, json=[{"id": str(uuid4())}]), httpx.Response(500, json={})])
    with pytest.raises(ServiceUnavailableError):
        ask(search_customers, "ana")


def test_escaped_text_stays_inside_its_quotes():
    columns = frozenset({"full_name", "phone"})
    assert text_filter("", "id", columns) == ""
    assert text_filter('x",y', "id", columns) == 'full_name.imatch."x\\\\\\"\\\\,y",phone.imatch."x\\\\\\"\\\\,y"'
    assert "id.gte.ab000000-0000-0000-0000-000000000000" in text_filter("AB", "id", columns)


@given(st.text())
def test_any_text_survives_quoting(text):
    inside = quoted(text)[1:-1]
    assert inside.replace('\\"', "").count('"') == 0 or "\\\\" in inside
    plain, position = [], 0
    while position < len(inside):
        assert inside[position] != '"'
        position += inside[position] == "\\"
        plain.append(inside[position])
        position += 1
    assert "".join(plain) == text


@respx.mock
def test_a_search_in_an_empty_shop_is_empty(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    found = ask(search_customers, "ana", tier="gold")
    assert (found.items, found.total, found.pages) == ([], 0, 0)
    assert ask(get_directory_stats).total == 0
