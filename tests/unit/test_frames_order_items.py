"""A frame of the items of orders."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import respx

from admin_crm import InvalidInputError, Order, SchemaMismatchError, order_items_frame
from helpers import ORDERS, SOMEBODY, Rows

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
    with pytest.raises(SchemaMismatchError, match="items") as raised:
        ask(order_items_frame)
    assert (raised.value.kind, raised.value.name) == ("column", "items")


def test_filters_are_for_reading():
    with pytest.raises(InvalidInputError, match="until is for reading"):
        order_items_frame([], until=datetime(2026, 1, 1, tzinfo=UTC))
