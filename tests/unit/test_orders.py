"""Orders are read to the end, or say what is missing."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import IncompleteReadError, ServiceUnavailableError, get_customer_orders
from helpers import ORDERS, SOMEBODY

PAGE = httpx.Response(200, json=[{"id": "1"}, {"id": "2"}], headers={"content-range": "0-1/5"})


@respx.mock
def test_an_interrupted_read_of_orders_holds_the_rows_read_so_far(ask):
    respx.get(ORDERS).mock(side_effect=[PAGE, *[httpx.Response(503)] * 10])
    with pytest.raises(IncompleteReadError, match="after 2 rows") as raised:
        ask(get_customer_orders, SOMEBODY)
    assert ([order.id for order in raised.value.rows], raised.value.expected) == (["1", "2"], 5)


@respx.mock
def test_a_read_of_orders_that_fails_at_once_raises_the_plain_error(ask):
    respx.get(ORDERS).mock(return_value=httpx.Response(503))
    with pytest.raises(ServiceUnavailableError):
        ask(get_customer_orders, SOMEBODY)
