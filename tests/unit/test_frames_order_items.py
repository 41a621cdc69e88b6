"""A frame of the items of orders."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
import respx

from admin_crm import InvalidInputError, Order, SchemaMismatchError, order_items_frame
from helpers import ORDERS, REST, SOMEBODY, Rows
from orders_server import NO_TABLE, VELA, found

ROWS = [
    {
        "id": f"{number:08}-0000-4000-8000-000000000000",
        "customer_id": SOMEBODY,
        "created_at": "2026-01-01T10:00:00+00:00",
        "status": "pending",
        "items": [{"product_id": "p", "name": "Vela", "price": 2.5, "quantity": number}, {"name": "Manta"}],
    }
    for number in range(1, 6)
]


@respx.mock
def test_a_connection_gives_a_row_for_each_item(ask):
    route = respx.get(ORDERS).mock(side_effect=Rows(ROWS, cap=2))
    frame = ask(order_items_frame)
    assert route.calls[0].request.url.params["select"] == "id,customer_id,order_number,created_at,status,items"
    assert len(frame) == 10
    assert frame["quantity"].dropna().tolist() == [1, 2, 3, 4, 5]
    assert frame.groupby("name")["quantity"].sum().to_dict() == {"Vela": 15.0, "Manta": 0.0}
    orders = [Order.model_validate(row) for row in ROWS]
    assert frame.equals(order_items_frame(orders))


def test_orders_without_items_give_no_rows_with_the_same_dtypes():
    assert order_items_frame([Order(id="1", items=[])]).dtypes.equals(order_items_frame([]).dtypes)
    assert len(order_items_frame([], backend="polars")) == 0


@respx.mock
def test_a_shop_that_keeps_items_elsewhere_is_an_error_and_no_empty_frame(ask):
    respx.get(ORDERS).mock(side_effect=Rows([{**row, "items": None} for row in ROWS], cap=9))
    table = respx.get(f"{REST}/order_items").mock(return_value=NO_TABLE)
    with pytest.raises(SchemaMismatchError, match="items") as raised:
        ask(order_items_frame)
    assert (raised.value.kind, raised.value.name) == ("column", "items")
    assert table.call_count == 1


@respx.mock
def test_items_in_a_table_are_those_of_orders_without_their_own(ask):
    first, second = ({**ROWS[0]}, {**ROWS[1], "items": None})
    respx.get(ORDERS).mock(side_effect=Rows([first, second, {**ROWS[2], "items": []}], cap=2))
    line = {"order_id": second["id"], "product_id": VELA, "quantity": 3, "price": 2.5}
    table = respx.get(f"{REST}/order_items").mock(side_effect=[found(line), found()])
    respx.get(f"{REST}/products").mock(return_value=found({"id": VELA, "name": "Vela", "category": None}))
    told = []
    frame = ask(order_items_frame, progress=lambda *figures: told.append(figures))
    assert frame["order_id"].tolist() == [first["id"], first["id"], second["id"]]
    assert frame.iloc[2][["product_id", "name", "price", "quantity"]].tolist() == [VELA, "Vela", 2.5, 3.0]
    assert [call.request.url.params["order_id"] for call in table.calls] == [
        f"in.({second['id']})", f"in.({ROWS[2]['id']})"
    ]  # fmt: skip
    assert told == [(2, 3), (3, 3)]


@respx.mock
def test_a_table_of_items_without_prices_is_read_all_the_same(ask):
    bare = {**ROWS[0], "items": None}
    respx.get(ORDERS).mock(side_effect=Rows([bare], cap=2))
    no_price = httpx.Response(400, json={"code": "42703", "message": "column order_items.price does not exist"})
    line = {"order_id": bare["id"], "product_id": None, "quantity": 3}
    respx.get(f"{REST}/order_items").mock(side_effect=[no_price, found(line)])
    frame = ask(order_items_frame)
    assert frame["quantity"].tolist() == [3]
    assert frame["price"].isna().all()


def test_filters_are_for_reading():
    with pytest.raises(InvalidInputError, match="until is for reading"):
        order_items_frame([], until=datetime(2026, 1, 1, tzinfo=UTC))
