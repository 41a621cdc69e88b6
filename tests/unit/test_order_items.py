"""The table of order items: its columns, its batches, and what it says of products."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import ServiceUnavailableError
from admin_crm._core.connection import facts_of
from admin_crm._postgrest.order_items import fetch_products_of, fetch_table_items
from admin_crm.client import operation
from helpers import REST
from orders_server import MANTA, NO_TABLE, VELA, found, item

TABLE = f"{REST}/order_items"
ORDER = "00000001-0000-4000-8000-000000000000"


@operation
async def read(crm, orders, *, priced=False):
    rows = await fetch_table_items(crm, orders, priced=priced)
    return rows, await fetch_products_of(crm, rows, known=[MANTA])


@respx.mock
def test_a_shop_without_the_table_is_asked_once(ask):
    table = respx.get(TABLE).mock(return_value=NO_TABLE)
    for _ in range(2):
        assert ask(read, [ORDER], priced=True) == ([], {})
    assert table.call_count == 1
    assert facts_of(ask.crm).lacks("order_items")


@respx.mock
def test_no_orders_make_no_request(ask):
    assert ask(read, []) == ([], {})
    assert not respx.calls


@respx.mock
def test_the_products_are_fetched_beside_it_and_come_with_it_once_the_table_is_known(ask):
    line = {"order_id": ORDER, **item(VELA, 2), "price": "2.50"}
    other = {"order_id": ORDER, **item(MANTA, 1)}
    table = respx.get(TABLE).mock(return_value=found(line, other))
    products = respx.get(f"{REST}/products").mock(return_value=found({"id": VELA, "name": "Vela"}))
    rows, named = ask(read, [ORDER], priced=True)
    assert [(row.quantity, row.price) for row in rows] == [(2, 2.5), (1, None)]
    assert {key: product.name for key, product in named.items()} == {VELA: "Vela"}
    assert products.calls[0].request.url.params["id"] == f"in.({VELA})"  # the other one is known
    table.mock(return_value=found(line | {"product": {"id": VELA, "name": "Vela"}}, other | {"product": None}))
    assert ask(read, [ORDER], priced=True)[1][VELA].name == "Vela"
    assert products.call_count == 1
    assert (
        table.calls[1].request.url.params["select"].startswith("order_id,product_id,quantity,price,product:products(")
    )


@respx.mock
def test_a_server_error_is_no_missing_table(ask):
    respx.get(TABLE).mock(return_value=httpx.Response(503))
    with pytest.raises(ServiceUnavailableError):
        ask(read, [ORDER])
    assert not facts_of(ask.crm).lacks("order_items")
