"""Rows are read page after page; an invalid id sends nothing."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import InvalidInputError, get_admin_customer_notes, get_customer_orders
from helpers import ORDERS, SOMEBODY


@respx.mock
def test_a_server_that_does_not_count_is_read_until_a_page_is_empty(ask):
    pages = [httpx.Response(200, json=rows) for rows in ([{"id": "1"}], [{"id": "2"}], [])]
    route = respx.get(ORDERS).mock(side_effect=pages)
    assert len(ask(get_customer_orders, SOMEBODY)) == 2
    assert [call.request.url.params.get("id") for call in route.calls] == [None, "gt.1", "gt.2"]


@pytest.mark.parametrize("wrong", [7, None, b"x", "not-an-id"])
def test_an_invalid_id_is_refused_without_a_request(ask, wrong):
    with pytest.raises(InvalidInputError, match="must be a UUID"):
        ask(get_admin_customer_notes, wrong)
